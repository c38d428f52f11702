import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import yazl from 'yazl';
import { compiledCatalog, drawIcons } from '../../src/files/icons/index.ts';
import { buildPlist, newDict, type PlistDict } from '../../src/formats/plist/index.ts';
import { seaside } from '../helpers/artwork.ts';
import { makeIosApp } from '../helpers/bundles.ts';
import { brokenCatalog, largeCatalog } from '../helpers/icon-catalog.ts';
import { iconCatalog } from '../helpers/icon-catalogs.ts';
import { iconErrors } from './icon-checks.ts';

/** An app whose icons the store takes; what the tests leave out of it is what the store says. */
let dir: string;
let files: Map<string, Buffer>;
let info: PlistDict;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'icon-checks-'));
  const { signal } = new AbortController();
  const appPath = await makeIosApp(dir, { files: { 'Icon-1024.png': await seaside() } });
  const facts = { platform: 'ios', resources: '', deviceFamilies: [1, 2] } as const;
  const drawn = await drawIcons(appPath, facts, { signal });
  if (!drawn.art) throw new Error(drawn.warnings.join());
  const target = { platform: 'ios', minimumOs: '17.0', devices: ['iphone', 'ipad'], signal } as const;
  const loose = drawn.files.map(async (name) => [name, await readFile(join(appPath, name))] as const);
  files = new Map(await Promise.all(loose));
  files.set('Assets.car', await compiledCatalog(drawn.art, target));
  info = newDict([
    ...Object.entries(drawn.iconKeys),
    ['CFBundleIconName', 'AppIcon'],
    ['UIDeviceFamily', [1, 2]],
  ]);
});
afterAll(() => rm(dir, { recursive: true }));

async function codesOf(
  content: ReadonlyMap<string, Buffer>,
  plist: PlistDict = info,
): Promise<readonly string[]> {
  const zip = new yazl.ZipFile();
  const all = new Map([...content, ['Info.plist', Buffer.from(buildPlist(plist, 'xml'))] as const]);
  for (const [name, bytes] of all) zip.addBuffer(bytes, `Payload/A.app/${name}`);
  zip.end();
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream) pieces.push(Buffer.from(piece));
  return (await iconErrors(Buffer.concat(pieces))).map(({ code }) => code);
}

const without = (...names: string[]) => new Map([...files].filter(([name]) => !names.includes(name)));
const withoutKey = (key: string) => newDict(Object.entries(info).filter(([name]) => name !== key));

test('an app with all its icons is taken', async () => {
  expect(await codesOf(files)).toEqual([]);
});

test('nothing else than what is there is asked of an app for iPhone alone', async () => {
  const plist = newDict([...Object.entries(withoutKey('CFBundleIcons~ipad')), ['UIDeviceFamily', [1]]]);
  expect(await codesOf(without('AppIcon76x76@2x~ipad.png', 'AppIcon83.5x83.5@2x~ipad.png'), plist)).toEqual(
    [],
  );
});

test.each([
  ['no catalog', '90713', () => codesOf(without('Assets.car'))],
  ['no name of its icon', '90713', () => codesOf(files, withoutKey('CFBundleIconName'))],
  [
    'a catalog with another icon',
    '90704',
    () => codesOf(new Map([...files, ['Assets.car', iconCatalog('Other')]])),
  ],
  [
    'a catalog with a small icon alone',
    '90704',
    () => codesOf(new Map([...files, ['Assets.car', iconCatalog('AppIcon')]])),
  ],
  ['a catalog that is none', '90704', () => codesOf(new Map([...files, ['Assets.car', Buffer.from('car')]]))],
  [
    'half a catalog',
    '90704',
    () => codesOf(new Map([...files, ['Assets.car', largeCatalog().subarray(0, 2000)]])),
  ],
  [
    'a large icon that does not decode',
    '90704',
    () => codesOf(new Map([...files, ['Assets.car', brokenCatalog()]])),
  ],
  ['no loose icon for iPhone', '90022', () => codesOf(without('AppIcon60x60@2x.png', 'AppIcon40x40@3x.png'))],
  ['no key that names the icons for iPad', '90023', () => codesOf(files, withoutKey('CFBundleIcons~ipad'))],
  ['no loose icon for the iPad', '90023', () => codesOf(without('AppIcon76x76@2x~ipad.png'))],
  ['no loose icon for the iPad Pro', '90023', () => codesOf(without('AppIcon83.5x83.5@2x~ipad.png'))],
])('an app with %s is refused: ITMS-%s', async (_, code, codes) => {
  expect(await codes()).toEqual([code]);
});
