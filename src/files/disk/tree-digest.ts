import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { digestOfFile, type FileDigest } from './digested-file.ts';
import { listTree, type TreeEntry } from './tree.ts';

/**
 * The SHA-256 of everything below a folder: of a line for each item, in the order of `listTree`, of its type, its nine
 * permission bits in octal, its path, and the SHA-256 of a file or the target of a link, with a NUL between each.
 *
 * @throws the system's error · ShipError BUNDLE_PATH_UNSAFE · the signal's reason
 */
export async function digestOfTree(root: string, signal: AbortSignal): Promise<FileDigest> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (const entry of await listTree(root)) {
    const { type, mode, path } = entry;
    hash.update(`${[type, mode.toString(8), path, await contentOf(root, entry, signal)].join('\0')}\n`);
    sizeBytes += entry.sizeBytes;
  }
  return { sizeBytes, sha256Hex: hash.digest('hex') };
}

async function contentOf(root: string, { type, path, linkTarget }: TreeEntry, signal: AbortSignal) {
  if (type === 'file') return (await digestOfFile(join(root, path), signal)).sha256Hex;
  return linkTarget ?? '';
}
