import { newDict, type PlistValue } from '../../src/formats/plist/index.ts';
import { infoPlist, macFramework, nestedFlat } from '../helpers/bundles.ts';
import { buildMachO } from '../helpers/macho.ts';
import { appex, device, expectFound, iosWith, macWith, store } from './table.ts';

const macAppex = (extension: PlistValue | undefined) => ({
  'Contents/PlugIns/W.appex/Contents/Info.plist': infoPlist({
    CFBundleIdentifier: 'com.example.hello.w',
    CFBundleExecutable: 'W',
    NSExtension: extension,
  }),
  'Contents/PlugIns/W.appex/Contents/MacOS/W': buildMachO(),
});
const resources = (info: Readonly<Record<string, PlistValue>>) => ({
  'P.bundle/Info.plist': infoPlist({
    CFBundleIdentifier: 'com.example.p',
    CFBundlePackageType: 'BNDL',
    ...info,
  }),
});
const framework = (executable: string) =>
  infoPlist({
    CFBundleIdentifier: 'com.example.n',
    CFBundleExecutable: executable,
    CFBundlePackageType: 'FMWK',
  });

/** A framework of iOS that is sound but for these keys. */
const library = (info: Readonly<Record<string, PlistValue | undefined>>) => ({
  'Frameworks/F.framework/Info.plist': infoPlist({
    CFBundleIdentifier: 'a.f',
    CFBundleExecutable: 'F',
    CFBundlePackageType: 'FMWK',
    CFBundleVersion: '1',
    CFBundleShortVersionString: '1.0',
    MinimumOSVersion: '17.0',
    ...info,
  }),
  'Frameworks/F.framework/F': buildMachO({ ...device, fileType: 'dylib' }),
});

expectFound([
  ['an extension of another app', 'BUNDLE_NESTED_ID_WRONG', 'error', () => iosWith(appex('com.other.w'))],
  [
    'an extension of another version',
    'BUNDLE_NESTED_VERSION_WRONG',
    'warning',
    () => iosWith(appex(undefined, { CFBundleVersion: '41' }), { to: 'appstore' }),
  ],
  [
    'the same, outside of the store',
    'BUNDLE_NESTED_VERSION_WRONG',
    'warning',
    () => iosWith(appex(undefined, { CFBundleVersion: '41' })),
  ],
  ...(
    [
      ['version', { CFBundleShortVersionString: undefined }],
      ['build number', { CFBundleVersion: undefined }],
      ['version that is a text', { CFBundleShortVersionString: 1 }],
    ] as const
  ).map(
    ([what, info]) =>
      [
        `an extension without a ${what}`,
        'BUNDLE_NESTED_VERSION_WRONG',
        'warning',
        () => iosWith(appex(undefined, info)),
      ] as const,
  ),
  ...(['2.0.0-beta.2', '7.1.2.1', 'HEAD based on 0.1.0', '1..2', ''] as const).flatMap((version) =>
    (['CFBundleShortVersionString', 'CFBundleVersion'] as const).map(
      (key) =>
        [
          `a framework whose ${key} is "${version}", in the store`,
          'BUNDLE_VERSION_INVALID',
          'error',
          () => iosWith(library({ [key]: version }), { to: 'appstore' }),
        ] as const,
    ),
  ),
  [
    'a framework that does not name its library',
    'BUNDLE_INFO_KEY_MISSING',
    'error',
    () => iosWith(library({ CFBundleExecutable: undefined })),
  ],
  [
    'two bundles of one identifier',
    'BUNDLE_ID_DUPLICATE',
    'error',
    () =>
      iosWith(
        {
          ...nestedFlat('Frameworks/A.framework', { bundleId: 'a.a', name: 'A' }),
          ...nestedFlat('Frameworks/B.framework', { bundleId: 'a.a', name: 'B' }),
        },
        { to: 'appstore' },
      ),
  ],
  [
    'a framework without a version',
    'BUNDLE_INFO_KEY_MISSING',
    'error',
    () =>
      iosWith(
        {
          'Frameworks/F.framework/Info.plist': infoPlist({
            CFBundleIdentifier: 'a.f',
            CFBundleExecutable: 'F',
          }),
          'Frameworks/F.framework/F': buildMachO({ ...device, fileType: 'dylib' }),
        },
        { to: 'appstore' },
      ),
  ],
  [
    'a framework of the wrong type',
    'BUNDLE_INFO_KEY_INVALID',
    'error',
    () =>
      iosWith(
        {
          ...nestedFlat('Frameworks/F.framework', { bundleId: 'a.f', name: 'F' }),
          'Frameworks/F.framework/Info.plist': infoPlist({
            CFBundleIdentifier: 'a.f',
            CFBundleExecutable: 'F',
            CFBundlePackageType: 'APPL',
          }),
        },
        { to: 'appstore' },
      ),
  ],
  [
    'an extension without its program',
    'BUNDLE_EXECUTABLE_MISSING',
    'error',
    () => iosWith({ 'PlugIns/W.appex/Info.plist': appex()['PlugIns/W.appex/Info.plist'] ?? '' }),
  ],
  ['an extension without a profile', 'PROFILE_MISSING', 'error', () => iosWith(appex(), store)],
  [
    'the same, outside of the store',
    'PROFILE_MISSING',
    'warning',
    () => iosWith(appex(), { p12: 'distribution', profile: { kind: 'ad-hoc' } }),
  ],
  [
    "an extension with the app's profile",
    'PROFILE_BUNDLE_ID_MISMATCH',
    'error',
    (apple) => iosWith({ ...appex(), 'PlugIns/W.appex/embedded.mobileprovision': apple.profile() }, store),
  ],
  [
    'an extension with an expired profile',
    'PROFILE_EXPIRED',
    'error',
    (apple) =>
      iosWith(
        {
          ...appex(),
          'PlugIns/W.appex/embedded.mobileprovision': apple.profile({
            bundleId: 'com.example.hello.w',
            expires: new Date('2024-01-01'),
          }),
        },
        store,
      ),
  ],
  [
    'an extension with a profile that is none',
    'PROFILE_INVALID',
    'error',
    () => iosWith({ ...appex(), 'PlugIns/W.appex/embedded.mobileprovision': 'profile' }, store),
  ],
  [
    'the same, outside of the store',
    'PROFILE_INVALID',
    'error',
    () => iosWith({ ...appex(), 'PlugIns/W.appex/embedded.mobileprovision': 'profile' }),
  ],
  [
    'an extension that extends nothing',
    'EXTENSION_POINT_MISSING',
    'error',
    () => iosWith(appex(undefined, { NSExtension: undefined }), { to: 'appstore' }),
  ],
  [
    'an extension whose extension point has no name',
    'EXTENSION_POINT_MISSING',
    'error',
    () => iosWith(appex(undefined, { NSExtension: newDict() }), { to: 'testflight' }),
  ],
  [
    'an extension of macOS that extends nothing, outside of the store',
    'EXTENSION_POINT_MISSING',
    'warning',
    () => macWith(macAppex(undefined), { to: 'notarize' }),
  ],
  [
    'the same, for the store',
    'EXTENSION_POINT_MISSING',
    'error',
    () => macWith(macAppex(undefined), { to: 'appstore' }),
  ],
  [
    'a bundle of resources that names an executable',
    'BUNDLE_EXECUTABLE_MISSING',
    'error',
    () => iosWith(resources({ CFBundleExecutable: 'P' }), { to: 'appstore' }),
  ],
  [
    'a bundle of resources for the simulator',
    'BUNDLE_PLATFORM_WRONG',
    'error',
    () => iosWith(resources({ CFBundleSupportedPlatforms: ['iPhoneSimulator'] }), { to: 'testflight' }),
  ],
  [
    'a framework without its library',
    'BUNDLE_EXECUTABLE_MISSING',
    'error',
    () => iosWith({ 'Frameworks/N.framework/Info.plist': framework('N') }, { to: 'appstore' }),
  ],
  [
    'a framework without its Info.plist',
    'BUNDLE_INFO_PLIST_MISSING',
    'error',
    () =>
      iosWith(
        { 'Frameworks/N.framework/N': buildMachO({ ...device, fileType: 'dylib' }) },
        { to: 'appstore' },
      ),
  ],
  [
    'a framework with nothing in it',
    'BUNDLE_INFO_PLIST_MISSING',
    'error',
    () => ({ ios: { folders: ['Frameworks/N.framework'] }, to: 'appstore' }),
  ],
  [
    'a framework with folders in it alone, in an extension',
    'BUNDLE_INFO_PLIST_MISSING',
    'error',
    () => ({
      ios: { files: appex(), folders: ['PlugIns/W.appex/Frameworks/N.framework/Headers'] },
      to: 'testflight',
    }),
  ],
  [
    'a framework of macOS that names another library than it has',
    'BUNDLE_EXECUTABLE_MISSING',
    'error',
    () =>
      macWith({
        'Contents/Frameworks/q.framework/Resources/Info.plist': framework('other'),
        'Contents/Frameworks/q.framework/q.macos': buildMachO({ fileType: 'dylib' }),
      }),
  ],
  [
    'a framework of macOS without its Info.plist',
    'BUNDLE_INFO_PLIST_MISSING',
    'error',
    () => macWith({ 'Contents/Frameworks/q.framework/q': buildMachO({ fileType: 'dylib' }) }),
  ],
  [
    'an identifier with an underscore, of a framework',
    'BUNDLE_INFO_KEY_INVALID',
    'error',
    () => iosWith(nestedFlat('Frameworks/A.framework', { bundleId: '_A', name: 'A' }), { to: 'appstore' }),
  ],
  [
    'the same, on macOS',
    'BUNDLE_INFO_KEY_INVALID',
    'error',
    () => {
      const { files, links } = macFramework('Contents/Frameworks', 'S', 'org.example.s_image');
      return { mac: { files, links }, to: 'appstore' };
    },
  ],
  [
    'an extension of another name than its folder, on macOS',
    'BUNDLE_INFO_KEY_INVALID',
    'error',
    () =>
      macWith(
        {
          'Contents/PlugIns/W.appex/Contents/Info.plist': infoPlist({
            CFBundleIdentifier: 'com.example.hello.w',
            CFBundleExecutable: 'Other',
          }),
          'Contents/PlugIns/W.appex/Contents/MacOS/Other': buildMachO(),
        },
        { to: 'appstore' },
      ),
  ],
]);
