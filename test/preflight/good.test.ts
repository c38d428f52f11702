import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDict } from '../../src/formats/plist/index.ts';
import { type AppleLike, openAppleLike, TEAM } from '../helpers/apple-like.ts';
import { zip } from '../helpers/archives.ts';
import { infoPlist, macFramework } from '../helpers/bundles.ts';
import { largeCatalog, iconCatalog as layeredCatalog } from '../helpers/icon-catalog.ts';
import { iconCatalog } from '../helpers/icon-catalogs.ts';
import { buildFatMachO, buildMachO } from '../helpers/macho.ts';
import { findingsOf, type Job, ORIENTATIONS } from './job.ts';

let apple: AppleLike;
beforeAll(() => {
  apple = openAppleLike();
});
afterAll(() => apple.workshop.remove());

const store = { to: 'appstore', p12: 'distribution', profile: {} } as const;
const macStore = {
  to: 'appstore',
  p12: 'distribution',
  installer: 'installer',
  profile: { platform: 'macos' },
} as const;
const library = (name: string) =>
  buildMachO({ platform: 'ios', minimumOs: '17.0', fileType: 'dylib', text: name });
const watchCode = (fileType: 'execute' | 'dylib') =>
  buildMachO({ platform: 'watchos', minimumOs: '8.0', sdk: '26.1', fileType });
const nestedInfo = (kind: string, name: string, bundleId: string, more = {}) =>
  infoPlist({
    CFBundleIdentifier: bundleId,
    CFBundleExecutable: name,
    CFBundlePackageType: kind,
    CFBundleShortVersionString: '1.2.3',
    CFBundleVersion: '42',
    MinimumOSVersion: '17.0',
    ...more,
  });
const icns = (...types: string[]): Buffer => {
  const entries = types.map((type) => Buffer.concat([Buffer.from(type), Buffer.from([0, 0, 0, 9, 1])]));
  const body = Buffer.concat(entries);
  const head = Buffer.alloc(8);
  head.write('icns');
  head.writeUInt32BE(body.length + 8, 4);
  return Buffer.concat([head, body]);
};
const linked = (...frameworks: string[]) =>
  buildMachO({
    platform: 'ios',
    minimumOs: '17.0',
    sdk: '26.1',
    dylibs: frameworks.map((name) => `/System/Library/Frameworks/${name}.framework/${name}`),
  });
const farFuture = new Date('2042-01-01T00:00:00Z');

const jobs: Record<string, () => Job> = {
  'an iOS bundle alone': () => ({ ios: {} }),
  'a macOS bundle alone': () => ({ mac: {} }),
  'an iOS bundle alone, for the store': () => ({ ios: {}, to: 'appstore' }),
  'an iOS app for the App Store': () => ({ ios: {}, ...store }),
  'an iOS app for TestFlight': () => ({ ios: {}, ...store, to: 'testflight' }),
  'an iOS app for development': () => ({
    ios: {},
    p12: 'development',
    profile: { kind: 'development', certificates: ['development'] },
  }),
  'an iOS app for ad hoc distribution': () => ({ ios: {}, p12: 'distribution', profile: { kind: 'ad-hoc' } }),
  'an iOS app of a company': () => ({
    ios: {},
    p12: 'iosDistribution',
    profile: { kind: 'all-devices', certificates: ['iosDistribution'] },
  }),
  'a profile in BER': () => ({ ios: {}, ...store, profile: { ber: true } }),
  'a profile signed with SHA-256': () => ({ ios: {}, ...store, profile: { digest: 'sha256' } }),
  'a wildcard profile': () => ({ ios: {}, ...store, profile: { bundleId: 'com.example.*' } }),
  'a wildcard profile that serves the app and its extension': () => ({
    ios: {
      files: {
        'PlugIns/W.appex/Info.plist': nestedInfo('XPC!', 'W', 'com.example.hello.w', {
          NSExtension: newDict([['NSExtensionPointIdentifier', 'com.apple.keyboard-service']]),
        }),
        'PlugIns/W.appex/W': buildMachO({ platform: 'ios', minimumOs: '17.0', text: 'w' }),
      },
    },
    ...store,
    profile: { bundleId: 'com.example.*', prefix: 'OLDPREFIX1' },
  }),
  'a profile for everything': () => ({
    ios: {},
    p12: 'distribution',
    profile: { kind: 'ad-hoc', bundleId: '*' },
  }),
  'a profile of an older account, with a prefix of its own': () => ({
    ios: {},
    ...store,
    profile: { prefix: 'OLDPREFIX1' },
    teamId: TEAM,
  }),
  'a profile without a list of platforms or teams, as in 2013': () => ({
    ios: {},
    p12: 'distribution',
    profile: { kind: 'ad-hoc', keys: { Platform: undefined, TeamIdentifier: undefined } },
  }),
  'a profile with many certificates': () => ({
    ios: {},
    ...store,
    profile: {
      certificates: ['development', 'iosDistribution', 'nameOnly', 'selfMade', 'foreign', 'distribution'],
    },
  }),
  'a Developer ID profile that has outlived its signer': () => ({
    mac: {},
    profile: {
      platform: 'macos',
      kind: 'all-devices',
      expires: new Date('2060-01-01'),
      certificates: ['developerId'],
    },
    now: farFuture,
  }),
  'a certificate that only its name tells the kind of': () => ({
    ios: {},
    to: 'appstore',
    p12: 'nameOnly',
    profile: { certificates: ['nameOnly'] },
  }),
  'a self-made certificate, for nobody else': () => ({ mac: {}, p12: 'selfMade' }),
  'a macOS app to be notarized': () => ({ mac: {}, to: 'notarize', p12: 'developerId', teamId: TEAM }),
  'a macOS app with entitlements that need no profile': () => ({
    mac: {},
    to: 'notarize',
    p12: 'developerId',
    entitlements: { 'com.apple.security.cs.allow-jit': true, 'com.apple.security.get-task-allow': false },
  }),
  'a notarized macOS app with a profile for a restricted entitlement': () => ({
    mac: {},
    to: 'notarize',
    p12: 'developerId',
    profile: {
      platform: 'macos',
      kind: 'all-devices',
      certificates: ['developerId'],
      entitlements: { 'com.apple.developer.networking.vpn.api': ['allow-vpn'] },
    },
    entitlements: { 'com.apple.developer.networking.vpn.api': ['allow-vpn'] },
  }),
  'a macOS app for the Mac App Store': () => ({ mac: {}, ...macStore }),
  'a macOS app for both ways': () => ({
    mac: {},
    ...macStore,
    to: 'both',
    notarizeP12: 'developerId',
  }),
  'a Mac App Store app with an entitlements file': () => ({
    mac: {},
    ...macStore,
    entitlements: { 'com.apple.security.app-sandbox': true, 'com.apple.security.network.client': true },
  }),
  'an app for iPhone only, in portrait': () => ({
    ios: { info: { UIDeviceFamily: [1], 'UISupportedInterfaceOrientations~ipad': undefined } },
    to: 'appstore',
  }),
  'an iPad app that asks for the whole screen': () => ({
    ios: { info: { UIRequiresFullScreen: true, 'UISupportedInterfaceOrientations~ipad': undefined } },
    to: 'appstore',
  }),
  'orientations without a list of its own for iPad, and a storyboard': () => ({
    ios: {
      info: {
        'UISupportedInterfaceOrientations~ipad': undefined,
        UISupportedInterfaceOrientations: ORIENTATIONS,
        UILaunchScreen: undefined,
        UILaunchStoryboardName: 'LaunchScreen',
      },
    },
    to: 'appstore',
  }),
  'an asset catalog in the place of a picture, named as Xcode does': () => ({
    ios: {
      files: { 'Icon-1024.png': '', 'Assets.car': largeCatalog() },
      info: {
        CFBundleIcons: newDict([['CFBundlePrimaryIcon', newDict([['CFBundleIconName', 'AppIcon']])]]),
      },
    },
    to: 'appstore',
  }),
  'an asset catalog with a large icon': () => ({
    ios: {
      files: { 'Icon-1024.png': '', 'Assets.car': largeCatalog() },
      info: { CFBundleIconName: 'AppIcon' },
    },
    to: 'appstore',
  }),
  'an asset catalog whose icon is drawn from layers': () => ({
    ios: {
      files: { 'Icon-1024.png': '', 'Assets.car': layeredCatalog({ isLayered: true }) },
      info: { CFBundleIconName: 'AppIcon' },
    },
    to: 'appstore',
  }),
  'an asset catalog without the picture of the App Store, elsewhere': () => ({
    ios: {
      files: { 'Icon-1024.png': '', 'Assets.car': iconCatalog('AppIcon') },
      info: { CFBundleIconName: 'AppIcon' },
    },
  }),
  'an asset catalog whose large icon is stored in a way that nobody has described': () => ({
    ios: {
      files: { 'Icon-1024.png': '', 'Assets.car': largeCatalog({ stored: () => [11, Buffer.from('dmp2')] }) },
      info: { CFBundleIconName: 'AppIcon' },
    },
    to: 'appstore',
  }),
  'a dark icon where it lies in the project': () => ({
    ios: { files: { 'assets/night.png': 'png' } },
    iconVariants: { dark: 'assets/night.png' },
    to: 'appstore',
  }),
  'a Mac icon with all its sizes': () => ({
    mac: {
      files: {
        'Contents/Resources/AppIcon.png': '',
        'Contents/Resources/Acme.icns': icns('ic07', 'ic08', 'ic09', 'ic10'),
      },
      info: { CFBundleIconFile: 'Acme' },
    },
    to: 'appstore',
  }),
  'build numbers of every legal form': () => ({
    ios: { info: { CFBundleVersion: '202611240731', CFBundleShortVersionString: '1' } },
    to: 'appstore',
  }),
  'a browser with four numbers, outside of the store': () => ({
    mac: { info: { CFBundleShortVersionString: '120.0.6099.129', CFBundleVersion: '6099.129' } },
    to: 'notarize',
  }),
  'frameworks that are good for many things': () => ({
    ios: {
      executable: linked(
        'UIKit',
        'AVFoundation',
        'CoreMotion',
        'MediaPlayer',
        'MapKit',
        'LocalAuthentication',
      ),
    },
    to: 'appstore',
  }),
  'protected frameworks with their texts': () => ({
    ios: {
      executable: linked('Contacts', 'CoreLocation', 'Photos'),
      info: {
        NSContactsUsageDescription: 'To invite friends.',
        NSLocationWhenInUseUsageDescription: 'To show the way.',
        NSPhotoLibraryAddUsageDescription: 'To save pictures.',
      },
    },
    to: 'appstore',
  }),
  'an extension with its profile, a framework, the Swift runtime': () => ({
    ios: {
      files: {
        'PlugIns/W.appex/Info.plist': nestedInfo('XPC!', 'W', 'com.example.hello.w', {
          NSExtension: newDict([['NSExtensionPointIdentifier', 'com.apple.widgetkit-extension']]),
        }),
        'PlugIns/W.appex/W': buildMachO({ platform: 'ios', minimumOs: '17.0', text: 'w' }),
        'PlugIns/W.appex/embedded.mobileprovision': apple.profile({ bundleId: 'com.example.hello.w' }),
        'Frameworks/F.framework/Info.plist': nestedInfo('FMWK', 'F', 'com.example.f'),
        'Frameworks/F.framework/F': library('F'),
        'Frameworks/libswiftCore.dylib': library('swift'),
        'Base.lproj/Main.storyboardc/Info.plist': infoPlist({ UIStoryboardVersion: '1' }),
      },
    },
    ...store,
  }),
  'an extension for ExtensionKit': () => ({
    ios: {
      files: {
        'Extensions/I.appex/Info.plist': nestedInfo('XPC!', 'I', 'com.example.hello.i', {
          EXAppExtensionAttributes: newDict([
            ['EXExtensionPointIdentifier', 'com.apple.appintents-extension'],
          ]),
        }),
        'Extensions/I.appex/I': buildMachO({ platform: 'ios', minimumOs: '17.0', text: 'i' }),
        'Extensions/I.appex/embedded.mobileprovision': apple.profile({ bundleId: 'com.example.hello.i' }),
      },
    },
    ...store,
  }),
  'a watch app with a stub, and an extension with a framework and the Swift runtime': () => ({
    ios: {
      files: {
        'Watch/W.app/Info.plist': nestedInfo('APPL', 'W', 'com.example.hello.watchkitapp', {
          CFBundleSupportedPlatforms: ['WatchOS'],
          CFBundleVersion: '7',
        }),
        'Watch/W.app/W': watchCode('execute'),
        'Watch/W.app/_WatchKitStub/WK': watchCode('execute'),
        'Watch/W.app/embedded.mobileprovision': apple.profile({ bundleId: 'com.example.hello.watchkitapp' }),
        'Watch/W.app/PlugIns/E.appex/Info.plist': nestedInfo('XPC!', 'E', 'com.example.hello.watchkitapp.e', {
          NSExtension: newDict([['NSExtensionPointIdentifier', 'com.apple.watchkit']]),
        }),
        'Watch/W.app/PlugIns/E.appex/E': watchCode('execute'),
        'Watch/W.app/PlugIns/E.appex/embedded.mobileprovision': apple.profile({
          bundleId: 'com.example.hello.watchkitapp.e',
        }),
        'Watch/W.app/PlugIns/E.appex/Frameworks/F.framework/Info.plist': nestedInfo(
          'FMWK',
          'F',
          'com.example.f',
        ),
        'Watch/W.app/PlugIns/E.appex/Frameworks/F.framework/F': watchCode('dylib'),
        'Watch/W.app/PlugIns/E.appex/Frameworks/libswiftCore.dylib': watchCode('dylib'),
      },
    },
    ...store,
  }),
  'scripts that nobody may execute, and resources with odd modes': () => ({
    ios: {
      files: { 'www/build.sh': '#!/bin/sh\n', 'www/a.txt': 'a' },
      modes: { 'www/a.txt': 0o755 },
    },
    to: 'appstore',
  }),
  'a bundle of resources without an executable, with an underscore in its identifier': () => ({
    ios: {
      files: {
        'R.bundle/Info.plist': infoPlist({ CFBundleIdentifier: 'a.r_r', CFBundlePackageType: 'BNDL' }),
      },
    },
    to: 'appstore',
  }),
  'executable scripts in the resources of a Mac app': () => ({
    mac: {
      files: { 'Contents/Resources/run.sh': '#!/bin/sh\n' },
      modes: { 'Contents/Resources/run.sh': 0o755 },
    },
    to: 'notarize',
  }),
  'archives with a library for iOS, or not for the notary service': () => ({
    mac: {
      files: {
        'Contents/Resources/a.zip': zip([{ name: 'x.dylib', body: library('x') }]),
        'Contents/Resources/o.jar': zip([{ name: 'x.o', body: buildMachO({ fileType: 'object' }) }]),
      },
    },
    to: 'notarize',
  }),
  'an unsigned library in a jar, for oneself': () => ({
    mac: {
      files: { 'Contents/Resources/a.jar': zip([{ name: 'x', body: buildMachO({ fileType: 'dylib' }) }]) },
    },
  }),
  'privacy manifests as Apple describes them': () => ({
    ios: {
      files: {
        'PrivacyInfo.xcprivacy': infoPlist({
          NSPrivacyTracking: true,
          NSPrivacyTrackingDomains: ['example.com'],
          NSPrivacyCollectedDataTypes: [
            newDict([
              ['NSPrivacyCollectedDataType', 'NSPrivacyCollectedDataTypeEmailAddress'],
              ['NSPrivacyCollectedDataTypeLinked', true],
              ['NSPrivacyCollectedDataTypeTracking', false],
              ['NSPrivacyCollectedDataTypePurposes', ['NSPrivacyCollectedDataTypePurposeAppFunctionality']],
            ]),
          ],
          NSPrivacyAccessedAPITypes: [
            newDict([
              ['NSPrivacyAccessedAPIType', 'NSPrivacyAccessedAPICategoryUserDefaults'],
              ['NSPrivacyAccessedAPITypeReasons', ['CA92.1', '1C8F.1']],
            ]),
          ],
        }),
        'R.bundle/PrivacyInfo.xcprivacy': infoPlist(
          { NSPrivacyTracking: false, NSPrivacyTrackingDomains: [], NSPrivacyAccessedAPITypes: [] },
          'binary',
        ),
      },
    },
    to: 'appstore',
  }),
  'links that lead somewhere, and one to the seal of an older signature': () => ({
    mac: {
      files: { 'Contents/Resources/a/b.txt': 'b' },
      links: {
        'Contents/Resources/c': 'a',
        'Contents/Resources/d': 'c/b.txt',
        'Contents/CodeResources': '_CodeSignature/CodeResources',
      },
    },
    to: 'notarize',
  }),
  'code of macOS for the oldest SDK that is notarized, and Catalyst': () => ({
    mac: {
      files: {
        'Contents/Frameworks/a.dylib': buildMachO({ fileType: 'dylib', sdk: '10.9', minimumOs: '10.6' }),
        'Contents/Frameworks/b.dylib': buildMachO({
          fileType: 'dylib',
          platform: 'maccatalyst',
          sdk: '10.1',
        }),
      },
    },
    to: 'notarize',
  }),
  'a Mac app with a framework, a helper and two architectures': () => {
    const framework = macFramework('Contents/Frameworks', 'Kit', 'com.example.kit');
    const helper = {
      CFBundleIdentifier: 'org.other.helper',
      CFBundleExecutable: 'H',
      CFBundlePackageType: 'APPL',
    };
    return {
      mac: {
        executable: buildFatMachO([buildMachO(), buildMachO({ architecture: 'x86_64' })]),
        links: framework.links,
        files: {
          ...framework.files,
          'Contents/Helpers/H.app/Contents/Info.plist': infoPlist(helper),
          'Contents/Helpers/H.app/Contents/MacOS/H': buildMachO({ text: 'helper' }),
          'Contents/MacOS/tool': buildMachO({ text: 'tool' }),
          'Contents/PkgInfo': 'APPL????',
        },
      },
      to: 'notarize',
      p12: 'developerId',
    };
  },
  'entitlements beside the app that the profile allows': () => ({
    ios: {
      files: {
        'app.entitlements': infoPlist({ 'com.apple.developer.associated-domains': ['applinks:example.com'] }),
      },
    },
    ...store,
    profile: { entitlements: { 'com.apple.developer.associated-domains': '*' } },
  }),
  'groups and keychain groups of its own, of an older prefix, and of a variable': () => ({
    ios: {},
    ...store,
    profile: {
      prefix: 'OLDPREFIX1',
      entitlements: { 'com.apple.security.application-groups': ['group.com.example'] },
    },
    entitlements: {
      'application-identifier': 'OLDPREFIX1.com.example.hello',
      'com.apple.developer.team-identifier': TEAM,
      'com.apple.security.application-groups': ['group.com.example'],
      'keychain-access-groups': ['OLDPREFIX1.com.example.hello', '$(AppIdentifierPrefix)shared'],
    },
  }),
  'a group of its own team on macOS': () => ({
    mac: {},
    to: 'notarize',
    p12: 'developerId',
    entitlements: { 'com.apple.security.application-groups': [`${TEAM}.shared`, 'group.com.example'] },
  }),
  'push notifications that the profile allows': () => ({
    ios: {},
    ...store,
    profile: { entitlements: { 'aps-environment': 'production' } },
    capabilities: ['push-notifications', 'camera'],
  }),
};

test.each(Object.keys(jobs))('%s: no error', async (name) => {
  const job = jobs[name]?.() ?? {};
  const findings = await findingsOf(job, apple);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('only these give a warning', async () => {
  const warned: string[] = [];
  for (const [name, make] of Object.entries(jobs)) {
    const findings = await findingsOf(make(), apple);
    if (findings.length > 0) warned.push(`${name}: ${findings.map(({ code }) => code).join(', ')}`);
  }
  expect(warned).toMatchInlineSnapshot(`
    [
      "a certificate that only its name tells the kind of: CERTIFICATE_NOT_APPLE",
      "a self-made certificate, for nobody else: CERTIFICATE_NOT_APPLE",
      "an extension with its profile, a framework, the Swift runtime: SWIFT_SUPPORT_WRONG",
    ]
  `);
});
