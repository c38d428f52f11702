import { createHash } from 'node:crypto';
import type { Before } from './chain-line.ts';

/** How much of a file was read, and its digest. */
export class PassedBytes {
  readonly #hash = createHash('sha256');
  #count = 0;

  add(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.#count += bytes.length;
  }

  get digest(): Before {
    return { bytes: this.#count, sha256Hex: this.#hash.copy().digest('hex') };
  }
}
