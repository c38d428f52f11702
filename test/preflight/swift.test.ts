import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Destination } from '../../src/domain/plan.ts';
import { readCompanion } from '../../src/files/archive/beside-app.ts';
import { findBundle } from '../../src/files/archive/find-bundle.ts';
import { unpackBundleFile } from '../../src/files/archive/unpack-bundle.ts';
import { verifyIpa } from '../../src/files/archive/verify-ipa.ts';
import { IpaWriter } from '../../src/files/archive/write-ipa.ts';
import { makeSwiftSupport, surveyBundle } from '../../src/files/bundle/index.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { preflight } from '../../src/preflight/index.ts';
import { type AppOptions, makeIosApp, makeMacApp } from '../helpers/bundles.ts';
import { buildMachO } from '../helpers/macho.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perry-swift-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const { signal } = new AbortController();
const CORE = 'libswiftCore.dylib';
const library = buildMachO({ fileType: 'dylib', platform: 'ios', minimumOs: '11.0', text: 'swift' });
const program = (dylibs: string[], minimumOs: string, platform: 'ios' | 'macos' = 'ios') =>
  buildMachO({ platform, minimumOs, dylibs: ['/usr/lib/libSystem.B.dylib', ...dylibs] });

async function swiftFindings(
  options: AppOptions,
  to: Destination,
  target: 'ios-sign' | 'macos-sign' = 'ios-sign',
) {
  const appPath = await (target === 'ios-sign' ? makeIosApp : makeMacApp)(join(dir, 'Payload'), options);
  const survey = await surveyBundle(appPath, { target, archiveDir: dir, signal });
  const findings = preflight({ target, distribution: to, survey, now: new Date() });
  return findings
    .filter(({ code }) => code.startsWith('SWIFT_'))
    .map(({ severity, code }) => `${severity} ${code}`);
}

describe('libraries that the oldest system does not have', () => {
  test.each<[string, string[], string, Record<string, Buffer>, string[]]>([
    ['are missing', [`@rpath/${CORE}`], '11.0', {}, ['warning SWIFT_LIBRARIES_MISSING']],
    ['are there', [`@rpath/${CORE}`], '11.0', { [`Frameworks/${CORE}`]: library }, []],
    ['are in a newer system', [`@rpath/${CORE}`], '12.2', {}, []],
    ['are those of the system', [`/usr/lib/swift/${CORE}`], '11.0', {}, []],
    ['came later', ['@rpath/libswift_Concurrency.dylib'], '14.0', {}, ['warning SWIFT_LIBRARIES_MISSING']],
    ['are in the system now', ['@rpath/libswift_Concurrency.dylib'], '15.0', {}, []],
    ['have nothing to do with Swift', ['@rpath/libswiftness/x.dylib'], '11.0', {}, []],
  ])('%s', async (_, dylibs, system, files, expected) => {
    expect(await swiftFindings({ executable: program(dylibs, system), files }, 'package')).toEqual(expected);
  });

  test('of a Mac, wanted by a framework', async () => {
    const files = { 'Contents/Frameworks/a.dylib': program([`@rpath/${CORE}`], '10.13', 'macos') };
    expect(await swiftFindings({ files }, 'notarize', 'macos-sign')).toEqual([
      'warning SWIFT_LIBRARIES_MISSING',
    ]);
    const more = { ...files, [`Contents/Frameworks/${CORE}`]: program([], '10.13', 'macos') };
    expect(await swiftFindings({ files: more }, 'notarize', 'macos-sign')).toEqual([]);
  });
});

describe('SwiftSupport', () => {
  const files = { [`Frameworks/${CORE}`]: library, 'Frameworks/libswiftUIKit.dylib': library };
  const beside = async (...names: string[]) => {
    await mkdir(join(dir, 'SwiftSupport/iphoneos'), { recursive: true });
    for (const name of names) await writeFile(join(dir, 'SwiftSupport/iphoneos', name), library);
  };

  test('that lacks a library is told; in the store it is an error', async () => {
    await beside(CORE);
    expect(await swiftFindings({ files }, 'appstore')).toEqual(['error SWIFT_SUPPORT_WRONG']);
    expect(await swiftFindings({ files }, 'package')).toEqual(['warning SWIFT_SUPPORT_WRONG']);
  });

  test('that Apple did not sign is told', async () => {
    await beside(CORE, 'libswiftUIKit.dylib');
    expect(await swiftFindings({ files }, 'testflight')).toEqual(['warning SWIFT_SUPPORT_WRONG']);
    expect(await swiftFindings({ files }, 'package')).toEqual([]);
  });

  test('is made of what the app embeds when it is missing', async () => {
    expect(await swiftFindings({ files }, 'appstore')).toEqual(['warning SWIFT_SUPPORT_WRONG']);
    await makeSwiftSupport({ appPath: join(dir, 'Payload/Hello.app'), files: Object.keys(files) }, dir);
    expect(await readFile(join(dir, 'SwiftSupport/iphoneos', CORE))).toEqual(library);
  });

  test('is not asked for where nothing is embedded', async () => {
    expect(await swiftFindings({ executable: program([], '11.0') }, 'appstore')).toEqual([]);
  });
});

test('what lies beside Payload for the App Store comes out of one .ipa and goes into the next', async () => {
  const appDir = await makeIosApp(join(dir, 'in/Payload'));
  for (const [path, content] of [
    ['SwiftSupport/iphoneos/libswiftCore.dylib', 'core'],
    ['WatchKitSupport2/WK', 'stub'],
    ['Symbols/A.symbols', 'symbols'],
    ['BCSymbolMaps/a.bcsymbolmap', 'map'],
    ['Other/a', 'nobody asked for it'],
  ] as const) {
    await mkdir(join(dir, 'in', path, '..'), { recursive: true });
    await writeFile(join(dir, 'in', path), content);
  }
  const { archiveDir, companions, folderName } = await findBundle(join(dir, 'in'), 'ios-sign');
  expect(companions).toEqual(['BCSymbolMaps', 'SwiftSupport', 'Symbols', 'WatchKitSupport2']);

  const writer = new IpaWriter({ appDir, appFolderName: folderName, sourceDate: new Date() });
  const pieces: Buffer[] = [];
  const collect = async (source: AsyncIterable<Buffer> | Iterable<Buffer>) => {
    for await (const piece of source) pieces.push(piece);
  };
  await collect(writer.pack(await listTree(appDir), { signal }));
  for (const name of companions) {
    const { dir: from, taken } = await readCompanion(archiveDir, name);
    await collect(writer.packBeside(from, taken, { signal }));
  }
  await collect(writer.end());
  const ipa = join(dir, 'out.ipa');
  await writeFile(ipa, Buffer.concat(pieces));

  expect((await verifyIpa(ipa, { signal })).appFolderName).toBe('Hello.app');
  await unpackBundleFile(ipa, join(dir, 'out'), { signal });
  const again = await findBundle(join(dir, 'out'), 'ios-sign');
  expect(again.companions).toEqual(companions);
  expect(await readFile(join(dir, 'out/WatchKitSupport2/WK'), 'utf8')).toBe('stub');
});
