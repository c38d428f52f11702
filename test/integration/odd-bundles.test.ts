import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { checkApp, signApp } from '../helpers/ad-hoc-signing.ts';
import { infoPlist, macFramework, makeIosApp, makeMacApp, nestedFlat } from '../helpers/bundles.ts';
import { buildFatMachO, buildMachO } from '../helpers/macho.ts';
import { rcodesign } from '../helpers/rcodesign-fixtures.ts';

/** Bundles that Apple's codesign takes: the check takes them, rcodesign signs them, and their seals hold. */
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perry-odd-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

type Files = Record<string, Buffer | string>;
const R = 'Contents/Resources';
const library = (text: string, platform: 'macos' | 'ios' | 'ios-simulator' = 'macos') =>
  buildMachO({ fileType: 'dylib', text, platform });
const template = infoPlist({
  CFBundleIdentifier: '$(PRODUCT_BUNDLE_IDENTIFIER)',
  CFBundleExecutable: '$(EXECUTABLE_NAME)',
  CFBundlePackageType: 'APPL',
});
const javaClass = (text: string) =>
  Buffer.concat([Buffer.from('cafebabe00000034', 'hex'), Buffer.from(text)]);

/** Signs an app with these files; every seal of it must hold, and the check must have said so before. */
async function signed(files: Files, links: Record<string, string> = {}) {
  const appPath = await makeMacApp(dir, { files, links });
  const { survey, errors, warnings } = await checkApp(appPath, 'macos-sign');
  expect(errors).toEqual([]);
  const result = await signApp(appPath, survey);
  expect(result.findings).toEqual([]);
  const code = new Map(
    result.app.nested.map(({ path, signatures }) => [path, signatures.map(({ identifier }) => identifier)]),
  );
  return { ...result, appPath, warnings, code };
}

describe('what is no nested code is sealed as it is', () => {
  test.each<[string, Files]>([
    ['the template of a project', { [`${R}/ios/Info.plist`]: template, [`${R}/ios/main.m`]: 'x' }],
    ['the template of an app', { [`${R}/A.app/Contents/Info.plist`]: template, [`${R}/A.app/x`]: 'x' }],
    ['a template in the old style', { [`${R}/a/Info.plist`]: '{ CFBundleIdentifier = "a.b"; }' }],
    [
      'a bundle without identifier',
      { [`${R}/S.bundle/Info.plist`]: infoPlist({ CFBundlePackageType: 'BNDL' }) },
    ],
    [
      'an app that is a script',
      {
        [`${R}/S.app/Contents/Info.plist`]: infoPlist({ CFBundleIdentifier: 's', CFBundleExecutable: 's' }),
        [`${R}/S.app/Contents/MacOS/s`]: '#!/bin/sh\n',
      },
    ],
    [
      'two Info.plists of one folder',
      {
        [`${R}/A.app/Info.plist`]: template,
        [`${R}/A.app/Contents/Info.plist`]: template,
      },
    ],
    ['a Java class', { [`${R}/Main.class`]: javaClass('x') }],
    ['a magic number and nothing more', { [`${R}/a`]: Buffer.from('cffaedfe', 'hex') }],
    ['a universal file of scraps', { [`${R}/a`]: Buffer.from('cafebabe00000002010203040506', 'hex') }],
    ['a cut library', { [`${R}/a`]: library('cut').subarray(0, 0x2000) }],
    ['an object file', { [`${R}/a.o`]: buildMachO({ fileType: 'object', linkedit: false }) }],
    ['names with the letters of patterns', { [`${R}/[a]*?/b[1].class`]: javaClass('x') }],
  ])('%s', async (_, files) => {
    const { path, code } = await signed(files);
    expect([...code.keys()]).toEqual([]);
    for (const [name, content] of Object.entries(files))
      expect(await readFile(join(path, name))).toEqual(Buffer.from(content));
    expect(
      (await readdir(path, { recursive: true })).filter((name) => name.endsWith('CodeResources')),
    ).toEqual(['Contents/_CodeSignature/CodeResources']);
  });

  test('hundreds of files that look like code, beside real code', async () => {
    const many = Array.from({ length: 300 }, (_, i) => [
      [`${R}/classes/${'d'.repeat(180)}/${i}.class`, javaClass(`${i}`)],
      [`${R}/raw/${'d'.repeat(180)}/${i}`, javaClass(`${i}`)],
    ]).flat();
    const { code } = await signed({ ...Object.fromEntries(many), [`${R}/raw/lib`]: library('real') });
    expect([...code.keys()]).toEqual([`${R}/raw/lib`]);
  });
});

describe('code among resources is signed', () => {
  test('in a folder that only looks like a bundle', async () => {
    const { code } = await signed({
      [`${R}/t/Info.plist`]: template,
      [`${R}/t/libx.1.2.dylib`]: library('in a template'),
      [`${R}/t/tool`]: buildMachO({ text: 'tool in a template' }),
      ...nestedFlat(`${R}/t/F.framework`, { bundleId: 'a.f', name: 'F', code: library('f', 'ios') }),
    });
    expect(Object.fromEntries(code)).toEqual({
      [`${R}/t/libx.1.2.dylib`]: ['libx.1'],
      [`${R}/t/tool`]: ['tool'],
      [`${R}/t/F.framework/F`]: ['a.f'],
    });
  });

  test('for whatever platform it was built', async () => {
    const { code } = await signed({
      [`${R}/a.dylib`]: library('a', 'ios-simulator'),
      [`${R}/b.dylib`]: library('b', 'ios'),
      ...nestedFlat(`${R}/Runner.app`, { bundleId: 'a.r', name: 'R', code: buildMachO({ platform: 'ios' }) }),
    });
    expect([...code.keys()].sort()).toEqual([`${R}/Runner.app/R`, `${R}/a.dylib`, `${R}/b.dylib`]);
  });
});

describe('identifiers', () => {
  const plugIn = (name: string, info: Record<string, string>): Files => ({
    [`Contents/PlugIns/${name}.bundle/Contents/Info.plist`]: infoPlist(info),
    [`Contents/PlugIns/${name}.bundle/Contents/MacOS/${name}`]: buildMachO({
      fileType: 'bundle',
      text: name,
    }),
  });

  test.each(['unity.Default Company.2D Thing', 'libstdc++', "it's (new) & ünïcode", 'a/b:c', '$(ID)'])(
    'a nested bundle called %s',
    async (bundleId) => {
      const { code } = await signed(
        plugIn('P', { CFBundleIdentifier: bundleId, CFBundleExecutable: 'P', CFBundlePackageType: 'BNDL' }),
      );
      expect([...code.values()]).toEqual([[bundleId]]);
    },
  );

  test.each<[string, Record<string, string>]>([
    ['no identifier', { CFBundleExecutable: 'P', CFBundlePackageType: 'BNDL' }],
    ['an empty one', { CFBundleExecutable: 'P', CFBundleIdentifier: '' }],
    ['nothing at all', {}],
  ])('a nested bundle with %s is called as its program', async (_, info) => {
    const { code, warnings } = await signed(plugIn('P', info));
    expect([...code.values()]).toEqual([['P']]);
    expect(warnings.map(({ code: name }) => name)).toEqual(['BUNDLE_REMARK']);
  });

  const embedded = infoPlist({ CFBundleIdentifier: 'com.example.helper.id', CFBundleName: 'Helper' });
  const helper = (architecture: 'arm64' | 'x86_64' = 'arm64') =>
    buildMachO({ infoPlist: embedded, architecture });

  test('a helper with an Info.plist inside is called by it, and bound to it', async () => {
    const places = [
      'Contents/Library/LaunchServices/com.example.tool',
      'Contents/MacOS/@scope:tool'.replace(':', '-'),
      `${R}/tools/tool`,
      'Contents/Helpers/H.app/Contents/MacOS/tool',
    ];
    const { code, path } = await signed({
      ...Object.fromEntries(places.map((place) => [place, helper()])),
      'Contents/MacOS/fat': buildFatMachO([helper('x86_64'), helper()]),
      'Contents/MacOS/string': buildMachO({ infoPlist: Buffer.concat([embedded, Buffer.alloc(1)]) }),
      'Contents/Helpers/H.app/Contents/Info.plist': infoPlist({
        CFBundleIdentifier: 'com.example.h',
        CFBundleExecutable: 'H',
        CFBundlePackageType: 'APPL',
      }),
      'Contents/Helpers/H.app/Contents/MacOS/H': helper(),
      [`${R}/t/Info.plist`]: template,
      [`${R}/t/tool`]: helper(),
    });
    for (const place of [...places, `${R}/t/tool`, 'Contents/MacOS/string'])
      expect(code.get(place), place).toEqual(['com.example.helper.id']);
    expect(code.get('Contents/MacOS/fat')).toEqual(['com.example.helper.id', 'com.example.helper.id']);
    expect(code.get('Contents/Helpers/H.app/Contents/MacOS/H')).toEqual(['com.example.h']);
    expect(await readdir(path)).toEqual(['Contents']);
  });

  test('an Info.plist inside that says nothing leaves the name of the file', async () => {
    const { code } = await signed({
      'Contents/MacOS/tool': buildMachO({ infoPlist: Buffer.from('no property list') }),
      'Contents/MacOS/other': buildMachO({ infoPlist: infoPlist({ CFBundleName: 'x' }), text: 'other' }),
    });
    expect(Object.fromEntries(code)).toEqual({
      'Contents/MacOS/tool': ['tool'],
      'Contents/MacOS/other': ['other'],
    });
  });
});

describe('what the Finder leaves', () => {
  test('lies where no seal is, and is taken out', async () => {
    const { files, links } = macFramework('Contents/Frameworks', 'K', 'com.example.k');
    const framework = 'Contents/Frameworks/K.framework';
    const left: Files = {
      '.DS_Store': 'x',
      '.LSOverride': '',
      '.SoftwareDepot.tracking': '',
      'Icon\r': '',
      [`${framework}/.DS_Store`]: 'x',
      [`${framework}/Versions/.DS_Store`]: 'x',
      [`${framework}/Icon\r`]: '',
      'Contents/Icon\r': '',
      [`${R}/folder/Icon\r`]: '',
    };
    const kept = {
      'Contents/MacOS/.DS_Store': 'x',
      [`${R}/.DS_Store`]: 'x',
      [`${framework}/module.map`]: 'x',
    };
    const { path } = await signed(
      { ...files, ...left, ...kept },
      { ...links, [`${framework}/Versions/Current`]: './A', [`${framework}/K`]: './Versions/Current/K' },
    );
    const after = await readdir(path, { recursive: true });
    expect(after.filter((name) => name in left)).toEqual([]);
    expect(after).toEqual(expect.arrayContaining(Object.keys(kept)));
  });

  test('links that begin with ./', async () => {
    const { files, links } = macFramework('Contents/Frameworks', 'K', 'com.example.k');
    const dotted = Object.entries(links).map(([path, target]) => [path, `./${target}`]);
    const inside = { [`${R}/a`]: './b', [`${R}/c`]: '././b' };
    await signed({ ...files, [`${R}/b`]: 'x' }, { ...Object.fromEntries(dotted), ...inside });
  });
});

describe('what codesign refuses is refused before anything is signed', () => {
  const { files: framework, links } = macFramework('Contents/Frameworks', 'K', 'com.example.k');
  const helper = {
    'Contents/Helpers/H.app/Contents/Info.plist': infoPlist({
      CFBundleIdentifier: 'h',
      CFBundleExecutable: 'H',
    }),
    'Contents/Helpers/H.app/Contents/MacOS/H': buildMachO({ text: 'H' }),
  };
  test.each<[string, string, Files, Record<string, string>?]>([
    ['a file beside Contents', 'BUNDLE_PLACE_WRONG', { 'README.md': 'x' }],
    ['a folder beside Contents', 'BUNDLE_PLACE_WRONG', { 'docs/README.md': 'x' }],
    ['a link beside Contents', 'BUNDLE_PLACE_WRONG', {}, { bin: 'Contents/MacOS' }],
    ['the same in a helper app', 'BUNDLE_PLACE_WRONG', { ...helper, 'Contents/Helpers/H.app/a.txt': 'x' }],
    [
      'a file in a framework',
      'BUNDLE_PLACE_WRONG',
      { ...framework, 'Contents/Frameworks/K.framework/a': '' },
      links,
    ],
    [
      'a link to something else in a framework',
      'BUNDLE_PLACE_WRONG',
      framework,
      { ...links, 'Contents/Frameworks/K.framework/Other': 'Versions/Current/K' },
    ],
    [
      'a file among the versions of a framework',
      'BUNDLE_PLACE_WRONG',
      { ...framework, 'Contents/Frameworks/K.framework/Versions/a': '' },
      links,
    ],
    [
      'a bundle of resources among the plug-ins',
      'BUNDLE_EXECUTABLE_MISSING',
      { 'Contents/PlugIns/R.bundle/Contents/Info.plist': infoPlist({ CFBundleIdentifier: 'r' }) },
    ],
    [
      'an action without a program',
      'BUNDLE_EXECUTABLE_MISSING',
      { 'Contents/Library/Automator/A.action/Contents/Info.plist': infoPlist({ CFBundleIdentifier: 'r' }) },
    ],
    [
      'a folder with a dot among the frameworks',
      'SIGN_UNSEALED',
      { 'Contents/Frameworks/py3.11/x': library('x') },
    ],
    ['a Java class among the programs', 'SIGN_UNSEALED', { 'Contents/MacOS/A.class': javaClass('x') }],
    [
      'foreign code among the frameworks',
      'BUNDLE_PLATFORM_WRONG',
      { 'Contents/Frameworks/x': library('x', 'ios') },
    ],
  ])('%s', async (_, code, files, extra = {}) => {
    const { errors } = await checkApp(await makeMacApp(dir, { files, links: extra }), 'macos-sign');
    expect(errors.map((found) => found.code)).toContain(code);
  });
});

test('a library with a colon in its name', async () => {
  const { code } = await signed({ 'Contents/Frameworks/a:b.dylib': library('colon') });
  expect([...code.keys()]).toEqual(['Contents/Frameworks/a:b.dylib']);
});

test('an iOS app with templates, look-alikes and bundles of resources', async () => {
  const appPath = await makeIosApp(dir, {
    files: {
      'www/ios/Info.plist': template,
      'www/A.class': javaClass('x'),
      'Strings.bundle/Info.plist': infoPlist({ CFBundlePackageType: 'BNDL' }),
      'Frameworks/Odd.bundle/Info.plist': infoPlist({ CFBundleIdentifier: 'odd +id' }),
      ...nestedFlat('PlugIns/W.appex', { bundleId: 'com.example.hello.w', name: 'W' }),
    },
  });
  const { survey, errors } = await checkApp(appPath, 'ios-sign');
  expect(errors).toEqual([]);
  const { findings, app } = await signApp(appPath, survey);
  expect(findings).toEqual([]);
  expect(app.nested.map(({ path }) => path)).toEqual(['PlugIns/W.appex/W']);
});

test('a helper that was signed under another name than that in it is told by verify', async () => {
  const info = infoPlist({ CFBundleIdentifier: 'com.example.helper.id' });
  const appPath = await makeMacApp(dir, {
    files: { 'Contents/MacOS/tool': buildMachO({ infoPlist: info }) },
  });
  await rcodesign('sign', appPath);
  const tool = join(appPath, 'Contents/MacOS/tool');
  const warning = 'is signed as "tool", and the Info.plist in it says "com.example.helper.id".';
  const { signal } = new AbortController();
  expect((await verifyArtifact(appPath, { signal })).warnings).toEqual([`"Contents/MacOS/tool" ${warning}`]);
  expect((await verifyArtifact(tool, { signal })).warnings).toEqual([`"tool" ${warning}`]);
});
