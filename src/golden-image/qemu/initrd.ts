import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type CpioEntry, writeNewc } from '../../formats/cpio/newc.ts';
import { WORK_FILES } from './commands.ts';
import { INITRD_INIT } from './recipe.ts';

const FOLDER = 0o40755;
const PROGRAM = 0o100755;
const FILE = 0o100644;

/** What the kernel starts with: busybox, the modules in their order, and a script that mounts the disk. */
export async function makeInitrd(work: string, guest: string): Promise<Buffer> {
  const folder = join(work, WORK_FILES.kernel, 'modules');
  const modules = await Promise.all(
    (await readdir(folder)).sort().map(async (name) => file(`modules/${name}`, FILE, join(folder, name))),
  );
  const entries = [
    ...['bin', 'dev', 'modules', 'proc', 'root', 'sys'].map(directory),
    await file('bin/busybox', PROGRAM, join(work, WORK_FILES.busybox)),
    await file('init', PROGRAM, join(guest, INITRD_INIT)),
    ...modules,
  ];
  return gzipSync(writeNewc(entries), { level: 9 });
}

const directory = (path: string): CpioEntry => ({ path, mode: FOLDER, bytes: new Uint8Array() });

const file = async (path: string, mode: number, from: string): Promise<CpioEntry> => ({
  path,
  mode,
  bytes: await readFile(from),
});
