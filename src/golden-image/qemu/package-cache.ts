import { constants, copyFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../cache-folder.ts';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { debFileName, type InstalledPackage } from './dpkg-status.ts';
import type { Recipe } from './recipe.ts';

/** Packages of each release and architecture by themselves: what an image no longer uses is removed there. */
export const packageCache = (env: NodeJS.ProcessEnv, { suite, architecture }: Recipe): string =>
  join(cacheFolder(env), 'image-packages', `${suite}-${architecture}`);

const packagesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.deb'));

/** Copies what was downloaded before into a folder of one build: others may build, and change the cache, meanwhile. */
export async function takePackages(cache: string, folder: string): Promise<void> {
  await makeFolder(cache);
  await makeFolder(folder);
  for (const name of await packagesIn(cache))
    await copyFile(join(cache, name), join(folder, name), constants.COPYFILE_FICLONE).catch(unlessGone);
}

/** Keeps the packages that an image was made of, each whole or not at all, and no other ones. */
export async function keepPackages(
  folder: string,
  cache: string,
  used: readonly InstalledPackage[],
): Promise<void> {
  const wanted = new Set(used.map(debFileName));
  const cached = await packagesIn(cache);
  for (const name of await packagesIn(folder)) {
    if (!wanted.has(name) || cached.includes(name)) continue;
    const draft = join(cache, `${name}.${process.pid}.part`);
    await copyFile(join(folder, name), draft, constants.COPYFILE_FICLONE);
    await rename(draft, join(cache, name));
  }
  const unused = cached.filter((name) => !wanted.has(name));
  await Promise.all(unused.map((name) => rm(join(cache, name), { force: true })));
}

/** Another build needs it no longer. */
function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
