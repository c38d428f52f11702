import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { malformed } from '../../formats/asset-catalog/read/malformed.ts';
import type { CatalogSource } from '../../formats/asset-catalog/read/source.ts';

/** What is near is asked for next: keys, records and the small pictures of one asset lie side by side. */
const WINDOW_BYTES = 128 * 1024;

/**
 * Opens a compiled asset catalog for the time of `use`. It is read in windows, so that a catalog of any size takes the
 * same memory; a link as the last part of the path is not followed.
 *
 * @throws the system's error · ShipError ASSET_CATALOG_MALFORMED when it is no file, or ends while it is read · what
 *   `use` throws
 */
export function withCatalogFile<T>(path: string, use: (source: CatalogSource) => T): T {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw malformed('It is no file.');
    return use({ sizeBytes: stats.size, read: windowed(descriptor, stats.size) });
  } finally {
    closeSync(descriptor);
  }
}

function windowed(descriptor: number, sizeBytes: number): CatalogSource['read'] {
  const window = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, sizeBytes));
  let [start, end] = [0, 0];
  return (offset, length) => {
    if (length > window.length) return fill(descriptor, Buffer.allocUnsafe(length), offset);
    if (offset < start || offset + length > end) {
      start = Math.max(0, Math.min(offset, sizeBytes - window.length));
      end = start;
      fill(descriptor, window, start);
      end = start + window.length;
    }
    return window.subarray(offset - start, offset - start + length);
  };
}

function fill(descriptor: number, into: Buffer, offset: number): Buffer {
  for (let done = 0; done < into.length; ) {
    const bytes = readSync(descriptor, into, done, into.length - done, offset + done);
    if (bytes === 0) throw malformed(`The file ended at ${offset + done} while it was read.`);
    done += bytes;
  }
  return into;
}
