import { createHash, type Hash } from 'node:crypto';
import { openRegular } from '../files/disk/bounded-file.ts';
import { passingPieces } from '../files/disk/read-range.ts';
import { MAX_LINE_BYTES } from './chain-line.ts';

const PIECE_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

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
 * @throws the system's error · the signal's reason
 */
export async function* readLines(path: string, signal: AbortSignal): AsyncGenerator<RawLine, void> {
  const file = await openRegular(path).catch(unlessMissing);
  if (!file) return;
  const current = new CurrentLine();
  try {
    for await (const piece of passingPieces(file, PIECE_BYTES)) {
      signal.throwIfAborted();
      let begin = 0;
      for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, begin)) {
        current.add(piece.subarray(begin, end));
        yield current.take(true);
        begin = end + 1;
      }
      current.add(piece.subarray(begin));
    }
  } finally {
    await file.close();
  }
  if (current.sizeBytes > 0) yield current.take(false);
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

  add(part: Buffer): void {
    this.sizeBytes += part.length;
    this.#hash.update(part);
    if (this.sizeBytes > MAX_LINE_BYTES) this.#parts = [];
    // the memory of a piece is used again
    else if (part.length > 0) this.#parts.push(Buffer.from(part));
  }

  take(isClosed: boolean): RawLine {
    this.#at += 1;
    const { sizeBytes } = this;
    const line = {
      at: this.#at,
      bytes: Buffer.concat(sizeBytes > MAX_LINE_BYTES ? [] : this.#parts),
      ...{ sizeBytes, sha256Hex: this.#hash.digest('hex'), isClosed },
    };
    this.sizeBytes = 0;
    this.#parts = [];
    this.#hash = createHash('sha256');
    return line;
  }
}
