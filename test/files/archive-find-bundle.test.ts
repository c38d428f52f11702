import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findBundle } from '../../src/files/archive/find-bundle.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'perry-ship-find-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** `a/` is a folder, `a -> b` a link, anything else a file. */
async function lay(...items: string[]): Promise<void> {
  for (const item of items) {
    const [path = '', target] = item.split(' -> ');
    await mkdir(join(root, item.endsWith('/') ? path : dirname(path)), { recursive: true });
    if (target !== undefined) await symlink(target, join(root, path));
    else if (!item.endsWith('/')) await writeFile(join(root, path), '');
  }
}

const failure = (target: 'macos-sign' | 'ios-sign' = 'macos-sign') =>
  findBundle(root, target).catch((error) => error.failure);

test.each(['macos-sign', 'ios-sign'] as const)('either shape for %s', async (target) => {
  await lay('My App.app/Contents/Info.plist', 'README', '._My App.app', 'Symbols/', 'iTunesMetadata.plist');
  expect(await findBundle(root, target)).toMatchObject({
    appPath: join(root, 'My App.app'),
    folderName: 'My App.app',
  });
  await rm(join(root, 'My App.app'), { recursive: true });
  await lay('Payload/Ä.app/Info.plist', 'Payload/._Ä.app', 'Payload/.DS_Store');
  expect(await findBundle(root, target)).toMatchObject({
    appPath: join(root, 'Payload/Ä.app'),
    folderName: 'Ä.app',
  });
});

test('bundles inside of bundles and of other folders are not looked at', async () => {
  await lay('X.app/Contents/Helpers/Y.app/', 'other/Z.app/');
  expect((await findBundle(root, 'macos-sign')).folderName).toBe('X.app');
});

test('in an archive of Xcode that was packed, with what lies at its top', async () => {
  const apps = 'Made.xcarchive/Products/Applications';
  await lay(`${apps}/My.app/Info.plist`, 'Made.xcarchive/Info.plist', '__MACOSX/._x');
  await lay('Made.xcarchive/dSYMs/', 'Made.xcarchive/SwiftSupport/', 'Made.xcarchive/Signatures/');
  expect(await findBundle(root, 'ios-sign')).toEqual({
    appPath: join(root, apps, 'My.app'),
    folderName: 'My.app',
    archiveDir: join(root, 'Made.xcarchive'),
    companions: ['SwiftSupport'],
    debugSymbols: ['dSYMs'],
    unused: [],
  });
  await lay(`${apps}/Other.app/`);
  expect(await failure()).toMatchObject({ code: 'BUNDLE_AMBIGUOUS' });
});

test.each([
  ['no app', 'BUNDLE_MISSING', 'Made.xcarchive/Info.plist'],
  ['a link', 'BUNDLE_NOT_A_FOLDER', 'Made.xcarchive/Products/Applications/X.app -> /etc'],
  ['a file', 'BUNDLE_NOT_A_FOLDER', 'Made.xcarchive/Products/Applications/X.app'],
  [
    'a link in the place of its folder',
    'BUNDLE_MISSING',
    'Made.xcarchive/Products/Applications -> ../../Other',
  ],
])('an archive of Xcode with %s: %s', async (_, code, item) => {
  await lay(item, 'Other/X.app/');
  expect(await failure()).toMatchObject({ code });
});

test('no bundle: what is there is named', async () => {
  await lay('dist/X/file', 'evil\u001bname');
  expect(await failure('ios-sign')).toMatchObject({
    code: 'BUNDLE_MISSING',
    summary: 'The archive has no app bundle: Payload/<name>.app was expected.',
    reason: 'At the top of the archive is "dist/", "evil\\u001bname".',
  });
});

test('an empty archive, and one with very much in it', async () => {
  expect(await failure()).toMatchObject({
    code: 'BUNDLE_MISSING',
    reason: 'At the top of the archive is nothing.',
  });
  await lay(...Array.from({ length: 20 }, (_, i) => `file${i}`));
  expect((await failure()).reason).toMatch(/ and 12 more\.$/);
});

test.each([
  [['package.json', 'lib/']],
  [['perry.toml']],
  [['main.ts']],
  [['src/']],
  [['project/package.json']],
])('source instead of a bundle: %j', async (items) => {
  await lay(...items);
  expect(await failure()).toMatchObject({
    code: 'BUNDLE_MISSING',
    summary: 'The archive holds the source of an app instead of a compiled app bundle.',
    reason: expect.stringContaining('At the top of the archive is'),
  });
});

test('two bundles are named', async () => {
  await lay('B.app/', 'A.app/', 'Payload/C.app/');
  expect(await failure()).toMatchObject({
    code: 'BUNDLE_AMBIGUOUS',
    reason: 'It has "A.app" and "B.app" and "Payload/C.app".',
  });
});

test.each([
  [['X.app'], 'file'],
  [['real/', 'X.app -> real'], 'symbolic link'],
  [['Payload/X.app'], 'file'],
  [['real/X.app/', 'Payload -> real'], 'symbolic link'],
])('no folder: %j', async (items, kind) => {
  await lay(...items);
  expect(await failure()).toMatchObject({
    code: 'BUNDLE_NOT_A_FOLDER',
    reason: expect.stringContaining(kind),
  });
});
