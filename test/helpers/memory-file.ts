import { ShipError } from '../../src/errors.ts';
import type { SignedFile } from '../../src/files/code-signature/signed-file.ts';

/** A file that is only in memory, read in pieces of `chunkBytes`. */
export function memoryFile(bytes: Buffer, chunkBytes = 4096): SignedFile {
  const read = async (offset: number, length: number): Promise<Buffer> => {
    if (offset < 0 || length < 0 || offset + length > bytes.length)
      throw new ShipError('SIGNED_FILE_UNREADABLE', {
        summary: 'The file is too short.',
        reason: 'It ends before that.',
        nextStep: 'Take another.',
      });
    return Buffer.from(bytes.subarray(offset, offset + length));
  };
  async function* chunks(offset: number, length: number): AsyncGenerator<Buffer> {
    for (let done = 0; done < length; done += chunkBytes)
      yield await read(offset + done, Math.min(chunkBytes, length - done));
  }
  return { sizeBytes: bytes.length, read, chunks };
}
