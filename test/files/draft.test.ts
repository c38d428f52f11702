import { execFileSync } from 'node:child_process';
import { closeSync, writeFileSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDraft, openDraftSync } from '../../src/files/disk/draft.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-draft-'));
  path = join(folder, 'head.draft');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const planted: Record<string, () => Promise<void> | void> = {
  nothing: () => {},
  'the draft of a kill': () => writeFile(path, 'half of '),
  'a pipe': () => void execFileSync('mkfifo', [path]),
  'a link': async () => {
    await writeFile(join(folder, 'other'), 'of others');
    await symlink('other', path);
  },
  'a link to nowhere': () => symlink('nowhere', path),
};

test.each(Object.keys(planted))('a draft is a new file, where there was %s', async (what) => {
  await planted[what]?.();
  const file = await openDraft(path);
  await file.writeFile('whole').finally(() => file.close());
  expect((await lstat(path)).isFile()).toBe(true);
  expect(await readFile(path, 'utf8')).toBe('whole');
  await rm(path);
  await planted[what]?.();
  const descriptor = openDraftSync(path);
  writeFileSync(descriptor, 'whole');
  closeSync(descriptor);
  expect(await readFile(path, 'utf8')).toBe('whole');
  if (what === 'a link') expect(await readFile(join(folder, 'other'), 'utf8')).toBe('of others');
});

test('a folder in the place of a draft is an error', async () => {
  await mkdir(path);
  await expect(openDraft(path)).rejects.toThrow(/EISDIR|EPERM/);
  expect(() => openDraftSync(path)).toThrow(/EISDIR|EPERM/);
});
