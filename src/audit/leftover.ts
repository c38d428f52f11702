import { createHash } from 'node:crypto';
import { MAX_LINE_BYTES, type Remains } from './chain-line.ts';
import type { RawLine } from './read-lines.ts';

/** What a kill leaves is a line at most. */
export const MOST_LEFT_BYTES = MAX_LINE_BYTES;

/** Bytes between two lines of a chain. */
export class Leftover {
  /** Line of the file at which they begin. */
  readonly at: number;
  /** Of that line. */
  readonly sha256Hex: string;
  #bytes = 0;
  #lines = 0;
  readonly #hash = createHash('sha256');
  #isTooLong = false;

  constructor({ at, sha256Hex }: RawLine) {
    this.at = at;
    this.sha256Hex = sha256Hex;
  }

  add({ bytes, sizeBytes }: RawLine): void {
    if (this.#lines > 0) this.#hash.update('\n');
    this.#bytes += sizeBytes + (this.#lines > 0 ? 1 : 0);
    this.#lines += 1;
    this.#hash.update(bytes);
    this.#isTooLong ||= bytes.length < sizeBytes;
  }

  get text(): string {
    return this.#bytes === 1 ? '1 byte' : `${this.#bytes} bytes`;
  }

  get isOfKill(): boolean {
    return this.#bytes <= MOST_LEFT_BYTES;
  }

  /** To be asked once. */
  isNamedBy(named: Remains | null | undefined): boolean {
    return !this.#isTooLong && named?.bytes === this.#bytes && this.#hash.digest('hex') === named.sha256Hex;
  }
}
