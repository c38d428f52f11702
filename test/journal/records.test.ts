import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instanceOf } from '../../src/daemon/instance.ts';
import { forgetOld, type Records, recordsIn } from '../../src/journal/records.ts';

let folder: string;
let records: Records;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-records-'));
  records = recordsIn(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a record is read back, replaced, and removed', async () => {
  await records.put('one', { submissionId: 1 });
  await records.put('one', { submissionId: 2 });
  expect(await records.get('one')).toEqual({ submissionId: 2 });
  expect(await records.keys()).toEqual(['one']);
  await records.remove('one');
  expect(await records.get('one')).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

test('a draft that a killed process left is listed under its key, holds nothing, and goes with the record', async () => {
  await writeFile(join(folder, 'machine-1.json.f46a78ab'), '{"begun');
  expect(await records.keys()).toEqual(['machine-1']);
  expect(await records.get('machine-1')).toBeUndefined();
  await records.remove('machine-1');
  expect(await readdir(folder)).toEqual([]);
});

test('a draft beside its record is not listed twice, and never hides it', async () => {
  await records.put('machine-1', { begunAt: 'then' });
  await writeFile(join(folder, 'machine-1.json.00000000'), '');
  expect(await records.keys()).toEqual(['machine-1']);
  expect(await records.get('machine-1')).toEqual({ begunAt: 'then' });
});

test('removing one record leaves those whose names only begin alike', async () => {
  await records.put('run-1', {});
  await records.put('run-1.json.more', {});
  await records.put('run-12', {});
  await records.remove('run-1');
  expect([...(await records.keys())].sort()).toEqual(['run-1.json.more', 'run-12']);
});

test('what is old is forgotten, finished or not; what somebody writes at this moment is not', async () => {
  for (const name of ['new', 'old']) await records.put(name, {});
  for (const name of ['new-draft.json.0123abcd', 'old-draft.json.0123abcd'])
    await writeFile(join(folder, name), '');
  const longAgo = new Date(Date.now() - 31 * 24 * 3_600_000);
  for (const name of ['old.json', 'old-draft.json.0123abcd'])
    await utimes(join(folder, name), longAgo, longAgo);
  await forgetOld(records);
  expect((await readdir(folder)).sort()).toEqual(['new-draft.json.0123abcd', 'new.json']);
});

test('a folder that cannot be read is not taken for an empty one', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(recordsIn(join(folder, 'file')).keys()).rejects.toThrow(/ENOTDIR/);
  expect(await recordsIn(join(folder, 'nothing')).keys()).toEqual([]);
});

test('a key that could lead out of the folder is refused', async () => {
  await expect(records.put('../elsewhere', {})).rejects.toThrow(/cannot be the name of a record/);
});

describe('the identity of an installation', () => {
  test('is made once, also after a kill in the middle of that', async () => {
    await writeFile(join(folder, 'instance.draft'), 'c0f');
    const made = await instanceOf(folder);
    expect(made).toMatch(/^[0-9a-f]{8}$/);
    expect(await instanceOf(folder)).toBe(made);
    expect(await readdir(folder)).toEqual(['instance']);
  });

  test('is not made anew because it cannot be read', async () => {
    await mkdir(join(folder, 'instance'));
    await expect(instanceOf(folder)).rejects.toThrow('it is no regular file');
  });

  test.each([
    ['nothing', ''],
    ['zeros, as a loss of power may leave them', '\0'.repeat(9)],
    ['less', 'c0ffee\n'],
    ['other letters', 'C0FFEE00\n'],
    ['a second line', 'c0ffee00\nc0ffee01\n'],
  ])('is not made anew because there is %s in its file', async (_, text) => {
    await writeFile(join(folder, 'instance'), text);
    await expect(instanceOf(folder)).rejects.toMatchObject({
      code: 'STATE_UNREADABLE',
      failure: { nextStep: expect.stringContaining('remove the file') },
    });
    expect(await readFile(join(folder, 'instance'), 'utf8')).toBe(text);
  });

  test('is not waited for when a pipe lies in its place', async () => {
    execFileSync('mkfifo', [join(folder, 'instance')]);
    await expect(instanceOf(folder)).rejects.toThrow('it is no regular file');
  });
});
