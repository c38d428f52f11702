import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { nextInTurn } from './small-file.ts';

/** One item below a folder, as it is on disk: links are never followed. */
export interface TreeEntry {
  /** Relative to the root, with `/` between the parts. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** The nine permission bits. */
  readonly mode: number;
  /** Bytes of a file; 0 for a folder; bytes of the target of a link. */
  readonly sizeBytes: number;
  readonly linkTarget?: string;
}

/**
 * Everything below `root`, parents before children, siblings in byte order, so that what is made from it is
 * the same on every machine. Sockets, devices and pipes have no place in a bundle and are left out.
 *
 * @param onSpecial - told the path of each socket, device and pipe
 */
export async function listTree(root: string, onSpecial?: (path: string) => void): Promise<TreeEntry[]> {
  const found: TreeEntry[] = [];
  await visit(root, '', found, onSpecial);
  return found;
}

async function visit(
  root: string,
  folder: string,
  found: TreeEntry[],
  onSpecial?: (path: string) => void,
): Promise<void> {
  const names = readdirSync(join(root, folder)).sort();
  for (const name of names) {
    const path = folder === '' ? name : `${folder}/${name}`;
    await nextInTurn();
    const entry = describe(root, path);
    if (!entry) onSpecial?.(path);
    else found.push(entry);
    if (entry?.type === 'directory') await visit(root, path, found, onSpecial);
  }
}

function describe(root: string, path: string): TreeEntry | undefined {
  const stats = lstatSync(join(root, path));
  const mode = stats.mode & 0o777;
  if (stats.isDirectory()) return { path, type: 'directory', mode, sizeBytes: 0 };
  if (stats.isFile()) return { path, type: 'file', mode, sizeBytes: stats.size };
  if (!stats.isSymbolicLink()) return undefined;
  return { path, type: 'symlink', mode, sizeBytes: stats.size, linkTarget: readlinkSync(join(root, path)) };
}
