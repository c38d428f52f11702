import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

export interface FileDigest {
  readonly sizeBytes: number;
  readonly sha256Hex: string;
}

/** Writes a new file (0600) from parts; its digest is taken meanwhile, so that it is not read again. */
export async function writeDigested(path: string, parts: AsyncIterable<Buffer>): Promise<FileDigest> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const part of writtenTo(path, parts)) {
    hash.update(part);
    sizeBytes += part.length;
  }
  return { sizeBytes, sha256Hex: hash.digest('hex') };
}

/** Passes every part on while it is written to a new file (0600); the end comes when the last one has been. */
export async function* writtenTo(path: string, parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const file = await open(path, 'wx', 0o600);
  let written = Promise.resolve();
  try {
    for await (const part of parts) {
      await written;
      written = file.writeFile(part);
      written.catch(() => {}); // seen at the next part, or at the end
      yield part;
    }
    await written;
  } finally {
    await written.catch(() => {});
    await file.close();
  }
}
