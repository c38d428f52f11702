import { createHash, type Hash } from 'node:crypto';
import { openRegular } from '../files/disk/bounded-file.ts';
import { passingPieces } from '../files/disk/read-range.ts';
import { MAX_LINE_BYTES } from './chain-line.ts';
import { PassedBytes } from './passed-bytes.ts';

const PIECE_BYTES = 256 * 1024;
const NEWLINE = 0x0a;
const NEWLINE_BYTES = Buffer.from([NEWLINE]);

/** One line of a file, whatever it is. */
export interface RawLine {
  /** Counted from 1. */
  readonly at: number;
  /** Without the newline; empty for a line that is longer than those of a chain. */
  readonly bytes: Buffer;
  readonly sizeBytes: number;
  readonly sha256Hex: string;
  /** False for what stands behind the last newline. */
  readonly isClosed: boolean;
}

/**
 * All lines, one at a time: a file of millions takes no more memory than one of ten. A file that is not there has none.
 *
 * @param passed - has all that stands before the line that is looked at; afterwards, everything
 * @throws the system's error · the signal's reason
 */
export async function* readLines(
  path: string,
  signal: AbortSignal,
  passed = new PassedBytes(),
): AsyncGenerator<RawLine, void> {
  const file = await openRegular(path, false).catch(unlessMissing);
  if (!file) return;
  const current = new CurrentLine(passed);
  try {
    for await (const piece of passingPieces(file, PIECE_BYTES)) {
      signal.throwIfAborted();
      let begin = 0;
      for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, begin)) {
        current.add(piece.subarray(begin, end));
        yield current.take(true);
        current.next();
        begin = end + 1;
      }
      current.add(piece.subarray(begin));
    }
  } finally {
    await file.close();
  }
  if (current.sizeBytes === 0) return;
  yield current.take(false);
  current.next();
}

export function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

/** What has been read of a line; of one that is too long, its digest alone. */
class CurrentLine {
  sizeBytes = 0;
  #at = 0;
  #parts: Buffer[] = [];
  #hash: Hash = createHash('sha256');
  readonly #passed: PassedBytes;

  constructor(passed: PassedBytes) {
    this.#passed = passed;
  }

  add(part: Buffer): void {
    this.sizeBytes += part.length;
    this.#hash.update(part);
    // the memory of a piece is used again
    if (part.length > 0) this.#parts.push(Buffer.from(part));
    if (this.sizeBytes > MAX_LINE_BYTES) this.#pass();
  }

  take(isClosed: boolean): RawLine {
    this.#at += 1;
    return {
      ...{ at: this.#at, bytes: Buffer.concat(this.#parts), sizeBytes: this.sizeBytes },
      ...{ sha256Hex: this.#hash.digest('hex'), isClosed },
    };
  }

  /** A line that is open gets its newline from whoever writes the next one. */
  next(): void {
    this.#pass();
    this.#passed.add(NEWLINE_BYTES);
    this.sizeBytes = 0;
    this.#hash = createHash('sha256');
  }

  #pass(): void {
    for (const part of this.#parts) this.#passed.add(part);
    this.#parts = [];
  }
}
