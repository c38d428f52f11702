import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { shown } from '../../domain/bundle/shown.ts';
import { ShipError } from '../../errors.ts';
import { readRange } from '../disk/read-range.ts';

/**
 * Refuses a path on which a symbolic link lies, the last part included: a bundle is not trusted to say where we
 * read, and even less where we write.
 *
 * @param path - relative to the bundle; it need not exist
 * @returns the path on this host
 * @throws ShipError BUNDLE_LINK_OUTSIDE
 */
export async function plainPath(appPath: string, path: string): Promise<string> {
  const parts = path.split('/');
  for (let i = 1; i <= parts.length; i += 1) {
    const stats = await lstat(join(appPath, ...parts.slice(0, i))).catch(() => undefined);
    if (!stats) break;
    if (stats.isSymbolicLink()) throw linkInTheWay(parts.slice(0, i).join('/'));
  }
  return join(appPath, path);
}

/** Opens a regular file for reading, never through a link as its last part. The caller closes it. */
export async function openPlainFile(path: string): Promise<{ file: FileHandle; sizeBytes: number }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error('it is not a regular file');
    return { file, sizeBytes: stats.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * The first `maxBytes` of a file of the bundle, whole when it is shorter.
 *
 * @returns undefined when there is no regular file at this path
 * @throws ShipError BUNDLE_LINK_OUTSIDE
 */
export async function readPlainFile(
  appPath: string,
  path: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const hostPath = await plainPath(appPath, path);
  const opened = await openPlainFile(hostPath).catch(() => undefined);
  if (!opened) return undefined;
  try {
    return await readRange(opened.file, 0, Math.min(opened.sizeBytes, maxBytes));
  } finally {
    await opened.file.close();
  }
}

/** Writes a file of the bundle so that it is there wholly or not at all; a link in its place is replaced itself. */
export async function replaceFile(appPath: string, path: string, bytes: Buffer): Promise<void> {
  const hostPath = join(await plainPath(appPath, dirname(path)), path.slice(path.lastIndexOf('/') + 1));
  const temporary = join(dirname(hostPath), `.perry-ship-${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', 0o644);
    await file.writeFile(bytes).finally(() => file.close());
    await rename(temporary, hostPath);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

const linkInTheWay = (path: string): ShipError =>
  new ShipError('BUNDLE_LINK_OUTSIDE', {
    summary: `${shown(path)} in the bundle is a symbolic link where a file or folder of its own must be.`,
    reason: 'Links are not followed, because one could lead out of the bundle.',
    nextStep: 'Replace the link by what it points to, build again and try again.',
  });
