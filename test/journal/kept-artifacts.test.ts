import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KeptArtifacts, keptArtifactsIn } from '../../src/journal/kept-artifacts.ts';

const CONTENT = Buffer.from('a signed disk image');
const artifact = {
  name: 'App-1.dmg',
  sizeBytes: CONTENT.length,
  sha256Hex: createHash('sha256').update(CONTENT).digest('hex'),
};

const record = { artifact, acceptedAs: ['5b2c1f0e-0000-4000-8000-000000000001'] };

let folder: string;
let kept: KeptArtifacts;
let path: string;
const signal = AbortSignal.timeout(20_000);
const target = () => join(folder, 'next-life.dmg');
const left = () => readdir(join(folder, 'journal', 'artifacts'));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-kept-'));
  kept = keptArtifactsIn(folder);
  path = join(folder, 'made.dmg');
  await writeFile(path, CONTENT, { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('after a restart one gets the very bytes, whatever became of the file meanwhile', async () => {
  await kept.keep('job', record, path);
  await rm(path);
  expect(await keptArtifactsIn(folder).takeOut('job', target(), signal)).toEqual(record);
  expect(await readFile(target())).toEqual(CONTENT);
  expect((await stat(target())).mode & 0o077).toBe(0);
});

test('what nobody has kept, what was changed, and what was never finished is not there', async () => {
  expect(await kept.takeOut('other', target(), signal)).toBeUndefined();
  await kept.keep('job', record, path);
  await writeFile(path, 'changed by the name that it had');
  expect(await kept.takeOut('job', target(), signal)).toBeUndefined();
  await expect(stat(target())).rejects.toThrow('ENOENT');
});

test('keeping again takes the place of what was kept; forgetting leaves nothing', async () => {
  await kept.keep('job', { artifact: { ...artifact, sha256Hex: 'old' }, acceptedAs: [] }, path);
  await kept.keep('job', record, path);
  expect(await kept.takeOut('job', target(), signal)).toEqual(record);
  await kept.forget('job');
  expect(await left()).toEqual([]);
});

test('a process that is killed before the record of a newer one is written leaves the older one', async () => {
  await kept.keep('job', record, path);
  await writeFile(join(folder, 'journal', 'artifacts', 'job-0123456789abcdef.artifact'), 'made anew');
  expect(await kept.takeOut('job', target(), signal)).toEqual(record);
  await kept.keep('job', record, path);
  expect(await left()).toHaveLength(2);
});

test('the sweep keeps what is new, and removes what is a day old or has no record', async () => {
  await kept.keep('new', record, path);
  await kept.keep('old', record, path);
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  await utimes(join(folder, 'journal', 'artifacts', 'old.json'), yesterday, yesterday);
  await writeFile(join(folder, 'journal', 'artifacts', 'orphan.artifact'), '');
  await kept.sweep();
  expect((await left()).sort()).toEqual([`new-${artifact.sha256Hex.slice(0, 16)}.artifact`, 'new.json']);
});

test('a sweep before anything was kept is nothing', async () => {
  await expect(kept.sweep()).resolves.toBeUndefined();
});
