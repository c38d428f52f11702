import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/adapters/process/run.ts';
import { listTree } from '../../src/files/disk/tree.ts';

/** A folder by its items: a `Buffer` or string is a file, an object a folder, `{ link }` a link. */
export type Tree = { readonly [name: string]: Buffer | string | Tree | TreeLink | TreeFile };
export interface TreeLink {
  readonly link: string;
}
export interface TreeFile {
  readonly bytes: Buffer;
  readonly mode: number;
}

export const sourceDate = new Date('2026-01-02T03:04:05Z');
export const neverAborted = new AbortController().signal;

/** An empty folder for one test, removed after it. */
export async function withTempDir<Result>(work: (dir: string) => Promise<Result>): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'perry-dmg-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export async function makeTree(dir: string, tree: Tree): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const [name, item] of Object.entries(tree)) {
    const path = join(dir, name);
    if (typeof item === 'string' || Buffer.isBuffer(item)) await writeFile(path, item);
    else if ('link' in item && typeof item.link === 'string') await symlink(item.link, path);
    else if ('bytes' in item && Buffer.isBuffer(item.bytes)) {
      await writeFile(path, item.bytes);
      await chmod(path, Number(item.mode));
    } else await makeTree(path, item as Tree);
  }
}

/** What is below a folder, with the bytes of each file and composed names, ready to be compared. */
export async function snapshot(dir: string): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const { path, type, mode, linkTarget } of await listTree(dir)) {
    const bytes = type === 'file' ? (await readFile(join(dir, path))).toString('base64') : undefined;
    found.set(path.normalize('NFC'), { type, ...(type !== 'symlink' && { mode }), linkTarget, bytes });
  }
  return new Map([...found].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Whether a program can be started at all. */
export async function isInstalled(program: string): Promise<boolean> {
  const found = await run('/bin/sh', ['-c', 'command -v "$0"', program]);
  return found.exitCode === 0;
}
