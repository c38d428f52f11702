import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demo } from '../../src/cli/demo.ts';
import { readFlagFile, readPasswordFile, requireBundle } from '../../src/cli/sign-files.ts';
import { testingWishes } from '../../src/cli/testing-flags.ts';
import type { ShipError } from '../../src/errors.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-named-'));
  await writeFile(join(folder, 'empty'), '');
  await writeFile(join(folder, 'large'), 'x'.repeat(11));
  await writeFile(join(folder, 'password'), 'geheim ß\r\n');
  execFileSync('mkfifo', [join(folder, 'pipe')]);
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ['empty', /is empty/],
  ['/dev/null', /is empty/],
  ['/dev/zero', /more than 10 bytes/],
  ['large', /more than 10 bytes/],
  ['pipe', /named pipe/],
  ['.', /not a plain file/],
  ['missing', /ENOENT/],
  ['large/', /ENOTDIR/],
  ['n'.repeat(300), /ENAMETOOLONG/],
])('a flag that names %s is wrong usage', async (name, fault) => {
  const path = name.startsWith('/') ? name : `${folder}/${name}`;
  await expect(readFlagFile('--p12', path, 10)).rejects.toMatchObject({
    code: 'COMMAND_USAGE_WRONG',
    message: expect.stringMatching(fault),
  });
});

test('a password may be empty, and loses the newline of its editor', async () => {
  expect(await readPasswordFile('--p12-password-file', join(folder, 'empty'))).toBe('');
  expect(await readPasswordFile('--p12-password-file', join(folder, 'password'))).toBe('geheim ß');
});

test('what keeps a path from being followed is told', async () => {
  const circle = join(folder, 'circle');
  await symlink(circle, circle);
  for (const [name, reason] of [
    ['circle', 'Its symbolic links lead in a circle.'],
    ['missing', 'Nothing is there.'],
    ['large/x', 'A part of the path is a file, and not a folder.'],
    ['n'.repeat(300), 'The path is longer than this system takes.'],
  ] as const)
    await expect(requireBundle(join(folder, name))).rejects.toMatchObject({
      message: expect.stringContaining(reason),
    });
});

test.each(['missing', 'pipe'])('%s is no bundle', async (name) => {
  const wanted = requireBundle(join(folder, name));
  await expect(wanted).rejects.toMatchObject({ code: 'COMMAND_USAGE_WRONG' });
});

test.each([
  ['notes.txt', Buffer.from('gr\xfc\xdfe', 'latin1'), 'It is not UTF-8 text.'],
  ['notes.json', Buffer.from('\ufeff{"en-US":"hi"}', 'utf16le'), 'It is not UTF-8 text.'],
  ['notes.txt', Buffer.from(' \n'), 'Nothing but spaces and line breaks is in it.'],
  ['notes.json', Buffer.from('{'), 'Its name ends in .json, and it is no JSON.'],
])('notes for testers in %s that are none are refused: %#', async (name, bytes, reason) => {
  const testflightNotes = join(await mkdtemp(join(folder, 'notes-')), name);
  await writeFile(testflightNotes, bytes);
  await expect(testingWishes({ testflightNotes })).rejects.toMatchObject({
    code: 'COMMAND_USAGE_WRONG',
    failure: { reason },
  });
});

test.each(['a link', 'a file', 'a pipe'])(
  '%s in the place of the app of an archive of Xcode is no bundle',
  async (what) => {
    const apps = join(await mkdtemp(join(folder, 'archived-')), 'Made.xcarchive/Products/Applications');
    await mkdir(apps, { recursive: true });
    const app = join(apps, 'X.app');
    if (what === 'a link') await symlink('/', app);
    else if (what === 'a file') await writeFile(app, 'app');
    else execFileSync('mkfifo', [app]);
    await expect(requireBundle(join(apps, '../..'))).rejects.toMatchObject({
      code: 'COMMAND_USAGE_WRONG',
      message: expect.stringContaining('an app is a folder'),
    });
  },
);

test.each([
  ['a folder with nothing of an app', ['docs'], 'Its name does not end in .app', 'Name a folder <name>.app'],
  ['the folder of one app', ['build/My.app'], 'It holds one', 'build/My.app'],
  ['an unpacked .ipa', ['unpacked/Payload/My.app'], 'It holds one', 'unpacked/Payload/My.app'],
  ['a folder of several apps', ['dist/A.app', 'dist/B.APP'], 'It holds several', 'dist/A.app'],
  ['an app without its ending', ['My/Contents/MacOS'], 'Its name does not end in .app', 'Name a folder'],
])('%s is no bundle, and the answer says what to name', async (_, folders, reason, nextStep) => {
  const inside = await mkdtemp(join(folder, 'folders-'));
  for (const each of folders) await mkdir(join(inside, each), { recursive: true });
  const named = join(inside, folders[0]?.split('/')[0] ?? '');
  const refused = await requireBundle(named).catch((error: ShipError) => error.failure);
  expect(refused).toMatchObject({
    code: 'COMMAND_USAGE_WRONG',
    reason: expect.stringContaining(reason),
    nextStep: expect.stringContaining(nextStep),
  });
});

test('a link to an app is that app', async () => {
  await mkdir(join(folder, 'Linked.app'));
  await symlink('Linked.app', join(folder, 'current'));
  expect(await requireBundle(join(folder, 'current'))).toMatch(/\/Linked\.app$/);
});

test('the demo refuses a file as its folder before it works', async () => {
  const refused = demo({ out: join(folder, 'large') });
  await expect(refused).rejects.toMatchObject({ code: 'COMMAND_USAGE_WRONG' });
});
