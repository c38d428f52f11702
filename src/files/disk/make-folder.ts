import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing, as `mkdir -p` does. Node's own way (`recursive`) never ends
 * on Node 20 where a folder cannot hold another one, as below `/proc`: there `mkdir` answers ENOENT for a name whose
 * parent exists.
 *
 * @throws the system's error: EACCES, ENOTDIR, EROFS, ENOENT (the place cannot hold a folder), …
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  for (const folder of await missingFolders(resolve(path))) await makeOne(folder, mode);
}

/** The outermost first. */
async function missingFolders(path: string): Promise<string[]> {
  const missing: string[] = [];
  for (let folder = path; !(await isFolder(folder)); folder = dirname(folder)) missing.unshift(folder);
  return missing;
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => {
      if (stats.isDirectory()) return true;
      throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${path}'`), { code: 'ENOTDIR', path });
    },
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && dirname(path) !== path) return false;
      throw error;
    },
  );

/** Somebody else may make the same folder at the same time. */
async function makeOne(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await isFolder(folder))) throw error;
  }
}
