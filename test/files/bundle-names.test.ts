import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nameFault } from '../../src/files/archive/entry-path.ts';
import { surveyBundle } from '../../src/files/bundle/index.ts';
import { isDict, parsePlistDict } from '../../src/formats/plist/index.ts';
import { makeIosApp, makeMacApp } from '../helpers/bundles.ts';
import { sign } from '../helpers/signed-bundles.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perry-names-'));
});
afterEach(() => rm(dir, { recursive: true }));

const { signal } = new AbortController();
const kinds = {
  'macos-sign': { make: makeMacApp, resources: 'Contents/Resources' },
  'ios-sign': { make: makeIosApp, resources: '' },
} as const;
type Target = keyof typeof kinds;

/** An app with these resources, and what is wrong with it. */
async function codesOf(target: Target, add: (resources: string) => unknown): Promise<string[]> {
  const { make, resources } = kinds[target];
  const app = await make(dir);
  await mkdir(join(app, resources), { recursive: true });
  await add(join(app, resources));
  const { faults } = await surveyBundle(app, { target, signal });
  return faults.map(({ code }) => code);
}

const put = (path: string) => async (resources: string) => {
  await mkdir(dirname(join(resources, path)), { recursive: true });
  await writeFile(join(resources, path), 'data');
};

const unsafe: Readonly<Record<string, (resources: string) => unknown>> = {
  'a file with a backslash': put('a\\b.txt'),
  'a folder with a backslash': put('a\\b/c.txt'),
  'a file with a control character': put('a\u0001b'),
  'a file with a carriage return': put('a\rb'),
  'a file with a delete character': put('a\u007fb'),
  'a folder that is called like the icon of a folder': put('Icon\r/a'),
  'a file with a code point that is no character': put('a\ufffeb'),
  'a folder with another': put('\uffff/b'),
  'a file whose name is not UTF-8': (resources) =>
    writeFileSync(Buffer.concat([Buffer.from(`${resources}/a`), Buffer.from([0xe4, 0xff])]), 'data'),
  'a link with a backslash': (resources) => symlink('Info.plist', join(resources, 'a\\b')),
  'a link to a name with a backslash': (resources) => symlink('a\\b', join(resources, 'link')),
  'a link to a name with a control character': (resources) => symlink('a\u001fb', join(resources, 'link')),
};
const doubled: Readonly<Record<string, readonly string[]>> = {
  'files that differ by case': ['Read.txt', 'read.txt'],
  'folders that differ by case': ['Data/a', 'data/b'],
  'files whose accent is written in two ways': ['\u00e9.txt', 'e\u0301.txt'],
  'a sharp s and two': ['stra\u00dfe', 'strasse'],
};
const harmless = [
  'Icon\r',
  'a b',
  'ä',
  '😀',
  "it's",
  '$x',
  '%41',
  '-a',
  '.hidden',
  '[a]{b}*?',
  'a:b',
  '<&>"',
];

describe.each(Object.keys(kinds) as Target[])('a folder to be signed (%s)', (target) => {
  test.each(Object.entries(unsafe))('with %s is refused', async (_, add) => {
    expect(await codesOf(target, add)).toContain('BUNDLE_PATH_UNSAFE');
  });

  test.each(Object.entries(doubled))('with %s is refused', async (_, paths) => {
    const codes = await codesOf(target, async (resources) => {
      for (const path of paths) await put(path)(resources);
    });
    expect(codes).toContain('BUNDLE_NAME_COLLISION');
  });

  test('may have names that are only odd', async () => {
    const codes = await codesOf(target, async (resources) => {
      for (const name of harmless) await put(name)(resources);
    });
    expect(codes).toEqual([]);
  });
});

const APPLE_DOUBLE = Buffer.from('0005160700020000', 'hex');
const data = 'text of a file that is only called so';

test.each([
  ['beside Contents', makeMacApp, '._Hello.app', 'macos-sign'],
  ['in Contents', makeMacApp, 'Contents/._Info.plist', 'macos-sign'],
  ['among the code', makeMacApp, 'Contents/MacOS/._Hello', 'macos-sign'],
  ['in the folder for frameworks', makeMacApp, 'Contents/Frameworks/._F.framework', 'macos-sign'],
  ['among the resources', makeMacApp, 'Contents/Resources/deep/._icon.png', 'macos-sign'],
  ['in an app for iOS', makeIosApp, '._Hello', 'ios-sign'],
  ['in a folder of one', makeIosApp, 'assets/._a.png', 'ios-sign'],
] as const)('attributes that a Mac kept as a file %s are taken out', async (_, make, path, target) => {
  const app = await make(dir, { files: { [path]: APPLE_DOUBLE, 'Contents/Resources/._data': data } });
  const survey = await surveyBundle(app, { target, signal });
  const { faults, strayFiles, unsealedItems, finderLeftovers, files } = survey;
  expect({ faults, strayFiles, unsealedItems }).toEqual({ faults: [], strayFiles: [], unsealedItems: [] });
  expect(finderLeftovers).toEqual([path]);
  expect([...files]).toContain('Contents/Resources/._data');
});

test('what is not refused has its own name in the seal of rcodesign', async () => {
  const odd = [...Array.from({ length: 0xa1 }, (_, code) => code), 0x2028, 0xfdd0, 0xfeff, 0xfffe, 0xffff];
  const names = odd.map((code) => `n${String.fromCodePoint(code)}m`).filter((name) => !/[\0/]/.test(name));
  const taken = names.filter((name) => nameFault(name) === undefined);
  expect(taken.length).toBeGreaterThan(90);
  const app = await makeMacApp(dir);
  for (const name of taken) await put(name)(join(app, 'Contents/Resources'));
  await sign('ad hoc', app);
  const seal = parsePlistDict(await readFile(join(app, 'Contents/_CodeSignature/CodeResources')), {
    name: 'CodeResources',
  });
  const sealed = isDict(seal.files2) ? Object.keys(seal.files2) : [];
  expect(sealed).toEqual(expect.arrayContaining(taken.map((name) => `Resources/${name}`)));
});
