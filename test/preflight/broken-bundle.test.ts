import { zip } from '../helpers/archives.ts';
import { infoPlist, macFramework, nestedFlat } from '../helpers/bundles.ts';
import { buildFatMachO, buildMachO, type MachOOptions } from '../helpers/macho.ts';
import { appex, device, expectFound, iosInfo, iosWith, macWith } from './table.ts';

const jar = (code: MachOOptions) => zip([{ name: 'mac/libx.jnilib', body: buildMachO(code) }]);

expectFound([
  [
    'code for the simulator',
    'BUNDLE_PLATFORM_WRONG',
    'error',
    () => ({
      ios: { executable: buildMachO({ platform: 'ios-simulator' }) },
    }),
  ],
  [
    'a bundle that says it is for the simulator',
    'BUNDLE_PLATFORM_WRONG',
    'error',
    () => iosInfo({ CFBundleSupportedPlatforms: ['iPhoneSimulator'] }),
  ],
  [
    'a store bundle that says it is for the simulator as well',
    'BUNDLE_PLATFORM_WRONG',
    'error',
    () => iosInfo({ CFBundleSupportedPlatforms: ['iPhoneOS', 'iPhoneSimulator'] }),
  ],
  [
    'a store bundle that says it was built for the simulator',
    'BUNDLE_PLATFORM_WRONG',
    'error',
    () => iosInfo({ DTPlatformName: 'iphonesimulator' }),
  ],
  [
    'a store bundle that was built against what the simulator has',
    'BUNDLE_PLATFORM_WRONG',
    'error',
    () => iosInfo({ DTSDKName: 'iphonesimulator26.1' }, { to: 'testflight' }),
  ],
  [
    'a bundle that says it was built for the simulator, and goes to devices',
    'BUNDLE_PLATFORM_WRONG',
    'warning',
    () => iosInfo({ DTPlatformName: 'iphonesimulator' }, { to: 'package' }),
  ],
  [
    'code for macOS in an iOS app',
    'BUNDLE_PLATFORM_WRONG',
    'error',
    () => iosWith({ 'Frameworks/x.dylib': buildMachO({ fileType: 'dylib' }) }),
  ],
  [
    'Intel code in an iOS app',
    'BUNDLE_ARCHITECTURE_WRONG',
    'error',
    () => ({
      ios: {
        executable: buildFatMachO([buildMachO(device), buildMachO({ ...device, architecture: 'x86_64' })]),
      },
    }),
  ],
  [
    'encrypted code',
    'BUNDLE_ENCRYPTED',
    'error',
    () => ({ ios: { executable: buildMachO({ ...device, encrypted: true }) } }),
  ],
  [
    'an executable that is a library',
    'BUNDLE_EXECUTABLE_INVALID',
    'error',
    () => ({
      ios: { executable: buildMachO({ ...device, fileType: 'dylib' }) },
    }),
  ],
  [
    'a tool with a colon in its name',
    'SIGN_LAYOUT_UNSUITABLE',
    'error',
    () => macWith({ 'Contents/Helpers/a:b': buildMachO({ text: 'tool' }) }),
  ],
  [
    'a helper app with a colon in its path',
    'SIGN_LAYOUT_UNSUITABLE',
    'error',
    () => macWith(nestedFlat('Contents/Resources/a:b/H.app', { bundleId: 'a.h', name: 'H' })),
  ],
  ['no executable', 'BUNDLE_EXECUTABLE_MISSING', 'error', () => ({ mac: { executable: null } })],
  [
    'a script as the main executable',
    'BUNDLE_EXECUTABLE_IS_SCRIPT',
    'error',
    () => ({
      mac: { executable: Buffer.from('#!/bin/sh\n') },
    }),
  ],
  [
    'a script as the executable of a helper',
    'BUNDLE_EXECUTABLE_IS_SCRIPT',
    'error',
    () =>
      macWith({
        'Contents/Helpers/H.app/Contents/Info.plist': infoPlist({
          CFBundleIdentifier: 'a.b',
          CFBundleExecutable: 'H',
        }),
        'Contents/Helpers/H.app/Contents/MacOS/H': '#!/bin/sh\n',
      }),
  ],
  [
    'a truncated library',
    'MACHO_INVALID',
    'error',
    () => macWith({ 'Contents/Frameworks/x.dylib': buildMachO({ fileType: 'dylib' }).subarray(0, 0x2000) }),
  ],
  [
    'an object file',
    'SIGN_BINARY_UNSUITABLE',
    'error',
    () => macWith({ 'Contents/Frameworks/x.o': buildMachO({ fileType: 'object', linkedit: false }) }),
  ],
  [
    'data where only code may be',
    'SIGN_UNSEALED',
    'error',
    () => macWith({ 'Contents/MacOS/config.json': '{}' }),
  ],
  [
    'a script where only code may be',
    'SIGN_UNSEALED',
    'error',
    () => macWith({ 'Contents/MacOS/run.sh': '#!/bin/sh\n' }),
  ],
  [
    'a file at the top of a macOS bundle',
    'BUNDLE_PLACE_WRONG',
    'error',
    () => macWith({ 'notes.txt': 'x' }, { to: 'notarize' }),
  ],
  ['the same, only packed', 'BUNDLE_PLACE_WRONG', 'error', () => macWith({ 'notes.txt': 'x' })],
  [
    'a framework without its links',
    'BUNDLE_LINKS_LOST',
    'error',
    () =>
      macWith({
        'Contents/Frameworks/K.framework/Versions/A/K': buildMachO({ fileType: 'dylib' }),
        'Contents/Frameworks/K.framework/Versions/A/Resources/Info.plist': infoPlist({
          CFBundleIdentifier: 'a.k',
          CFBundleExecutable: 'K',
        }),
      }),
  ],
  [
    'a framework whose program is a copy instead of a link',
    'BUNDLE_LINKS_LOST',
    'error',
    () => {
      const { files, links } = macFramework('Contents/Frameworks', 'K', 'a.k');
      const { 'Contents/Frameworks/K.framework/K': _, ...others } = links;
      const copy = { 'Contents/Frameworks/K.framework/K': buildMachO({ fileType: 'dylib' }) };
      return { mac: { files: { ...files, ...copy }, links: others } };
    },
  ],
  [
    'a link out of the bundle',
    'BUNDLE_LINK_OUTSIDE',
    'error',
    () => ({ ios: { links: { x: '../../etc' } } }),
  ],
  [
    'a link in an iOS app',
    'BUNDLE_PLACE_WRONG',
    'error',
    () => ({ ios: { links: { 'assets/x': 'y' } }, to: 'appstore' }),
  ],
  [
    'a link that leads nowhere, in an app to be notarized',
    'BUNDLE_LINK_DANGLING',
    'error',
    () => ({ mac: { links: { 'Contents/Resources/x': 'y' } }, to: 'notarize' }),
  ],
  [
    'a link that leads to itself, in an app for the Mac App Store',
    'BUNDLE_LINK_DANGLING',
    'error',
    () => ({ mac: { links: { 'Contents/Resources/x': 'x' } }, to: 'appstore' }),
  ],
  [
    'a link that leads nowhere, only packed',
    'BUNDLE_LINK_DANGLING',
    'warning',
    () => ({ mac: { links: { 'Contents/Resources/x': 'y' } } }),
  ],
  [
    'the link to headers that a framework has no more',
    'BUNDLE_LINK_DANGLING',
    'warning',
    () => {
      const { files, links } = macFramework('Contents/Frameworks', 'K', 'a.k');
      const headers = { 'Contents/Frameworks/K.framework/Headers': 'Versions/Current/Headers' };
      return { mac: { files, links: { ...links, ...headers } }, to: 'notarize' };
    },
  ],
  [
    'an executable script in a framework of an iOS app',
    'BUNDLE_SCRIPT_EXECUTABLE',
    'error',
    () => ({
      ios: {
        files: {
          ...nestedFlat('Frameworks/A.framework', { bundleId: 'a.a', name: 'A' }),
          'Frameworks/A.framework/strip.sh': '#!/bin/sh\n',
        },
        modes: { 'Frameworks/A.framework/strip.sh': 0o755 },
      },
      to: 'appstore',
    }),
  ],
  [
    'code that was linked for the SDK of 10.8',
    'BUNDLE_SDK_OLD',
    'error',
    () =>
      macWith(
        { 'Contents/Frameworks/x.dylib': buildMachO({ fileType: 'dylib', sdk: '10.8', minimumOs: '10.6' }) },
        { to: 'notarize' },
      ),
  ],
  [
    'one old part of a universal library',
    'BUNDLE_SDK_OLD',
    'error',
    () =>
      macWith(
        {
          'Contents/Frameworks/x.dylib': buildFatMachO([
            buildMachO({ fileType: 'dylib' }),
            buildMachO({ fileType: 'dylib', architecture: 'x86_64', sdk: '10.6', minimumOs: '10.5' }),
          ]),
        },
        { to: 'both' },
      ),
  ],
  [
    'an unsigned library in a jar',
    'ARCHIVED_CODE_UNSIGNED',
    'error',
    () => macWith({ 'Contents/Resources/a.jar': jar({ fileType: 'dylib' }) }, { to: 'notarize' }),
  ],
  [
    'a library for an old SDK in a jar',
    'BUNDLE_SDK_OLD',
    'error',
    () => macWith({ 'Contents/Resources/a.jar': jar({ fileType: 'dylib', sdk: '10.5' }) }, { to: 'both' }),
  ],
  [
    'an archive that cannot be read',
    'BUNDLE_REMARK',
    'warning',
    () => macWith({ 'Contents/Resources/a.zip': 'PK\u0003\u0004 and no more' }, { to: 'notarize' }),
  ],
  [
    'code that does not say what it was linked with',
    'BUNDLE_SDK_OLD',
    'error',
    () => macWith({ 'Contents/MacOS/tool': buildMachO({ platform: null }) }, { to: 'notarize' }),
  ],
  [
    'a folder Resources in an iOS app',
    'SIGN_LAYOUT_UNSUITABLE',
    'error',
    () => iosWith({ 'Resources/x': 'x' }),
  ],
  [
    'a loose library in an iOS app',
    'BUNDLE_PLACE_WRONG',
    'error',
    () =>
      iosWith({ 'Frameworks/libx.dylib': buildMachO({ ...device, fileType: 'dylib' }) }, { to: 'appstore' }),
  ],
  [
    'a second program in an iOS app',
    'BUNDLE_PLACE_WRONG',
    'error',
    () => iosWith({ 'bin/tool': buildMachO({ ...device, text: 'tool' }) }, { to: 'appstore' }),
  ],
  [
    'a static library in an iOS app',
    'BUNDLE_PLACE_WRONG',
    'error',
    () => iosWith({ 'libx.a': '!<arch>\n' }, { to: 'appstore' }),
  ],
  [
    'a framework inside of a framework',
    'BUNDLE_PLACE_WRONG',
    'error',
    () =>
      iosWith(nestedFlat('Frameworks/A.framework/Frameworks/B.framework', { bundleId: 'a.b', name: 'B' }), {
        to: 'appstore',
      }),
  ],
  [
    'an extension in a place of its own',
    'BUNDLE_PLACE_WRONG',
    'error',
    () => iosWith(appex(undefined, {}, 'Widgets'), { to: 'appstore' }),
  ],
  ['an Info.plist that is none', 'PLIST_INVALID', 'error', () => iosWith({ 'Info.plist': 'broken' })],
  [
    'no identifier',
    'BUNDLE_INFO_PLIST_INCOMPLETE',
    'error',
    () => iosInfo({ CFBundleIdentifier: undefined }),
  ],
  [
    'another identifier than expected',
    'BUNDLE_ID_MISMATCH',
    'error',
    () => ({ ios: {}, bundleId: 'com.example.other' }),
  ],
  [
    'entitlements beside the app that are none',
    'PLIST_INVALID',
    'error',
    () => iosWith({ 'app.entitlements': 'broken' }),
  ],
  ['no system promised', 'BUNDLE_INFO_KEY_MISSING', 'error', () => iosInfo({ MinimumOSVersion: undefined })],
  ...[17, 'seventeen', '17.x', ''].map(
    (value) =>
      [
        `the system ${JSON.stringify(value)} promised`,
        'BUNDLE_INFO_KEY_INVALID',
        'error',
        () => iosInfo({ MinimumOSVersion: value }),
      ] as const,
  ),
  [
    'an older system promised than built for',
    'BUNDLE_MINIMUM_OS_WRONG',
    'error',
    () => iosInfo({ MinimumOSVersion: '15.0' }),
  ],
  [
    'the same, outside of the store',
    'BUNDLE_MINIMUM_OS_WRONG',
    'warning',
    () => ({ mac: { info: { LSMinimumSystemVersion: '10.15' } } }),
  ],
  [
    'a framework that promises an older system',
    'BUNDLE_MINIMUM_OS_WRONG',
    'error',
    () =>
      iosWith(
        {
          'Frameworks/F.framework/Info.plist': infoPlist({
            CFBundleIdentifier: 'a.f',
            CFBundleExecutable: 'F',
            MinimumOSVersion: '12.0',
          }),
          'Frameworks/F.framework/F': buildMachO({ ...device, fileType: 'dylib' }),
        },
        { to: 'appstore' },
      ),
  ],
  [
    'no word about the platform',
    'BUNDLE_PLATFORM_UNKNOWN',
    'warning',
    () => ({ ios: { executable: buildMachO({ platform: null }) } }),
  ],
  [
    'an old SDK',
    'BUNDLE_SDK_OLD',
    'warning',
    () => ({
      ios: { executable: buildMachO({ ...device, sdk: '17.0' }) },
      to: 'appstore',
      now: new Date('2026-11-01'),
    }),
  ],
]);
