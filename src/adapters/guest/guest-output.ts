import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { tooLarge } from './guest-path.ts';

/** A new file, never one that exists and never through a link. */
export function createFile(path: string, mode: number): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

/** Returns how many bytes that were. */
export async function writeAll(file: FileHandle, chunks: readonly Buffer[]): Promise<number> {
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await file.writev(chunks);
  if (bytesWritten < sizeBytes) await writeAll(file, [Buffer.concat(chunks).subarray(bytesWritten)]);
  return sizeBytes;
}

/**
 * A sink for what a guest sends, with a limit and back-pressure.
 *
 * @throws ShipError GUEST_OUTPUT_TOO_LARGE, as the error of the stream
 */
export function boundedSink(maxBytes: number, take: (chunks: readonly Buffer[]) => Promise<void>): Writable {
  let takenBytes = 0;
  return new Writable({
    highWaterMark: 1024 * 1024,
    writev(items, callback) {
      const chunks = items.map(({ chunk }) => chunk as Buffer);
      takenBytes += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      if (takenBytes > maxBytes) callback(tooLarge(`A file may have ${maxBytes} bytes`));
      else take(chunks).then(() => callback(), callback);
    },
  });
}
