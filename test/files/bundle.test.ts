import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  decomposeNames,
  inspectBundle,
  readInfoPlist,
  removeEmbeddedProfile,
  removeOldSignatures,
  repairModes,
  takeSidecarEntitlements,
  writeEmbeddedProfile,
  writeInfoPlist,
} from '../../src/files/bundle/index.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { newDict, plistFormat } from '../../src/formats/plist/index.ts';
import { infoPlist, macFramework, makeIosApp, makeMacApp, nestedFlat } from '../helpers/bundles.ts';
import { buildFatMachO, buildMachO } from '../helpers/macho.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bundle-test-'));
});
afterEach(() => rm(dir, { recursive: true }));

const { signal } = new AbortController();
const inspectMac = (appPath: string) => inspectBundle(appPath, { target: 'macos-sign', signal });
const inspectIos = (appPath: string) => inspectBundle(appPath, { target: 'ios-sign', signal });
const refusal = (facts: Promise<unknown>): Promise<string> =>
  facts.then(
    () => 'accepted',
    (error) => String(error.message === undefined ? error : `${error.code}: ${error.message}`),
  );

describe('facts', () => {
  test('of a macOS app as the compiler makes it', async () => {
    const appPath = await makeMacApp(dir, { files: { 'Contents/Resources/AppIcon.png': 'png' } });
    expect(
      await inspectBundle(appPath, { target: 'macos-sign', expectedBundleId: 'com.example.hello', signal }),
    ).toMatchInlineSnapshot(`
      {
        "architectures": [
          "arm64",
        ],
        "bundleId": "com.example.hello",
        "deviceFamilies": [],
        "exclusions": [],
        "executable": "Contents/MacOS/Hello",
        "executableKind": "macho",
        "fileCount": 3,
        "finderLeftovers": [],
        "hasAssetsCar": false,
        "infoFormat": "xml",
        "infoPlist": "Contents/Info.plist",
        "lacksCatalogIcon": false,
        "layout": "deep",
        "machOs": [
          {
            "architectures": [
              "arm64",
            ],
            "fileType": "execute",
            "path": "Contents/MacOS/Hello",
          },
        ],
        "minimumOs": "13.0",
        "nested": [],
        "platform": "macos",
        "resources": "Contents/Resources",
        "shortVersion": "1.2.3",
        "signedFirst": [],
        "sizeBytes": 17179,
        "strayFiles": [],
        "version": "1.2.3",
        "wasSigned": false,
      }
    `);
  });

  test('of an iOS app with an extension and a framework', async () => {
    const appPath = await makeIosApp(dir, {
      infoFormat: 'binary',
      files: {
        ...nestedFlat('PlugIns/W.appex', { bundleId: 'com.example.hello.widget', name: 'W' }),
        ...nestedFlat('Frameworks/F.framework', {
          bundleId: 'com.example.f',
          name: 'F',
          code: buildMachO({ platform: 'ios', fileType: 'dylib' }),
        }),
        'PlugIns/W.appex/embedded.mobileprovision': 'profile',
        'embedded.mobileprovision': 'profile',
        'Assets.car': 'car',
        '_CodeSignature/CodeResources': 'seal',
        'assets/data.json': '{}',
      },
    });
    const facts = await inspectIos(appPath);
    expect(facts).toMatchObject({
      layout: 'flat',
      infoFormat: 'binary',
      executable: 'Hello',
      hasAssetsCar: true,
      wasSigned: true,
      embeddedProfile: 'embedded.mobileprovision',
      deviceFamilies: [1, 2],
      minimumOs: '17.0',
    });
    expect(
      facts.nested.map(({ path, kind, executable, embeddedProfile }) => [
        path,
        kind,
        executable,
        embeddedProfile,
      ]),
    ).toEqual([
      ['Frameworks/F.framework', 'framework', 'Frameworks/F.framework/F', undefined],
      ['PlugIns/W.appex', 'appex', 'PlugIns/W.appex/W', 'PlugIns/W.appex/embedded.mobileprovision'],
    ]);
    expect(facts.machOs.map(({ path }) => path).sort()).toEqual([
      'Frameworks/F.framework/F',
      'Hello',
      'PlugIns/W.appex/W',
    ]);
  });

  test('of a macOS app with frameworks, helpers, and files where only code may be', async () => {
    const framework = macFramework('Contents/Frameworks', 'Kit', 'com.example.kit');
    const helper = {
      CFBundleIdentifier: 'com.example.hello.helper',
      CFBundleExecutable: 'H',
      CFBundlePackageType: 'APPL',
    };
    const appPath = await makeMacApp(dir, {
      links: framework.links,
      files: {
        ...framework.files,
        'Contents/Frameworks/Kit.framework/Versions/A/stray.json': '{}',
        'Contents/Helpers/H.app/Contents/Info.plist': infoPlist(helper),
        'Contents/Helpers/H.app/Contents/MacOS/H': '#!/bin/sh\n',
        'Contents/MacOS/tool.sh': '#!/bin/sh\n',
        'Contents/MacOS/tool': buildMachO({ text: 'tool' }),
        'Contents/PkgInfo': 'APPL????',
        'Contents/Frameworks/data/readme.txt': 'x',
        'Contents/Resources/asset/Info.plist': 'no plist at all',
        'Contents/Resources/R.bundle/Contents/Info.plist': infoPlist({ CFBundleIdentifier: 'com.example.r' }),
        'stray.txt': 'x',
      },
    });
    const facts = await inspectMac(appPath);
    expect(
      facts.nested.map(({ path, kind, frameworkVersion, executableKind }) => [
        path,
        kind,
        frameworkVersion,
        executableKind,
      ]),
    ).toEqual([
      ['Contents/Frameworks/Kit.framework', 'framework', 'A', 'macho'],
      ['Contents/Helpers/H.app', 'app', undefined, 'script'],
    ]);
    expect(facts.exclusions).toEqual(['Contents/Resources/R.bundle', 'Contents/Resources/asset']);
    expect(facts.strayFiles).toEqual([
      'Contents/Frameworks/Kit.framework/Versions/A/stray.json',
      'Contents/Frameworks/data/readme.txt',
      'Contents/MacOS/tool.sh',
    ]);
  });

  test('of an app whose executable is a script: legal on macOS, said in the facts', async () => {
    const facts = await inspectMac(await makeMacApp(dir, { executable: Buffer.from('#!/bin/sh\nexit 0\n') }));
    expect([facts.executableKind, facts.architectures]).toEqual(['script', []]);
  });

  test('of a universal app: the lowest system of its parts', async () => {
    const executable = buildFatMachO([
      buildMachO({ minimumOs: '11.0' }),
      buildMachO({ architecture: 'x86_64', minimumOs: '10.15' }),
    ]);
    expect(await inspectMac(await makeMacApp(dir, { executable }))).toMatchObject({
      architectures: ['arm64', 'x86_64'],
      minimumOs: '10.15',
    });
  });
});

describe('refusals', () => {
  const cases: Record<string, () => Promise<unknown>> = {
    'another bundle id': async () =>
      inspectBundle(await makeMacApp(dir), {
        target: 'macos-sign',
        expectedBundleId: 'com.example.other',
        signal,
      }),
    'no Info.plist': async () => {
      const appPath = await makeMacApp(dir);
      await rm(join(appPath, 'Contents/Info.plist'));
      return inspectMac(appPath);
    },
    'a source tree': async () => {
      await mkdir(join(dir, 'project.app/src'), { recursive: true });
      await writeFile(join(dir, 'project.app/package.json'), '{}');
      return inspectMac(join(dir, 'project.app'));
    },
    'no folder': () => inspectMac(join(dir, 'Nothing.app')),
    'Info.plist is a link': async () => {
      const appPath = await makeMacApp(dir);
      await rm(join(appPath, 'Contents/Info.plist'));
      await symlink('/etc/passwd', join(appPath, 'Contents/Info.plist'));
      return inspectMac(appPath);
    },
    'no identifier': async () =>
      inspectMac(await makeMacApp(dir, { info: { CFBundleIdentifier: undefined } })),
    'an executable name with a path': async () =>
      inspectMac(await makeMacApp(dir, { info: { CFBundleExecutable: '../../x' } })),
    'no executable': async () => inspectMac(await makeMacApp(dir, { executable: null })),
    'an executable that is a link': async () =>
      inspectMac(
        await makeMacApp(dir, {
          executable: null,
          links: { 'Contents/MacOS/Hello': 'real' },
          files: { 'Contents/MacOS/real': buildMachO() },
        }),
      ),
    'an executable that is data': async () =>
      inspectMac(await makeMacApp(dir, { executable: Buffer.from('data') })),
    'an executable that is a library': async () =>
      inspectMac(await makeMacApp(dir, { executable: buildMachO({ fileType: 'dylib' }) })),
    'a script on iOS': async () =>
      inspectIos(await makeIosApp(dir, { executable: Buffer.from('#!/bin/sh\n') })),
    'a simulator build': async () =>
      inspectIos(await makeIosApp(dir, { executable: buildMachO({ platform: 'ios-simulator' }) })),
    'a macOS library in an iOS app': async () =>
      inspectIos(
        await makeIosApp(dir, { files: { 'Frameworks/x.dylib': buildMachO({ fileType: 'dylib' }) } }),
      ),
    'Intel code in an iOS app': async () =>
      inspectIos(
        await makeIosApp(dir, {
          files: {
            'Frameworks/x.dylib': buildFatMachO([
              buildMachO({ platform: 'ios', fileType: 'dylib' }),
              buildMachO({ platform: 'ios', fileType: 'dylib', architecture: 'x86_64' }),
            ]),
          },
        }),
      ),
    'encrypted code': async () =>
      inspectIos(await makeIosApp(dir, { executable: buildMachO({ platform: 'ios', encrypted: true }) })),
    'an iOS app as macOS': async () => inspectMac(await makeIosApp(dir)),
    'a macOS app as iOS': async () => inspectIos(await makeMacApp(dir)),
    'a folder Resources in an iOS app': async () =>
      inspectIos(await makeIosApp(dir, { files: { 'Resources/x': 'x' } })),
    'a folder Resources in an iOS framework': async () =>
      inspectIos(
        await makeIosApp(dir, {
          files: {
            ...nestedFlat('Frameworks/F.framework', { bundleId: 'com.example.f', name: 'F' }),
            'Frameworks/F.framework/Resources/x': 'x',
          },
        }),
      ),
    'a truncated library': async () =>
      inspectMac(
        await makeMacApp(dir, {
          files: { 'Contents/Frameworks/x.dylib': buildMachO({ fileType: 'dylib' }).subarray(0, 0x2000) },
        }),
      ),
    'an object file': async () =>
      inspectMac(
        await makeMacApp(dir, {
          files: { 'Contents/Frameworks/x.o': buildMachO({ fileType: 'object', linkedit: false }) },
        }),
      ),
    'a payload behind the program': async () =>
      inspectMac(
        await makeMacApp(dir, { executable: Buffer.concat([buildMachO(), Buffer.from('payload')]) }),
      ),
    'an extension without executable': async () => {
      const files = nestedFlat('PlugIns/W.appex', { bundleId: 'com.example.hello.w', name: 'W' });
      delete files['PlugIns/W.appex/W'];
      return inspectIos(await makeIosApp(dir, { files }));
    },
    'an extension with a broken Info.plist': async () =>
      inspectIos(await makeIosApp(dir, { files: { 'PlugIns/W.appex/Info.plist': 'broken' } })),
    'an extension without identifier': async () =>
      inspectIos(
        await makeIosApp(dir, { files: nestedFlat('PlugIns/W.appex', { bundleId: '', name: 'W' }) }),
      ),
    'a bundle of resources where code must be': async () =>
      inspectMac(
        await makeMacApp(dir, {
          files: { 'Contents/PlugIns/x.bundle/Info.plist': infoPlist({ CFBundlePackageType: 'BNDL' }) },
        }),
      ),
    'a folder with a dot where code must be': async () =>
      inspectMac(await makeMacApp(dir, { files: { 'Contents/Frameworks/lib.d/x': buildMachO() } })),
    'too many nested bundles': async () => {
      const plists = Array.from(
        { length: 501 },
        (_, i) => [`Contents/Resources/${i}/Info.plist`, 'x'] as const,
      );
      return inspectMac(await makeMacApp(dir, { files: Object.fromEntries(plists) }));
    },
    'a link out of the bundle': async () =>
      inspectMac(await makeMacApp(dir, { links: { 'Contents/Resources/x': '../../../x' } })),
    'an absolute link': async () =>
      inspectMac(await makeMacApp(dir, { links: { 'Contents/Resources/x': '/etc/passwd' } })),
    'a chain of links out of the bundle': async () => {
      await writeFile(join(dir, 'outside'), 'secret');
      return inspectMac(
        await makeMacApp(dir, {
          links: { 'Contents/Resources/a/b/up': '../../../..', 'Contents/Resources/a/x': 'b/up/../outside' },
        }),
      );
    },
  };
  test('each with its code, cause and next step', async () => {
    const texts: Record<string, string> = {};
    for (const [name, attempt] of Object.entries(cases)) {
      texts[name] = await refusal(attempt());
      await rm(dir, { recursive: true });
      await mkdir(dir);
    }
    expect(texts).toMatchInlineSnapshot(`
      {
        "Info.plist is a link": "BUNDLE_INFO_PLIST_MISSING: The bundle has no Contents/Info.plist. There is a symbolic link in its place, which is not followed. Build the bundle again.",
        "Intel code in an iOS app": "BUNDLE_ARCHITECTURE_WRONG: "Frameworks/x.dylib" holds x86_64 code, which no iOS device runs. The App Store refuses bundles with such code; it comes from a build for the simulator. Remove that part ("lipo -remove x86_64") or take the library's device build, and build again.",
        "a bundle of resources where code must be": "BUNDLE_EXECUTABLE_MISSING: The nested bundle "Contents/PlugIns/x.bundle" has no executable. Its Info.plist names none, and no file has its name. Let CFBundleExecutable name its program, or move a bundle of resources to Contents/Resources, and build again.",
        "a chain of links out of the bundle": "BUNDLE_LINK_OUTSIDE: The symbolic link "Contents/Resources/a/x" leads out of the bundle. It points to "b/up/../outside". Make the link relative with its target inside the bundle, or replace it by a copy, then build again.",
        "a folder Resources in an iOS app": "SIGN_LAYOUT_UNSUITABLE: The iOS bundle has a folder "Resources", with which it cannot be sealed. A bundle with "Resources" at its top is sealed by the rules of macOS. Rename that folder (for example to "assets"), then build again.",
        "a folder Resources in an iOS framework": "SIGN_LAYOUT_UNSUITABLE: The iOS bundle has a folder "Frameworks/F.framework/Resources", with which it cannot be sealed. A bundle with "Resources" at its top is sealed by the rules of macOS. Rename that folder (for example to "assets"), then build again.",
        "a folder with a dot where code must be": "SIGN_UNSEALED: "Contents/Frameworks/lib.d" cannot be sealed, because it would be taken for a bundle and is none. In the folders for code every folder with a dot in its name is a bundle with an Info.plist. Move it to Contents/Resources, or give it a name without a dot, and build again.",
        "a link out of the bundle": "BUNDLE_LINK_OUTSIDE: The symbolic link "Contents/Resources/x" leads out of the bundle. It points to "../../../x". Make the link relative with its target inside the bundle, or replace it by a copy, then build again.",
        "a macOS app as iOS": "BUNDLE_PLATFORM_WRONG: The bundle is to be signed for iOS, but it is laid out as a macOS app. Its Info.plist lies at Contents/Info.plist. Build for iOS, or choose the target of its platform.",
        "a macOS library in an iOS app": "BUNDLE_PLATFORM_WRONG: The bundle is to be signed for iOS, but "Frameworks/x.dylib" was built for macos. Its load commands name the platform macos. Build it for iOS, or choose the target of its platform.",
        "a payload behind the program": "SIGN_BINARY_UNSUITABLE: "Contents/MacOS/Hello" cannot take a signature. As a Mach-O file, 7 bytes follow its __LINKEDIT segment, which signing would drop. Remove the file if the app does not load it (object files, debug symbols), or link it again.",
        "a script on iOS": "BUNDLE_EXECUTABLE_INVALID: The main executable "Hello" is not a program that can be signed. It is a script, and iOS runs none. Let CFBundleExecutable name the compiled program, build again and try again.",
        "a simulator build": "BUNDLE_PLATFORM_WRONG: The bundle is to be signed for iOS, but "Hello" was built for ios-simulator. Its load commands name the platform ios-simulator. Build for devices, not for the simulator, and try again.",
        "a source tree": "BUNDLE_MISSING: The bundle is the source of an app instead of a compiled app bundle. There is no Contents/Info.plist, but "package.json", "src". Read the log of the build, fix what it reports, and build again.",
        "a truncated library": "MACHO_INVALID: The program file "Contents/Frameworks/x.dylib" is damaged. It starts as a Mach-O file, but its segment "__TEXT" reaches beyond the end of the file. Build the bundle again and try again.",
        "an absolute link": "BUNDLE_LINK_OUTSIDE: The symbolic link "Contents/Resources/x" leads out of the bundle. It points to "/etc/passwd". Make the link relative with its target inside the bundle, or replace it by a copy, then build again.",
        "an executable name with a path": "BUNDLE_INFO_PLIST_INCOMPLETE: "Contents/Info.plist" has no usable CFBundleExecutable. Its value is "../../x". Build the bundle with a valid CFBundleExecutable and try again.",
        "an executable that is a library": "BUNDLE_EXECUTABLE_INVALID: The main executable "Contents/MacOS/Hello" is not a program that can be signed. It is a Mach-O file of the type "dylib", not a program. Let CFBundleExecutable name the compiled program, build again and try again.",
        "an executable that is a link": "BUNDLE_EXECUTABLE_INVALID: The main executable "Contents/MacOS/Hello" is not a program that can be signed. It is a symbolic link, not a file. Let CFBundleExecutable name the compiled program, build again and try again.",
        "an executable that is data": "BUNDLE_EXECUTABLE_INVALID: The main executable "Contents/MacOS/Hello" is not a program that can be signed. It is neither a Mach-O file nor a script. Let CFBundleExecutable name the compiled program, build again and try again.",
        "an extension with a broken Info.plist": "PLIST_INVALID: The property list "PlugIns/W.appex/Info.plist" cannot be used. It is neither an XML nor a binary plist. Build the bundle again, and check the file with "plutil -lint".",
        "an extension without executable": "BUNDLE_EXECUTABLE_MISSING: The nested bundle "PlugIns/W.appex" has no executable. Its Info.plist names "W", and there is no such regular file. Build the bundle again with all its parts and try again.",
        "an extension without identifier": "BUNDLE_INFO_PLIST_INCOMPLETE: "PlugIns/W.appex/Info.plist" has no usable CFBundleIdentifier. The key is missing, empty or no string. Build the bundle with a valid CFBundleIdentifier and try again.",
        "an iOS app as macOS": "BUNDLE_PLATFORM_WRONG: The bundle is to be signed for macOS, but it is laid out as an iOS app. Its Info.plist lies at Info.plist. Build for macOS, or choose the target of its platform.",
        "an object file": "SIGN_BINARY_UNSUITABLE: "Contents/Frameworks/x.o" cannot take a signature. As a Mach-O file, it has no __LINKEDIT segment. Remove the file if the app does not load it (object files, debug symbols), or link it again.",
        "another bundle id": "BUNDLE_ID_MISMATCH: The app is expected to be "com.example.other", but the bundle says it is "com.example.hello". bundle_id of the manifest and CFBundleIdentifier in Contents/Info.plist differ. Give the project one bundle identifier (perry.toml) and build it again, then try again.",
        "encrypted code": "BUNDLE_ENCRYPTED: "Hello" is encrypted and cannot be signed again. Its cryptid is not 0: it was downloaded from the App Store. Use the bundle as it came out of the build, not one taken from a device or the store.",
        "no Info.plist": "BUNDLE_INFO_PLIST_MISSING: The bundle has no Contents/Info.plist. At its top is "Contents". Build the bundle again.",
        "no executable": "BUNDLE_EXECUTABLE_MISSING: The bundle has no executable "Contents/MacOS/Hello". CFBundleExecutable in Contents/Info.plist names it, and there is no such file. Let CFBundleExecutable name the compiled program, build again and try again.",
        "no folder": "BUNDLE_NOT_A_FOLDER: "Nothing.app" is not an app bundle. It does not exist. Name the folder <name>.app that the compiler made.",
        "no identifier": "BUNDLE_INFO_PLIST_INCOMPLETE: "Contents/Info.plist" has no usable CFBundleIdentifier. The key is missing, empty or no string. Build the bundle with a valid CFBundleIdentifier and try again.",
        "too many nested bundles": "SIGN_LAYOUT_UNSUITABLE: The bundle holds 502 files named Info.plist; 500 is the most that is signed. Every folder with such a file would be signed as a bundle of its own. Remove what is no part of the app, or pack it into an archive, and try again.",
      }
    `);
    expect(JSON.stringify(texts)).not.toContain(dir);
  });

  test('an abort ends the reading', async () => {
    const aborted = AbortSignal.abort(new Error('cancelled'));
    await expect(
      inspectBundle(await makeMacApp(dir), { target: 'macos-sign', signal: aborted }),
    ).rejects.toThrow('cancelled');
  });
});

describe('repairs', () => {
  test('modes: programs and libraries 0755, the rest readable, links left alone', async () => {
    const appPath = await makeIosApp(dir, {
      files: {
        ...nestedFlat('PlugIns/W.appex', { bundleId: 'com.example.hello.w', name: 'W' }),
        'data.json': '{}',
      },
      links: { link: 'data.json' },
    });
    const { chmod } = await import('node:fs/promises');
    await chmod(join(appPath, 'data.json'), 0o600);
    const changed = await repairModes(appPath, await inspectIos(appPath));
    expect(changed.sort()).toEqual(['Hello', 'PlugIns/W.appex/W', 'data.json']);
    const modes = await Promise.all(
      changed.map(async (path) => ((await stat(join(appPath, path))).mode & 0o777).toString(8)),
    );
    expect(modes).toEqual(['755', '755', '644']);
    expect(await readlink(join(appPath, 'link'))).toBe('data.json');
  });

  test('modes: a link that took the place of the executable is not followed', async () => {
    const appPath = await makeMacApp(dir);
    const facts = await inspectMac(appPath);
    await writeFile(join(dir, 'victim'), 'x', { mode: 0o600 });
    await rm(join(appPath, facts.executable));
    await symlink(join(dir, 'victim'), join(appPath, facts.executable));
    await repairModes(appPath, facts);
    expect((await stat(join(dir, 'victim'))).mode & 0o777).toBe(0o600);
  });

  test('sidecar entitlements are taken out once', async () => {
    const appPath = await makeIosApp(dir, {
      files: {
        'app.entitlements': infoPlist({ 'com.apple.developer.associated-domains': ['applinks:example.com'] }),
      },
    });
    expect(await takeSidecarEntitlements(appPath)).toEqual({
      'com.apple.developer.associated-domains': ['applinks:example.com'],
    });
    expect(await takeSidecarEntitlements(appPath)).toBeUndefined();
    expect(await readdir(appPath)).not.toContain('app.entitlements');
  });

  test('sidecar entitlements: a link is refused, not read', async () => {
    const appPath = await makeIosApp(dir, { links: { 'app.entitlements': '/etc/passwd' } });
    expect(await refusal(takeSidecarEntitlements(appPath))).toMatch(/^BUNDLE_LINK_OUTSIDE/);
  });

  test('a profile is replaced by fresh bytes, and removed', async () => {
    const appPath = await makeMacApp(dir, {
      links: { 'Contents/embedded.provisionprofile': '../../victim' },
    });
    await writeFile(join(dir, 'victim'), 'untouched');
    await writeEmbeddedProfile(appPath, { layout: 'deep' }, Buffer.from('profile'));
    expect(await readFile(join(dir, 'victim'), 'utf8')).toBe('untouched');
    const facts = await inspectMac(appPath);
    expect(facts.embeddedProfile).toBe('Contents/embedded.provisionprofile');
    expect(await removeEmbeddedProfile(appPath, facts)).toBe(true);
    expect(await readdir(join(appPath, 'Contents'))).not.toContain('embedded.provisionprofile');
  });
});

describe('Info.plist', () => {
  test('iOS becomes binary, macOS stays XML; the same content again is left alone', async () => {
    for (const [appPath, facts, format] of [
      [await makeIosApp(dir, { name: 'I' }), { platform: 'ios', infoPlist: 'Info.plist' }, 'binary'],
      [await makeMacApp(dir, { name: 'M' }), { platform: 'macos', infoPlist: 'Contents/Info.plist' }, 'xml'],
    ] as const) {
      const info = newDict([...Object.entries(await readInfoPlist(appPath, facts)), ['Added', 1]]);
      expect(await writeInfoPlist(appPath, facts, info)).toBe(true);
      expect(await writeInfoPlist(appPath, facts, info)).toBe(false);
      expect(plistFormat(await readFile(join(appPath, facts.infoPlist)))).toBe(format);
      expect(await readInfoPlist(appPath, facts)).toEqual(info);
      expect(await readdir(join(appPath, facts.infoPlist, '..'))).not.toContainEqual(
        expect.stringContaining('.perry-ship'),
      );
    }
  });

  test('unchanged XML of a person keeps its bytes; UTF-16 does not, because rcodesign cannot read it', async () => {
    const appPath = await makeMacApp(dir);
    const facts = { platform: 'macos', infoPlist: 'Contents/Info.plist' } as const;
    const text = (await readFile(join(appPath, facts.infoPlist), 'utf8')).replace(
      '<dict>',
      '<!-- ours -->\n<dict>',
    );
    await writeFile(join(appPath, facts.infoPlist), text);
    const info = await readInfoPlist(appPath, facts);
    expect(await writeInfoPlist(appPath, facts, info)).toBe(false);
    const utf16 = Buffer.from(`\ufeff${text.replace('UTF-8', 'UTF-16')}`, 'utf16le');
    await writeFile(join(appPath, facts.infoPlist), utf16);
    expect(await writeInfoPlist(appPath, facts, info)).toBe(true);
    expect(await readInfoPlist(appPath, facts)).toEqual(info);
  });

  test('what XML has no form for is written in the binary one', async () => {
    const appPath = await makeMacApp(dir);
    const facts = { platform: 'macos', infoPlist: 'Contents/Info.plist' } as const;
    for (const odd of ['a\u0001b', new Date(Date.UTC(12_000, 0, 1))]) {
      const info = newDict([...Object.entries(await readInfoPlist(appPath, facts)), ['Odd', odd]]);
      expect(await writeInfoPlist(appPath, facts, info)).toBe(true);
      expect(plistFormat(await readFile(join(appPath, facts.infoPlist)))).toBe('binary');
      expect(await readInfoPlist(appPath, facts)).toEqual(info);
    }
  });

  test('nothing is written through a link', async () => {
    const appPath = await makeMacApp(dir);
    const facts = { platform: 'macos', infoPlist: 'Contents/Info.plist' } as const;
    const outside = join(dir, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'Info.plist'), infoPlist({ a: 1 }));
    await rm(join(appPath, 'Contents'), { recursive: true });
    await symlink(outside, join(appPath, 'Contents'));
    expect(await refusal(writeInfoPlist(appPath, facts, newDict([['a', 2]])))).toMatch(
      /^BUNDLE_LINK_OUTSIDE/,
    );
    expect((await readFile(join(outside, 'Info.plist'), 'utf8')).includes('<integer>1')).toBe(true);
  });
});

if (!existsSync(rcodesignPath)) console.error('skipped: rcodesign 0.29.0 is not in the cache');

describe.skipIf(!existsSync(rcodesignPath))('rcodesign agrees', () => {
  const sign = (appPath: string): Promise<string> =>
    promisify(execFile)(rcodesignPath, ['sign', '-C', '/dev/null', appPath]).then(
      ({ stderr }) => stderr,
      (error) => `exit ${error.code}: ${error.stderr.trim().split('\n').at(-1)}`,
    );

  test('what the inspection accepts can be signed, nested code in the same order', async () => {
    const framework = macFramework('Contents/Frameworks', 'Kit', 'com.example.kit');
    const appPath = await makeMacApp(dir, { files: framework.files, links: framework.links });
    const facts = await inspectMac(appPath);
    const log = await sign(appPath);
    expect(log).toMatch(/signing main executable Contents\/MacOS\/Hello/);
    expect(log.split('\n').filter((line) => line.startsWith('entering nested bundle'))).toEqual(
      facts.nested.flatMap(({ path, frameworkVersion }) => [
        ...(frameworkVersion === undefined
          ? []
          : [`entering nested bundle ${path}/Versions/${frameworkVersion}`]),
        `entering nested bundle ${path}`,
      ]),
    );
    const again = await inspectMac(appPath);
    expect([again.wasSigned, again.machOs]).toEqual([true, facts.machOs]);
  });

  test('a script as the main executable ends the signing', async () => {
    const appPath = await makeMacApp(dir, { executable: Buffer.from('#!/bin/sh\n') });
    expect(await sign(appPath)).toBe('exit 1: Error: binary parsing error: Invalid magic number: 0x23212f62');
  });

  test('files that it leaves unsealed are the stray ones of the facts', async () => {
    const appPath = await makeMacApp(dir, {
      files: { 'Contents/MacOS/tool.sh': '#!/bin/sh\n', 'Contents/Frameworks/a.json': '{}' },
    });
    const { strayFiles } = await inspectMac(appPath);
    const unsealed = [...(await sign(appPath)).matchAll(/non Mach-O file with a nested rule: (.*)/g)].map(
      (match) => match[1],
    );
    expect(unsealed.sort()).toEqual([...strayFiles].sort());
  });

  test('an iOS app is signed after its modes were corrected, and its mode stays', async () => {
    const appPath = await makeIosApp(dir);
    await repairModes(appPath, await inspectIos(appPath));
    expect(await sign(appPath)).toMatch(/signing main executable Hello/);
    expect((await lstat(join(appPath, 'Hello'))).mode & 0o777).toBe(0o755);
  });
});

const composed = (text: string) => text.normalize('NFC');
const decomposed = (text: string) => text.normalize('NFD');
const everything = async (appPath: string) => (await listTree(appPath)).map(({ path }) => path);

describe('names with accents', () => {
  test('become those of an HFS+ volume, and Info.plist names its executable like that', async () => {
    const name = composed('Größe');
    const helper = `Contents/Library/LoginItems/${composed('Hélper')}.app/Contents`;
    const appPath = await makeMacApp(dir, {
      name,
      files: {
        [composed('Contents/Resources/Übersicht/ça.txt')]: 'text',
        'Contents/Resources/plain.txt': 'text',
        [`${helper}/Info.plist`]: infoPlist({
          CFBundleExecutable: composed('Hélper'),
          CFBundleIdentifier: 'com.example.hello.helper',
          CFBundlePackageType: 'APPL',
        }),
        [`${helper}/MacOS/${composed('Hélper')}`]: buildMachO(),
      },
      links: { [composed('Contents/Resources/á')]: composed('Übersicht/ça.txt') },
    });
    await decomposeNames(appPath);

    const found = await everything(appPath);
    expect(found).toEqual(found.map(decomposed));
    expect(await readlink(join(appPath, decomposed('Contents/Resources/á')))).toBe(
      decomposed('Übersicht/ça.txt'),
    );
    const facts = await inspectMac(appPath);
    expect(facts.executable).toBe(decomposed('Contents/MacOS/Größe'));
    expect(facts.nested.map(({ executable }) => executable)).toEqual([decomposed(`${helper}/MacOS/Hélper`)]);
    const info = await readInfoPlist(appPath, facts);
    expect(info).toMatchObject({ CFBundleExecutable: decomposed('Größe'), CFBundleName: name });
  });

  test('stay when the longer form has no room, and so does what Info.plist says', async () => {
    const name = composed('ü'.repeat(100));
    const appPath = await makeMacApp(dir, { name });
    await decomposeNames(appPath);
    expect((await inspectMac(appPath)).executable).toBe(`Contents/MacOS/${name}`);
  });

  test('stay when two of them would become one', async () => {
    const [one, other] = [composed('Contents/Resources/ü'), decomposed('Contents/Resources/ü')];
    const appPath = await makeMacApp(dir, { files: { [one]: '1', [other]: '2' } });
    await decomposeNames(appPath);
    expect(await everything(appPath)).toEqual(expect.arrayContaining([one, other]));
  });

  test('do not hide an Info.plist that cannot be read', async () => {
    const appPath = await makeMacApp(dir, { files: { [composed('Contents/Resources/ü')]: '' } });
    await writeFile(join(appPath, 'Contents/Info.plist'), '<plist');
    await decomposeNames(appPath);
    expect(await refusal(inspectMac(appPath))).toMatch(/^PLIST_INVALID/);
  });
});

test('what an earlier signature left is removed, a link as such', async () => {
  const framework = macFramework('Contents/Frameworks', 'Lib', 'com.example.lib');
  const appPath = await makeMacApp(dir, {
    files: {
      ...framework.files,
      'Contents/CodeResources': 'a stapled ticket',
      'Contents/Frameworks/Lib.framework/Versions/A/_CodeSignature/CodeResources': 'an old seal',
      'Contents/Resources/CodeResources': 'a resource',
    },
    links: { ...framework.links, 'Contents/_CodeSignature': 'Resources' },
  });
  await removeOldSignatures(appPath, await inspectMac(appPath));
  expect((await everything(appPath)).filter((path) => /_CodeSignature|CodeResources/.test(path))).toEqual([
    'Contents/Resources/CodeResources',
  ]);
});
