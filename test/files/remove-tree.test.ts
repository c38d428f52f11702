import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeTree } from '../../src/files/disk/remove-tree.ts';

const COUNT = 2_000;
/** Of requests to the file system that are open at once; `rm` alone has one for each file of a folder. */
const MAX_OPEN = 100;

let room: string;
beforeEach(async () => {
  room = await mkdtemp(join(tmpdir(), 'remove-tree-'));
});
afterEach(() => rm(room, { recursive: true, force: true }));

async function mostOpenDuring(work: Promise<void>): Promise<number> {
  let [most, isOver] = [0, false];
  const over = work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const open = process.getActiveResourcesInfo().filter((name) => name.startsWith('FSReq'));
    most = Math.max(most, open.length);
    await new Promise((next) => setImmediate(next));
  }
  await over;
  return most;
}

test.each([
  ['files', (path: string) => writeFile(path, '')],
  ['links', (path: string) => symlink('nowhere', path)],
  ['folders', (path: string) => mkdir(path)],
  ['folders with a file', (path: string) => mkdir(path).then(() => writeFile(join(path, 'f'), ''))],
])('many %s in one folder are not removed all at once', async (_, make) => {
  const folder = join(room, 'many');
  await mkdir(folder);
  for (let n = 0; n < COUNT; n += 1) await make(join(folder, `n${n}`));
  expect(await mostOpenDuring(removeTree(folder))).toBeLessThan(MAX_OPEN);
  expect(existsSync(folder)).toBe(false);
});

test('a second attempt beside the first one does not remove all at once either', async () => {
  const folder = join(room, 'twice');
  await mkdir(folder);
  for (let n = 0; n < COUNT; n += 1) await writeFile(join(folder, `n${n}`), '');
  const both = Promise.all([removeTree(folder), removeTree(folder)]).then(() => undefined);
  expect(await mostOpenDuring(both)).toBeLessThan(MAX_OPEN);
  expect(existsSync(folder)).toBe(false);
});

test('what a link leads to stays, and a folder that is not there is removed', async () => {
  const [outside, folder] = [join(room, 'outside'), join(room, 'folder')];
  for (const path of [outside, folder]) await mkdir(path);
  await writeFile(join(outside, 'kept'), '');
  await symlink(outside, join(folder, 'link'));
  await removeTree(folder);
  await removeTree(folder);
  expect([existsSync(join(outside, 'kept')), existsSync(folder)]).toEqual([true, false]);
});

test('what cannot be removed is said', async () => {
  await writeFile(join(room, 'file'), '');
  await expect(removeTree(join(room, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});
