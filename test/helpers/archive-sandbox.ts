import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder with a place to unpack into, so that whatever escapes from that place is seen. */
export interface Sandbox {
  readonly root: string;
  readonly dest: string;
  readonly spool: string;
  /** What is in the sandbox that should not be: everything but `dest`, and whatever was left in `spool`. */
  strays(): Promise<string[]>;
  remove(): Promise<void>;
}

export async function makeSandbox(): Promise<Sandbox> {
  const root = await mkdtemp(join(tmpdir(), 'perry-ship-archive-'));
  const dest = join(root, 'dest');
  const spool = join(root, 'spool');
  await mkdir(spool);
  return {
    root,
    dest,
    spool,
    strays: async () => {
      const top = (await readdir(root)).filter((name) => name !== 'dest' && name !== 'spool');
      return [...top, ...(await readdir(spool))];
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** Open files of this process, or undefined where the system does not tell. */
export const openFileCount = async (): Promise<number | undefined> =>
  process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : undefined;
