import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCompanion, sizesBeside } from '../../src/files/archive/beside-app.ts';
import { findBundle } from '../../src/files/archive/find-bundle.ts';
import { verifyIpa } from '../../src/files/archive/verify-ipa.ts';
import { IpaWriter } from '../../src/files/archive/write-ipa.ts';
import { writeDigested } from '../../src/files/disk/digested-file.ts';
import { listTree } from '../../src/files/disk/tree.ts';

const { signal } = new AbortController();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-beside-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), path);
  }
}

const link = async (target: string, path: string): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await symlink(target, join(folder, path));
};

describe('beside an app', () => {
  test('each folder has its use, or none', async () => {
    await put('Payload/A.app/Info.plist', 'SwiftSupport/iphoneos/libswiftCore.dylib', 'dSYMs/a', 'B.dSYM/b');
    await put('Other/c', '.DS_Store', '__MACOSX/d', 'swiftsupport/e', 'Symbols', 'C.framework.DSYM/f');
    const found = await findBundle(folder, 'ios-sign');
    expect(found).toMatchObject({
      companions: ['SwiftSupport'],
      debugSymbols: ['B.dSYM', 'C.framework.DSYM', 'dSYMs'],
      // a file of such a name is no such folder, and no folder may go by another case
      unused: ['Other', 'Symbols', 'swiftsupport'],
    });
    expect(await findBundle(folder, 'macos-sign')).toMatchObject({
      companions: [],
      unused: ['Other', 'SwiftSupport', 'Symbols', 'swiftsupport'],
    });
  });

  test.each([
    [
      'SwiftSupport',
      'iphoneos/libswiftCore.dylib',
      [
        ...['libswiftCore.dylib', 'iphoneos/a/libx.dylib', 'iphoneos/sh'],
        ...['macosx/libswiftCore.dylib', 'iphonesimulator/libswiftCore.dylib'],
      ],
    ],
    ['WatchKitSupport2', 'WK', ['WK2', 'a/WK']],
    ['Symbols', '0A.symbols', ['0A.dylib', 'a/0A.symbols']],
    ['BCSymbolMaps', '0A-B.bcsymbolmap', ['0A', 'a b.bcsymbolmap']],
    ['MessagesApplicationExtensionSupport', 'MessagesApplicationExtensionStub', ['a/Stub', 'lib.dylib']],
  ])('%s holds %s, and not %j', async (name, good, bad) => {
    await put(`${name}/${good}`, ...bad.map((path) => `${name}/${path}`));
    await link(good, `${name}/link`);
    const { taken, left } = await readCompanion(folder, name);
    expect(taken.filter(({ type }) => type === 'file').map(({ path }) => path)).toEqual([good]);
    expect([...left].sort()).toEqual([...bad, 'link'].map((path) => `${name}/${path}`).sort());
  });

  test('resources on demand are folders of anything but links', async () => {
    await put('OnDemandResources/a.assetpack/Assets.car', 'OnDemandResources/a.assetpack/b/c');
    await link('/etc/passwd', 'OnDemandResources/a.assetpack/out');
    const { taken, left } = await readCompanion(folder, 'OnDemandResources');
    expect(taken.map(({ path }) => path)).toEqual([
      'a.assetpack',
      'a.assetpack/Assets.car',
      'a.assetpack/b',
      'a.assetpack/b/c',
    ]);
    expect(left).toEqual(['OnDemandResources/a.assetpack/out']);
  });
});

describe('a finished .ipa', () => {
  async function ipaWith(...beside: readonly string[]): Promise<string> {
    await put('Payload/A.app/Info.plist', ...beside);
    const writer = new IpaWriter({
      appDir: join(folder, 'Payload/A.app'),
      appFolderName: 'A.app',
      sourceDate: new Date(0),
    });
    const pieces = async function* () {
      yield* writer.pack(await listTree(join(folder, 'Payload/A.app')), { signal });
      for (const name of new Set(beside.map((path) => path.split('/')[0] ?? '')))
        yield* writer.packBeside(join(folder, name), await listTree(join(folder, name)), { signal });
      yield* writer.end();
    };
    const path = join(folder, 'a.ipa');
    await writeDigested(path, pieces());
    return path;
  }
  const wanted = async () => sizesBeside([await readCompanion(folder, 'Symbols')]);

  test('has beside the app just what came', async () => {
    const ipa = await ipaWith('Symbols/A.symbols');
    await expect(verifyIpa(ipa, { signal, beside: await wanted() })).resolves.toMatchObject({
      appFolderName: 'A.app',
    });
  });

  test.each([
    ['something more', ['Symbols/A.symbols', 'Symbols/evil'], /Symbols\/evil/],
    ['something else', ['Symbols/A.symbols', 'SwiftSupport/evil'], /SwiftSupport\/evil/],
  ])('that has %s is refused', async (_, beside, reason) => {
    const ipa = await ipaWith(...beside);
    await expect(verifyIpa(ipa, { signal, beside: await wanted() })).rejects.toMatchObject({
      code: 'IPA_INVALID',
      failure: { reason: expect.stringMatching(reason) },
    });
  });

  test('that lacks something, or has it in another size, is refused', async () => {
    const ipa = await ipaWith('Symbols/A.symbols');
    for (const beside of [
      new Map([...(await wanted()), ['Symbols/B.symbols', 1]]),
      new Map([['Symbols/A.symbols', 1]]),
    ])
      await expect(verifyIpa(ipa, { signal, beside })).rejects.toMatchObject({ code: 'IPA_INVALID' });
  });
});
