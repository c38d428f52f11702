import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { putTree } from '../../src/adapters/guest/transfer.ts';
import { type CompileOptions, compileAssetCatalog } from '../../src/adapters/xcode/index.ts';
import { assetCatalogSource, loadArt } from '../../src/files/icons/index.ts';
import { makePng } from '../helpers/bundles.ts';
import { never } from '../helpers/local-vm.ts';
import { bootXcodeGuest, type Knobs, type XcodeGuest } from '../helpers/xcode-guest.ts';

const CATALOGS = "job/cat's";
const PRIMARY = { CFBundleIconName: 'AppIcon' };

let guest: XcodeGuest;
let home: string;
let output: string;
let tests = 0;
beforeAll(async () => {
  guest = await bootXcodeGuest();
  home = join(guest.cloneDir, 'home');
  const any = await loadArt(await makePng(1024, 1024), { flatten: true });
  for (const platform of ['ios', 'macos'] as const) {
    const folder = await mkdtemp(join(tmpdir(), 'perry-catalog-'));
    await assetCatalogSource({ any }, folder, { platform, signal: never });
    await putTree(guest.session, {
      sourceDir: folder,
      remoteDir: `${CATALOGS}/${platform}`,
      signal: never,
    });
    await rm(folder, { recursive: true });
  }
});
afterAll(() => guest.remove());
beforeEach(() => {
  tests += 1;
  output = `job/out ${tests}`;
});

const compile = async (knobs: Knobs, options: Partial<CompileOptions> = {}) => {
  await guest.setKnobs(knobs);
  const { platform = 'ios' } = options;
  return compileAssetCatalog(guest.session, {
    catalogDir: `${CATALOGS}/${platform}/Assets.xcassets`,
    outputDir: output,
    platform,
    minimumOs: '15.0',
    devices: ['iphone', 'ipad'],
    signal: never,
    ...options,
  });
};

const actoolCalls = async () => (await guest.calls()).filter(([name]) => name === 'actool');
const following = (call: readonly string[] = [], word: string) =>
  call.flatMap((each, index) => (call[index - 1] === word ? [each] : []));

describe('a sound catalog', () => {
  test('for iPhone and iPad: Assets.car, two loose icons, and what Info.plist has to say', async () => {
    const { partialInfo, files, remarks } = await compile({});
    expect(files).toEqual(['AppIcon60x60@2x.png', 'AppIcon76x76@2x~ipad.png', 'Assets.car']);
    expect((await readdir(join(home, output))).sort()).toEqual(files);
    expect(remarks).toEqual([]);
    expect(partialInfo).toEqual({
      CFBundleIcons: { CFBundlePrimaryIcon: { ...PRIMARY, CFBundleIconFiles: ['AppIcon60x60'] } },
      'CFBundleIcons~ipad': {
        CFBundlePrimaryIcon: { ...PRIMARY, CFBundleIconFiles: ['AppIcon60x60', 'AppIcon76x76'] },
      },
    });
    const [call] = await actoolCalls();
    expect(following(call, '--platform')).toEqual(['iphoneos']);
    expect(following(call, '--target-device')).toEqual(['iphone', 'ipad']);
    expect(following(call, '--minimum-deployment-target')).toEqual(['15.0']);
    expect(following(call, '--app-icon')).toEqual(['AppIcon']);
  });

  test('for iPhone alone says nothing about the iPad', async () => {
    const { partialInfo, files } = await compile({}, { devices: ['iphone'] });
    expect(files).toEqual(['AppIcon60x60@2x.png', 'Assets.car']);
    expect(Object.keys(partialInfo)).toEqual(['CFBundleIcons']);
  });

  test('for a Mac: every size stands alone too', async () => {
    const { partialInfo, files } = await compile({}, { platform: 'macos', minimumOs: '11.0' });
    expect(files).toEqual(['AppIcon.icns', 'Assets.car']);
    expect(partialInfo).toEqual({ CFBundleIconFile: 'AppIcon', CFBundleIconName: 'AppIcon' });
    const [call] = await actoolCalls();
    expect(following(call, '--platform')).toEqual(['macosx']);
    expect(following(call, '--target-device')).toEqual(['mac']);
    expect(following(call, '--standalone-icon-behavior')).toEqual(['all']);
  });

  test('the partial Info.plist may be binary, and something may be said before the report', async () => {
    expect((await compile({ partial: 'binary', actool: 'noisy' })).partialInfo).toHaveProperty(
      'CFBundleIcons',
    );
  });

  test('what lies in the output folder stays, and nothing is left elsewhere', async () => {
    const { files } = await compile({});
    await writeFile(join(home, output, 'kept'), 'x');
    await compile({});
    expect((await readdir(join(home, output))).sort()).toEqual([...files, 'kept'].sort());
    expect((await readdir(join(guest.cloneDir, 'tmp'))).filter((name) => name.startsWith('actool'))).toEqual(
      [],
    );
  });
});

test('a picture that is missing makes the icon incomplete, which is told', async () => {
  const iconSet = join(home, CATALOGS, 'ios/Assets.xcassets/AppIcon.appiconset');
  const picture = await readFile(join(iconSet, 'icon-87.png'));
  await rm(join(iconSet, 'icon-87.png'));
  const { remarks } = await compile({});
  expect(remarks).toEqual([
    'A 29x29 3x app icon is required for iphone (Assets.xcassets/AppIcon.appiconset).',
  ]);
  await writeFile(join(iconSet, 'icon-87.png'), picture);
});

describe('a lie or a failure', () => {
  test.each<[string, Knobs, RegExp]>([
    [
      'errors with exit 0',
      { actool: 'errors' },
      /^The app icon set "AppIcon" in "Assets\.xcassets" could not/,
    ],
    [
      'errors with exit 1',
      { actool: 'failure' },
      /^The app icon set "AppIcon" in "Assets\.xcassets" could not/,
    ],
    ['no Assets.car', { actool: 'no-car' }, /no Assets\.car/],
    ['no partial Info.plist', { actool: 'no-partial' }, /no partial Info\.plist/],
    ['a partial Info.plist without the icon', { actool: 'no-keys' }, /does not name the app icon/],
    ['a loose icon that is only named', { actool: 'no-loose' }, /names "AppIcon60x60", and no such file/],
    ['a report that is none', { actool: 'unreadable' }, /report cannot be read/],
    ['a crash', { actool: 'crash' }, /^Segmentation fault/],
  ])('%s: the icon is not compiled', async (_, knobs, reason) => {
    await expect(compile(knobs)).rejects.toMatchObject({
      code: 'ASSET_CATALOG_FAILED',
      failure: { reason: expect.stringMatching(reason) },
    });
    expect(await actoolCalls()).toHaveLength(1);
  });

  test('no icon set of that name', async () => {
    await expect(compile({}, { catalogDir: `${CATALOGS}/none.xcassets` })).rejects.toMatchObject({
      code: 'ASSET_CATALOG_FAILED',
      failure: { reason: expect.stringContaining('None of the input catalogs') },
    });
  });

  test('what an earlier compiler left does not pass for a result', async () => {
    await compile({});
    await expect(compile({ actool: 'no-car' })).rejects.toMatchObject({ code: 'ASSET_CATALOG_FAILED' });
  });
});

describe('CoreSimulator', () => {
  test('that was not ready is tried once more', async () => {
    expect((await compile({ actool_simulator: 1 })).files).toContain('Assets.car');
    expect(await actoolCalls()).toHaveLength(2);
  });

  test('that stays away is a failure', async () => {
    await expect(compile({ actool_simulator: 2 })).rejects.toMatchObject({
      code: 'ASSET_CATALOG_FAILED',
      failure: { reason: expect.stringContaining('CoreSimulator') },
    });
    expect(await actoolCalls()).toHaveLength(2);
  });
});

test.each<[string, Knobs]>([
  ['no actool', { missing: 'actool' }],
  ['an unaccepted licence', { xcode: 'unlicensed' }],
])('%s: the golden image has to be fixed', async (_, knobs) => {
  await expect(compile(knobs)).rejects.toMatchObject({ code: 'XCODE_TOOL_MISSING' });
});
