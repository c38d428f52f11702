import { execFileSync } from 'node:child_process';
import { lstat, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createSmallFile,
  nextInTurn,
  readSmallFile,
  readStart,
  readStartInto,
  SMALL_FILE_BYTES,
} from '../../src/files/disk/small-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-small-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

test('a small file is read whole, a larger one is left to others, and of both the start can be had', async () => {
  await writeFile(at('small'), Buffer.alloc(SMALL_FILE_BYTES, 7));
  await writeFile(at('large'), Buffer.alloc(SMALL_FILE_BYTES + 1, 7));
  expect(readSmallFile(at('small'))?.bytes.length).toBe(SMALL_FILE_BYTES);
  expect(readSmallFile(at('large'))).toBeUndefined();
  expect(readStart(at('large'), 4).bytes).toEqual(Buffer.alloc(4, 7));
});

test('a start goes into memory that is there, no more of it than there is room for', async () => {
  await writeFile(at('file'), 'text');
  execFileSync('mkfifo', [at('pipe')]);
  const target = Buffer.alloc(6, '-');
  expect(readStartInto(at('pipe'), target).bytes).toBe(0);
  expect(readStartInto(at('file'), target.subarray(1))).toMatchObject({ bytes: 4, stats: { size: 4 } });
  expect(target.toString()).toBe('-text-');
  expect(readStartInto(at('file'), target.subarray(0, 2)).bytes).toBe(2);
  expect(target.toString()).toBe('teext-');
});

test('a link is not followed, and a pipe neither blocks nor counts as a file', async () => {
  await writeFile(at('file'), 'text');
  await symlink(at('file'), at('link'));
  execFileSync('mkfifo', [at('pipe')]);
  expect(() => readSmallFile(at('link'))).toThrow('ELOOP');
  expect(readSmallFile(at('pipe'))).toBeUndefined();
  expect(readStart(at('pipe'), 4).bytes.length).toBe(0);
});

test('a new file gets its mode whatever the umask is, and never takes the place of another', async () => {
  createSmallFile(at('new'), 0o666, [Buffer.from('one '), Buffer.from('two')]);
  expect(await readFile(at('new'), 'utf8')).toBe('one two');
  expect((await lstat(at('new'))).mode & 0o777).toBe(0o666);
  await symlink(at('elsewhere'), at('link'));
  for (const name of ['new', 'link'])
    expect(() => createSmallFile(at(name), 0o644, [Buffer.from('three')])).toThrow('EEXIST');
});

test('whatever else waits has its turn between many small files', async () => {
  let turns = 0;
  const count = (): void => {
    turns += 1;
    if (turns < 10) setImmediate(count);
  };
  setImmediate(count);
  for (let file = 0; file < 1_000; file += 1) await nextInTurn();
  expect(turns).toBe(10);
});
