import { newDict, type PlistValue } from '../../src/formats/plist/index.ts';
import { infoPlist, makePng } from '../helpers/bundles.ts';
import { brokenCatalog, largeCatalog, transparentCatalog } from '../helpers/icon-catalog.ts';
import { iconCatalog } from '../helpers/icon-catalogs.ts';
import { buildMachO } from '../helpers/macho.ts';
import type { Job } from './job.ts';
import { appex, device, expectFound, iosInfo, iosWith, macWith, type Row } from './table.ts';

const linked = (name: string) =>
  buildMachO({ ...device, dylibs: [`/System/Library/Frameworks/${name}.framework/${name}`] });

const manifest = (keys: Readonly<Record<string, PlistValue>>, job: Job = { to: 'appstore' }): Job =>
  iosWith({ 'F.bundle/PrivacyInfo.xcprivacy': infoPlist(keys) }, job);
const reasons = (category: string, ...codes: string[]) => ({
  NSPrivacyAccessedAPITypes: [
    newDict([
      ['NSPrivacyAccessedAPIType', `NSPrivacyAccessedAPICategory${category}`],
      ['NSPrivacyAccessedAPITypeReasons', codes],
    ]),
  ],
});
const collected = (keys: Readonly<Record<string, PlistValue>>) => ({
  NSPrivacyCollectedDataTypes: [newDict(Object.entries(keys))],
});

const broken: readonly (readonly [string, Readonly<Record<string, PlistValue>>])[] = [
  ['tracking that is a text', { NSPrivacyTracking: 'no' }],
  ['domains that are not listed', { NSPrivacyTrackingDomains: 'example.com' }],
  ['a domain without a name', { NSPrivacyTracking: true, NSPrivacyTrackingDomains: [''] }],
  ['domains without tracking', { NSPrivacyTracking: false, NSPrivacyTrackingDomains: ['a.com'] }],
  ['an unknown category', reasons('Camera', 'CA92.1')],
  ['a reason of another category', reasons('DiskSpace', 'CA92.1')],
  ['a reason in words', reasons('UserDefaults', 'we need it')],
  ['a category without a reason', reasons('UserDefaults')],
  ['an empty entry', { NSPrivacyAccessedAPITypes: [newDict()] }],
  ['texts for entries', { NSPrivacyAccessedAPITypes: ['NSPrivacyAccessedAPICategoryUserDefaults'] }],
  ['an unknown kind of data', collected({ NSPrivacyCollectedDataType: 'Name' })],
  [
    'purposes in words',
    collected({
      NSPrivacyCollectedDataType: 'NSPrivacyCollectedDataTypeName',
      NSPrivacyCollectedDataTypeLinked: true,
      NSPrivacyCollectedDataTypeTracking: false,
      NSPrivacyCollectedDataTypePurposes: ['App functionality'],
    }),
  ],
];

expectFound([
  ...broken.map(
    ([name, keys]): Row => [
      `a privacy manifest with ${name}`,
      'PRIVACY_MANIFEST_INVALID',
      'error',
      () => manifest(keys),
    ],
  ),
  [
    'an icon with an alpha channel',
    'ICON_TRANSPARENT',
    'warning',
    async () => iosWith({ 'Icon-1024.png': await makePng(1024, 1024, { alpha: true }) }, { to: 'appstore' }),
  ],
  [
    'a privacy manifest that is JSON',
    'PRIVACY_MANIFEST_INVALID',
    'error',
    () => iosWith({ 'PrivacyInfo.xcprivacy': '{"NSPrivacyTracking": false}' }, { to: 'testflight' }),
  ],
  [
    'a privacy manifest with a key that Apple does not describe',
    'PRIVACY_MANIFEST_INVALID',
    'warning',
    () => manifest({ NSPrivacyOther: true }),
  ],
  [
    'a reason that may be new',
    'PRIVACY_MANIFEST_INVALID',
    'warning',
    () => manifest(reasons('UserDefaults', 'ABCD.1')),
  ],
  [
    'a broken privacy manifest outside of the store',
    'PRIVACY_MANIFEST_INVALID',
    'warning',
    () => manifest({ NSPrivacyTracking: 'no' }, {}),
  ],
  [
    'a version with a suffix',
    'BUNDLE_VERSION_INVALID',
    'error',
    () => iosInfo({ CFBundleShortVersionString: '1.2.3-beta.1' }),
  ],
  ['four numbers', 'BUNDLE_VERSION_INVALID', 'error', () => iosInfo({ CFBundleVersion: '1.2.3.4' })],
  [
    'a build number that is too long',
    'BUNDLE_VERSION_INVALID',
    'error',
    () => iosInfo({ CFBundleVersion: '1234567890123456789' }),
  ],
  ['a version that is a number', 'BUNDLE_VERSION_INVALID', 'error', () => iosInfo({ CFBundleVersion: 42 })],
  ['no version', 'BUNDLE_VERSION_INVALID', 'error', () => iosInfo({ CFBundleShortVersionString: undefined })],
  [
    'words as a version, outside of the store',
    'BUNDLE_VERSION_INVALID',
    'warning',
    () => ({ mac: { info: { CFBundleVersion: 'latest' } } }),
  ],
  ['no launch screen', 'BUNDLE_INFO_KEY_MISSING', 'error', () => iosInfo({ UILaunchScreen: undefined })],
  [
    'one orientation for iPad',
    'BUNDLE_INFO_KEY_INVALID',
    'error',
    () => iosInfo({ 'UISupportedInterfaceOrientations~ipad': ['UIInterfaceOrientationPortrait'] }),
  ],
  [
    'no orientations for iPad',
    'BUNDLE_INFO_KEY_MISSING',
    'error',
    () => iosInfo({ 'UISupportedInterfaceOrientations~ipad': undefined }),
  ],
  [
    'device families that are texts',
    'BUNDLE_INFO_KEY_INVALID',
    'error',
    () => iosInfo({ UIDeviceFamily: ['1', '2'] }),
  ],
  ['an app for Apple TV', 'BUNDLE_INFO_KEY_INVALID', 'error', () => iosInfo({ UIDeviceFamily: [3] })],
  [
    'capabilities that are a text',
    'BUNDLE_INFO_KEY_INVALID',
    'error',
    () => iosInfo({ UIRequiredDeviceCapabilities: 'arm64' }),
  ],
  [
    'another kind of bundle',
    'BUNDLE_INFO_KEY_INVALID',
    'error',
    () => iosInfo({ CFBundlePackageType: 'BNDL' }),
  ],
  [
    'no answer about encryption',
    'BUNDLE_INFO_KEY_MISSING',
    'warning',
    () => ({ ...iosInfo({ ITSAppUsesNonExemptEncryption: undefined }), to: 'testflight' }),
  ],
  [
    'no category',
    'BUNDLE_INFO_KEY_MISSING',
    'error',
    () => ({ mac: { info: { LSApplicationCategoryType: undefined } }, to: 'appstore' }),
  ],
  [
    'a category of no form',
    'BUNDLE_INFO_KEY_INVALID',
    'error',
    () => ({ mac: { info: { LSApplicationCategoryType: 'Games' } }, to: 'appstore' }),
  ],
  ['no icon', 'ICON_MISSING', 'error', () => iosWith({ 'Icon-1024.png': '' }, { to: 'appstore' })],
  [
    'no icon on macOS',
    'ICON_MISSING',
    'error',
    () => macWith({ 'Contents/Resources/AppIcon.png': '' }, { to: 'appstore' }),
  ],
  [
    'an asset catalog without the icon',
    'ICON_MISSING',
    'error',
    () => iosWith({ 'Assets.car': iconCatalog('Other') }, { to: 'appstore' }),
  ],
  [
    'an asset catalog without the icon that is named, outside of the store',
    'ICON_MISSING',
    'warning',
    () => ({
      ios: { files: { 'Assets.car': iconCatalog('AppIcon') }, info: { CFBundleIconName: 'Night' } },
    }),
  ],
  [
    'an asset catalog that is none',
    'ASSET_CATALOG_MALFORMED',
    'error',
    () => iosWith({ 'Assets.car': 'car' }, { to: 'appstore' }),
  ],
  [
    'an asset catalog without a byte',
    'ASSET_CATALOG_MALFORMED',
    'warning',
    () => iosWith({ 'Assets.car': Buffer.alloc(0) }, { to: 'testflight' }),
  ],
  [
    'half an asset catalog',
    'ASSET_CATALOG_MALFORMED',
    'error',
    () => iosWith({ 'Assets.car': largeCatalog().subarray(0, 2000) }, { to: 'appstore' }),
  ],
  [
    'a folder in the place of the asset catalog',
    'ASSET_CATALOG_MALFORMED',
    'error',
    () => ({ ios: { folders: ['Assets.car'] }, to: 'appstore' }),
  ],
  [
    'a link in the place of the asset catalog',
    'ASSET_CATALOG_MALFORMED',
    'error',
    () => ({ ios: { links: { 'Assets.car': 'Hello' } }, to: 'appstore' }),
  ],
  [
    'half an asset catalog on macOS',
    'ASSET_CATALOG_MALFORMED',
    'error',
    () => macWith({ 'Contents/Resources/Assets.car': largeCatalog().subarray(0, 2000) }, { to: 'appstore' }),
  ],
  [
    'half an asset catalog, outside of the store',
    'ASSET_CATALOG_MALFORMED',
    'warning',
    () => iosWith({ 'Assets.car': largeCatalog().subarray(0, 2000) }),
  ],
  [
    'half an asset catalog in a disk image',
    'ASSET_CATALOG_MALFORMED',
    'warning',
    () => macWith({ 'Contents/Resources/Assets.car': largeCatalog().subarray(0, 2000) }, { to: 'notarize' }),
  ],
  [
    'an asset catalog that is none, in an extension',
    'ASSET_CATALOG_MALFORMED',
    'warning',
    () => iosWith({ ...appex(), 'PlugIns/W.appex/Assets.car': 'car' }, { to: 'appstore' }),
  ],
  [
    'a large icon in the asset catalog that does not decode',
    'ASSET_CATALOG_MALFORMED',
    'error',
    () => iosWith({ 'Assets.car': brokenCatalog() }, { to: 'appstore' }),
  ],
  [
    'a large icon in the asset catalog that does not decode, outside of the store',
    'ASSET_CATALOG_MALFORMED',
    'warning',
    () => iosWith({ 'Assets.car': brokenCatalog() }),
  ],
  [
    'a large icon in the asset catalog that is transparent',
    'ICON_TRANSPARENT',
    'error',
    () => iosWith({ 'Assets.car': transparentCatalog() }, { to: 'appstore' }),
  ],
  [
    'an icon in the asset catalog without the picture of the App Store',
    'ICON_TOO_SMALL',
    'error',
    () => ({
      ios: { files: { 'Assets.car': iconCatalog('AppIcon') }, info: { CFBundleIconName: 'AppIcon' } },
      to: 'appstore',
    }),
  ],
  [
    'a dark icon that did not come along',
    'ICON_VARIANT_MISSING',
    'warning',
    () => iosWith({}, { iconVariants: { dark: 'assets/night.png' } }),
  ],
  [
    'an icon that is too small',
    'ICON_TOO_SMALL',
    'error',
    async () => iosWith({ 'Icon-1024.png': await makePng(512, 512) }, { to: 'appstore' }),
  ],
  [
    'an icon that is not square',
    'ICON_NOT_SQUARE',
    'error',
    async () => iosWith({ 'Icon-1024.png': await makePng(1200, 1024) }, { to: 'appstore' }),
  ],
  [
    'an icon that is no picture',
    'ICON_UNREADABLE',
    'error',
    () => iosWith({ 'Icon-1024.png': 'jpeg' }, { to: 'appstore' }),
  ],
  [
    'an icon that begins well and is cut',
    'ICON_UNREADABLE',
    'error',
    async () =>
      iosWith({ 'Icon-1024.png': (await makePng(1024, 1024)).subarray(0, -200) }, { to: 'appstore' }),
  ],
  [
    'an icon that is damaged, outside of the store',
    'ICON_UNREADABLE',
    'warning',
    async () => macWith({ 'Contents/Resources/AppIcon.png': (await makePng(1024, 1024)).fill(7, 60, 90) }),
  ],
  [
    'a small icon, outside of the store',
    'ICON_TOO_SMALL',
    'warning',
    async () => iosWith({ 'Icon-1024.png': await makePng(64, 64) }),
  ],
  [
    'a catalog without a name',
    'BUNDLE_INFO_KEY_MISSING',
    'error',
    () => iosWith({ 'Assets.car': largeCatalog() }, { to: 'appstore' }),
  ],
  [
    'contacts without a text',
    'PURPOSE_STRING_MISSING',
    'error',
    () => ({ ios: { executable: linked('Contacts') }, to: 'appstore' }),
  ],
  [
    'Bluetooth without a text',
    'PURPOSE_STRING_MISSING',
    'error',
    () => ({ ios: { executable: linked('CoreBluetooth') }, to: 'appstore' }),
  ],
  [
    'health data without a text, outside of the store',
    'PURPOSE_STRING_MISSING',
    'warning',
    () => ({ ios: { executable: linked('HealthKit') } }),
  ],
  ['an empty text', 'PURPOSE_STRING_MISSING', 'error', () => iosInfo({ NSCameraUsageDescription: ' ' })],
]);
