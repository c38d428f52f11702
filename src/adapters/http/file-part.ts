import type { FileHandle } from 'node:fs/promises';

/** A part of a file that is sent as a body. */
export interface FilePart {
  readonly file: FileHandle;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly chunkBytes: number;
  /** Called with the bytes of the part that were handed on so far. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
  /** Makes the error of a file that is not what was announced. @param reason - a sentence */
  readonly unusable: (reason: string, cause?: unknown) => Error;
}

/** Exactly the bytes of the part, in order, each read once. @throws what `unusable` makes */
export async function* filePart(part: FilePart): AsyncGenerator<Buffer> {
  const { file, offset, sizeBytes, chunkBytes, onProgress, unusable } = part;
  for (let sentBytes = 0; sentBytes < sizeBytes; ) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, sizeBytes - sentBytes));
    const { bytesRead } = await file
      .read(chunk, 0, chunk.length, offset + sentBytes)
      .catch((cause: unknown) => {
        throw unusable('It could not be read to its end.', cause);
      });
    if (bytesRead === 0) throw unusable('It became shorter while it was read.');
    yield chunk.subarray(0, bytesRead);
    sentBytes += bytesRead;
    onProgress?.(sentBytes);
  }
}
