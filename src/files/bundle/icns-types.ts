import { readRange } from '../disk/read-range.ts';
import { openPlainFile } from './plain-file.ts';

/** Complete ones have ten entries and some tables. */
const MAX_ENTRIES = 64;
const HEAD_BYTES = 8;

/**
 * Types of the entries of an Apple icon image, e.g. `ic10` (512 points at 2x): `icns` and the whole length, then type
 * and length of each entry, all big-endian.
 *
 * @param path - on this host
 * @returns undefined when it is none
 */
export async function readIcnsTypes(path: string): Promise<string[] | undefined> {
  const { file, sizeBytes } = await openPlainFile(path);
  try {
    const head = await readRange(file, 0, HEAD_BYTES);
    if (head.length < HEAD_BYTES || head.toString('latin1', 0, 4) !== 'icns') return undefined;
    const types: string[] = [];
    for (let at = HEAD_BYTES; at + HEAD_BYTES <= sizeBytes && types.length < MAX_ENTRIES; ) {
      const entry = await readRange(file, at, HEAD_BYTES);
      types.push(entry.toString('latin1', 0, 4));
      at += Math.max(HEAD_BYTES, entry.readUInt32BE(4));
    }
    return types;
  } finally {
    await file.close();
  }
}
