import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { raisedFileIn } from '../../src/alarms/raised-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-raised-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const standing = {
  alarm: 'hub-refused',
  sinceMs: 1,
  said: { summary: 'What.', reason: 'Why.', nextStep: 'What to do.' },
  subjects: ['a'],
};

test('the next process reads what was raised', async () => {
  const notice = { ...standing, event: 'over', atMs: 2, isRepeated: false } as const;
  const undelivered = [{ channel: 'webhook', notice }] as const;
  const memory = {
    raised: [standing],
    undelivered,
    expiring: [{ name: 'the profile "A"', expiresAtMs: 9, atMs: 3 }],
  };
  await raisedFileIn(folder).write(memory);
  expect(await raisedFileIn(folder).read()).toMatchObject(memory);
});

test.each([
  ['nothing', async () => {}],
  ['a folder', (path: string) => mkdir(path)],
  ['a pipe', async (path: string) => void execFileSync('mkfifo', [path])],
  ['half a text', (path: string) => writeFile(path, '{"v":1,"raised":[{')],
  ['the file of something else', (path: string) => writeFile(path, '{"v":2,"raised":[]}')],
  ['a large file', (path: string) => writeFile(path, ' '.repeat(1_100_000))],
])('where %s lies in its place, nothing was raised', async (_, make) => {
  await make(join(folder, 'alarms.json'));
  expect(await raisedFileIn(folder).read()).toEqual({ raised: [], undelivered: [], expiring: [] });
});
