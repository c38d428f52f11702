import { readdir, readlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { signRoot } from '../../sign/workspace.ts';

/** Each clone has a link of this name to the kernel of its image; see `adapters/vm/qemu`. */
const KERNEL_LINK = 'kernel';

/** Names of the machines of a state directory that are made from the image in this folder, those of `sign` included. */
export async function clonesOf(imageFolder: string, stateDir: string): Promise<string[]> {
  const calls = await namesIn(signRoot(stateDir));
  const folders = [stateDir, ...calls.map((name) => join(signRoot(stateDir), name))];
  const found = await Promise.all(folders.map((folder) => clonesIn(join(folder, 'clones'), imageFolder)));
  return found.flat().sort();
}

async function clonesIn(folder: string, imageFolder: string): Promise<string[]> {
  const names = await namesIn(folder);
  const links = await Promise.all(
    names.map((name) => readlink(join(folder, name, KERNEL_LINK)).catch(() => '')),
  );
  return names.filter((_, index) => links[index]?.startsWith(imageFolder + sep));
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
