import { join } from 'node:path';
import { isAppleDoubleName, startsAppleDouble } from '../archive/finder-data.ts';
import { readStart } from '../disk/small-file.ts';
import type { TreeEntry } from '../disk/tree.ts';

/**
 * Extended attributes that a Mac has kept as files, on a disk that knows none: they are no part of the bundle. A Mac
 * turns them into attributes again when it unpacks the .ipa or the zip, and a seal that named them would be broken.
 *
 * @returns their paths
 */
export function appleDoubles(appPath: string, tree: readonly TreeEntry[]): ReadonlySet<string> {
  const named = tree.filter(({ path, type }) => type === 'file' && isAppleDoubleName(path));
  return new Set(
    named.flatMap(({ path }) => (startsAppleDouble(readStart(join(appPath, path), 4).bytes) ? path : [])),
  );
}
