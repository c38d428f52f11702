import { posix } from 'node:path';
import { nearestIn, parentOf } from './nested-places.ts';

/** More of one kind are named together: thousands of Java classes would not fit into a command. */
const MAX_NAMED = 20;

/**
 * Patterns of `--exclude` (rcodesign 0.29.0, the Rust crate glob 0.3) that match these paths, relative to the bundle:
 * each by its name, many of them by what their names end with, or by their folder. A `*` matches slashes, too.
 *
 * @param signed - paths of code and bundles, which no pattern matches
 */
export function exclusionPatterns(paths: readonly string[], signed: readonly string[]): string[] {
  const folders = new Set(paths.map(parentOf));
  const withCode = new Set(signed.flatMap((path) => foldersAbove(path, folders)));
  return grouped(paths, posix.extname).flatMap(([ending, alike]) => {
    if (alike.length <= MAX_NAMED) return alike.map(escaped);
    if (ending !== '' && !signed.some((path) => path.endsWith(ending))) return `*${escaped(ending)}`;
    return grouped(alike, parentOf).flatMap(([folder, inside]) =>
      inside.length <= MAX_NAMED || folder === '' || withCode.has(folder)
        ? inside.map(escaped)
        : `${escaped(folder)}/*`,
    );
  });
}

function foldersAbove(path: string, folders: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (let at = nearestIn(folders, path); at !== undefined; at = nearestIn(folders, at)) found.push(at);
  return found;
}

function grouped(paths: readonly string[], keyOf: (path: string) => string): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const group = groups.get(keyOf(path));
    if (group) group.push(path);
    else groups.set(keyOf(path), [path]);
  }
  return [...groups];
}

const escaped = (path: string): string => path.replace(/[?*[\]]/g, '[$&]');
