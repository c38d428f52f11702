import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { listTree, type TreeEntry } from './tree.ts';

export interface CopyTreeOptions {
  readonly signal: AbortSignal;
  /** What was listed already. */
  readonly tree?: readonly TreeEntry[];
  readonly onProgress?: (copiedBytes: number) => void;
}

/** Copies a folder to a new place, sharing blocks where the file system can; links stay links. */
export async function copyTree(from: string, to: string, options: CopyTreeOptions): Promise<void> {
  const { signal, tree = await listTree(from), onProgress } = options;
  await makeFolder(to, 0o700);
  let copiedBytes = 0;
  for (const { path, type, mode, linkTarget = '', sizeBytes } of tree) {
    signal.throwIfAborted();
    const target = join(to, path);
    if (type === 'directory') await mkdir(target, { mode: mode | 0o700 });
    else if (type === 'symlink') await symlink(linkTarget, target);
    else await copyOne(join(from, path), target, mode);
    copiedBytes += sizeBytes;
    onProgress?.(copiedBytes);
  }
}

async function copyOne(from: string, to: string, mode: number): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await chmod(to, mode | 0o600);
}
