import { malformed } from './malformed.ts';

/** The bytes of a catalog, in memory or on a disk; a catalog may be larger than memory. */
export interface CatalogSource {
  readonly sizeBytes: number;
  /** Exactly these bytes; the caller stays inside `sizeBytes`. What it gets is good until the next call. */
  read(offset: number, length: number): Buffer;
}

export const inMemory = (bytes: Buffer): CatalogSource => ({
  sizeBytes: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
});

/**
 * A source that may be read about as often as it is long: entries of a hostile catalog that share one block would
 * otherwise have it read again for each of them.
 */
export function budgeted(source: CatalogSource): CatalogSource {
  let left = 3 * source.sizeBytes + 1024 * 1024;
  return {
    sizeBytes: source.sizeBytes,
    read: (offset, length) => {
      left -= length;
      if (left < 0) throw malformed('Its entries refer to the same blocks again and again.');
      return source.read(offset, length);
    },
  };
}
