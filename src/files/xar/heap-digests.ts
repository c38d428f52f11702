import { createHash } from 'node:crypto';
import type { SignedFile } from '../code-signature/signed-file.ts';
import { corrupt } from './archive.ts';
import type { HeapRange } from './table.ts';

/**
 * Digests of the files of a package. Files with the same content may share their place, which is then read once; a
 * table whose files overlap otherwise would have the same bytes read again and again.
 */
export class HeapDigests {
  readonly #file: SignedFile;
  readonly #heapStart: number;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, string>();
  #bytesLeft: number;

  constructor(file: SignedFile, heapStart: number, signal: AbortSignal) {
    this.#file = file;
    this.#heapStart = heapStart;
    this.#signal = signal;
    this.#bytesLeft = file.sizeBytes;
  }

  /** Hex; nothing when the range leaves the file. @throws ShipError PACKAGE_CORRUPT */
  async of({ offset, sizeBytes }: HeapRange, algorithm: string): Promise<string | undefined> {
    const start = this.#heapStart + offset;
    if (start + sizeBytes > this.#file.sizeBytes) return undefined;
    const key = `${algorithm} ${offset} ${sizeBytes}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#bytesLeft -= sizeBytes;
    if (this.#bytesLeft < 0) throw corrupt('its files lie over one another');
    const hash = createHash(algorithm);
    for await (const chunk of this.#file.chunks(start, sizeBytes, this.#signal)) hash.update(chunk);
    const hex = hash.digest('hex');
    this.#known.set(key, hex);
    return hex;
  }
}
