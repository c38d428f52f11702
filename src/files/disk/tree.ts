import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { ShipError } from '../../errors.ts';
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

/** Told while a folder is listed, by the path of the item. */
export interface TreeWatch {
  /** A socket, a device or a pipe. */
  readonly onSpecial?: (path: string) => void;
  /** A text that is another one when the file is replaced or written to, by whatever name that is done. */
  readonly onIdentity?: (path: string, identity: string) => void;
}

/**
 * Everything below `root`, parents before children, siblings in byte order, so that what is made from it is
 * the same on every machine. Sockets, devices and pipes have no place in a bundle and are left out.
 *
 * @throws ShipError BUNDLE_PATH_UNSAFE
 */
export async function listTree(root: string, watch: TreeWatch = {}): Promise<TreeEntry[]> {
  const found: TreeEntry[] = [];
  await visit(root, '', found, watch);
  return found;
}

async function visit(root: string, folder: string, found: TreeEntry[], watch: TreeWatch): Promise<void> {
  const names = readdirSync(join(root, folder)).sort();
  for (const name of names) {
    const path = folder === '' ? name : `${folder}/${name}`;
    await nextInTurn();
    const stats = statsOf(root, path);
    const entry = describe(root, path, stats);
    if (!entry) watch.onSpecial?.(path);
    else found.push(entry);
    if (entry?.type === 'file') watch.onIdentity?.(path, identityOf(stats));
    if (entry?.type === 'directory') await visit(root, path, found, watch);
  }
}

/** Under a name whose bytes are no UTF-8 nothing is found: what was decoded is another name. */
function statsOf(root: string, path: string): Stats {
  const stats = lstatSync(join(root, path), { throwIfNoEntry: !path.includes('\ufffd') });
  if (stats) return stats;
  throw new ShipError('BUNDLE_PATH_UNSAFE', {
    summary: `${JSON.stringify(path.slice(0, 200))} has a name that is not UTF-8 text.`,
    reason: 'A Mac cannot hold it under such a name.',
    nextStep: 'Rename it, and build again.',
  });
}

/** Of a file, as `TreeWatch.onIdentity` is told it. */
export const identityOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string =>
  `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;

function describe(root: string, path: string, stats: Stats): TreeEntry | undefined {
  const mode = stats.mode & 0o777;
  if (stats.isDirectory()) return { path, type: 'directory', mode, sizeBytes: 0 };
  if (stats.isFile()) return { path, type: 'file', mode, sizeBytes: stats.size };
  if (!stats.isSymbolicLink()) return undefined;
  return { path, type: 'symlink', mode, sizeBytes: stats.size, linkTarget: readlinkSync(join(root, path)) };
}
