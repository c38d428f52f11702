import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { passingPieces } from './read-range.ts';

const PIECE_BYTES = 1024 * 1024;

export interface FileDigest {
  readonly sizeBytes: number;
  readonly sha256Hex: string;
}

/** A file (0600) whose digest is taken while it is written, so that it is not read again. */
export class DigestedFile {
  readonly path: string;
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  /** Nothing is made before the first `append`; what lies there then is an error. */
  constructor(path: string) {
    this.path = path;
  }

  /** Writes parts behind those that are there; the file is open for that time only. */
  async append(parts: AsyncIterable<Buffer>): Promise<void> {
    const flags = this.#sizeBytes === 0 ? 'wx' : 'a';
    for await (const { bytes } of writtenTo(this.path, wrapped(parts), flags)) {
      this.#hash.update(bytes);
      this.#sizeBytes += bytes.length;
    }
  }

  /** Nothing can be appended any more. */
  digest(): FileDigest {
    return { sizeBytes: this.#sizeBytes, sha256Hex: this.#hash.digest('hex') };
  }
}

/** Writes a new file (0600) from parts. */
export async function writeDigested(path: string, parts: AsyncIterable<Buffer>): Promise<FileDigest> {
  const file = new DigestedFile(path);
  await file.append(parts);
  return file.digest();
}

/** Of a file that is there already. @throws the signal's reason */
export async function digestOfFile(path: string, signal: AbortSignal): Promise<FileDigest> {
  const { sizeBytes, hash } = await hashOfStart(path, Number.POSITIVE_INFINITY, signal);
  return { sizeBytes, sha256Hex: hash.digest('hex') };
}

/** The SHA-256 of the first bytes of a file, to go on with. @throws the signal's reason */
export async function hashOfStart(
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ readonly sizeBytes: number; readonly hash: Hash }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  signal.throwIfAborted();
  const file = await open(path, 'r');
  try {
    for await (const piece of passingPieces(file, PIECE_BYTES)) {
      signal.throwIfAborted();
      const wanted = piece.subarray(0, maxBytes - sizeBytes);
      hash.update(wanted);
      sizeBytes += wanted.length;
      if (sizeBytes === maxBytes) break;
    }
  } finally {
    await file.close();
  }
  return { sizeBytes, hash };
}

async function* wrapped(parts: AsyncIterable<Buffer>): AsyncGenerator<{ readonly bytes: Buffer }> {
  for await (const bytes of parts) yield { bytes };
}

/** Passes every part on while it is written; the end comes when the last one has been. */
export async function* writtenTo<Part extends { readonly bytes: Buffer }>(
  path: string,
  parts: AsyncIterable<Part>,
  flags: 'wx' | 'a' = 'wx',
): AsyncGenerator<Part> {
  const file = await open(path, flags, 0o600);
  let written = Promise.resolve();
  try {
    for await (const part of parts) {
      await written;
      written = file.writeFile(part.bytes);
      written.catch(() => {}); // seen at the next part, or at the end
      yield part;
    }
    await written;
  } finally {
    await written.catch(() => {});
    await file.close();
  }
}
