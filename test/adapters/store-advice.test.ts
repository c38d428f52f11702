import { describe, expect, test } from 'vitest';
import { textFor } from '../../machines/contracts/wording.ts';
import { adviceFor, isDuplicate } from '../../src/adapters/app-store-connect/index.ts';

/** Apple's texts, as its services have said them, and a word of what to do. */
const texts: readonly (readonly [text: string, advice: string])[] = [
  [
    "Missing required icon file. The bundle does not contain an app icon for iPhone of exactly '120x120' pixels (90022)",
    '1024',
  ],
  [
    "Invalid Image Path - No image found at the path referenced under key 'CFBundleIcons': 'AppIcon20x20' (90032)",
    '1024',
  ],
  [
    "Missing or invalid signature. The bundle 'com.x' is not signed using an Apple submission certificate. (90034)",
    'Apple Distribution',
  ],
  ['Invalid Signature. A sealed resource is missing or invalid. (90035)', 'can be signed'],
  [
    'Invalid Signature. Code object is not signed at all. The file at path [A.app/F] is not properly signed. (90035)',
    'can be signed',
  ],
  [
    "Invalid Code Signing Entitlements. Your application bundle's signature contains code signing entitlements that are not supported on iOS. (90046)",
    'wildcard',
  ],
  ['Missing Info.plist key. This bundle is missing CFBundleVersion. (90056)', 'Add the key'],
  [
    "Invalid MinimumOSVersion. The MinimumOSVersion in 'A.framework' is ''. (90530)",
    'minimum system version',
  ],
  [
    "The value for key CFBundleShortVersionString '1.2-beta' in the Info.plist file must be a period-separated list of at most three non-negative integers. (90060)",
    'three numbers',
  ],
  [
    'The value for key CFBundleShortVersionString [1.0] in the Info.plist file must contain a higher version than that of the previously approved version [1.0]. (90062)',
    'marketing version',
  ],
  [
    "Invalid Pre-Release Train. The train version '1.0' is closed for new build submissions (90186)",
    'marketing version',
  ],
  [
    "Missing Push Notification Entitlement - Your app appears to include API used to register with the Apple Push Notification service, but the app signature's entitlements do not include the 'aps-environment' entitlement. (90078)",
    '.',
  ],
  [
    "Unsupported Architectures. The executable for A.app contains unsupported architectures '[x86_64]'. (90087)",
    'simulator',
  ],
  [
    'Your binary is not optimized for iPhone 5 - New iPhone apps must support the 4-inch display and include a launch image (90096)',
    'launch screen',
  ],
  [
    "Unsupported SDK or Xcode version. Your app was built with an SDK or version of Xcode that isn't supported. (90534)",
    'released Xcode',
  ],
  [
    'The binary is invalid. The encryption info in the LC_ENCRYPTION_INFO load command is either missing or invalid (90125)',
    'linker',
  ],
  [
    "Invalid Segment Alignment. The app binary at 'A' does not have proper segment alignment. (90209)",
    'linker',
  ],
  [
    'The executable could not be re-signed for submission to the App Store. The app may have been built or signed with non-compliant or pre-release tools. (90135)',
    'PERRY_STORE_TIMESTAMP_URL',
  ],
  [
    'Invalid Provisioning Profile. The provisioning profile included in the bundle com.x is invalid. [Missing code-signing certificate.] (90161)',
    'new App Store provisioning profile',
  ],
  [
    'Invalid Code Signing Entitlements. The entitlements in your app bundle signature do not match the ones that are contained in the provisioning profile. (90164)',
    'new App Store provisioning profile',
  ],
  ['Invalid Provisioning Profile Signature. (90165)', 'new App Store provisioning profile'],
  [
    "Invalid Bundle Structure. The binary file 'A.app/x.dylib' is not permitted. Your app can't contain standalone executables or libraries (90171)",
    'frameworks',
  ],
  [
    'Missing Provisioning Profile. iOS Apps must contain a provisioning profile in a file named embedded.mobileprovision. (90174)',
    'new App Store provisioning profile',
  ],
  ["Invalid Bundle OS Type code. The bundle OS type code 'BNDL' is invalid. (90183)", 'CFBundlePackageType'],
  [
    "Redundant Binary Upload. You've already uploaded a build with build number '42' for version number '1.2.0'. (90189)",
    'build number',
  ],
  [
    "Invalid Bundle. The bundle at 'A.app/PlugIns/B.appex' contains disallowed nested bundles. (90205)",
    'out of the bundle',
  ],
  ["Invalid Bundle. The bundle at 'A' contains disallowed file 'Frameworks'. (90206)", 'out of the bundle'],
  [
    'Invalid Bundle. The bundle A.framework does not support the minimum OS Version specified in the Info.plist. (90208)',
    'minimum system version',
  ],
  [
    'Missing required icon. The application bundle does not contain an icon in ICNS format, containing both a 512x512 and a 512x512@2x image. (90236)',
    '1024',
  ],
  [
    "The product archive package's signature is invalid. Ensure that it is signed with your '3rd Party Mac Developer Installer' certificate. (90237)",
    'Installer',
  ],
  [
    'The product archive is invalid. The Info.plist must contain a LSApplicationCategoryType key (90242)',
    'LSApplicationCategoryType',
  ],
  [
    'The installer package includes files that are only readable by the root user. (90255)',
    'readable by all',
  ],
  [
    'Unsupported toolchain. Packages submitted to the Mac App Store must be created either through Xcode, or using the productbuild tool (90270)',
    'productbuild',
  ],
  [
    "App sandbox not enabled. The following executables must include the 'com.apple.security.app-sandbox' entitlement (90296)",
    'every executable',
  ],
  ['Non-public API usage. The app references non-public symbols in A (90338)', 'Remove the calls'],
  [
    "Invalid bundle identifier. The bundle identifier of the app extension is not prefixed with the app's identifier (90347)",
    'begin with that of the app',
  ],
  ['Invalid Swift Support - The SwiftSupport folder is missing. (90424)', 'framework'],
  [
    "Invalid bundle. iPad Multitasking support requires these orientations: 'UIInterfaceOrientationPortrait' (90474)",
    'orientation',
  ],
  [
    "Invalid bundle. iPad Multitasking support requires launch story board in bundle 'com.x'. (90475)",
    'launch screen',
  ],
  [
    "Invalid Version. The build with the version '42' can't be imported because a later version has been closed for new build submissions. (90478)",
    'build number',
  ],
  [
    "Missing purpose string in Info.plist. Your app's code references one or more APIs: NSCameraUsageDescription (90683)",
    'usage text',
  ],
  [
    "CFBundleIdentifier Collision. There is more than one bundle with the CFBundleIdentifier value 'com.x' (90685)",
    'identifier of its own',
  ],
  [
    "Missing Info.plist value. A value for the Info.plist key 'CFBundleIconName' is missing in the bundle (90713)",
    '1024',
  ],
  [
    "Invalid large app icon. The large app icon can't be transparent or contain an alpha channel. (90717)",
    'without transparency',
  ],
  ['SDK version issue. This app was built with the iOS 17.0 SDK. (90725)', 'released Xcode'],
  ['Deprecated API Usage. Apple no longer accepts apps that use UIWebView APIs. (90809)', 'Remove the calls'],
  [
    "Cannot be used with TestFlight because the executable 'helper' is missing a provisioning profile (90885)",
    'helpers without a profile',
  ],
  [
    "Missing API declaration. Your app's code references APIs that require reasons: required reason API (91053)",
    'privacy manifest',
  ],
  [
    'Missing signature. Your app includes a commonly used third-party SDK whose signature is missing (91065)',
    'vendor',
  ],
  [
    'Invalid package contents. The package contains one or more files with the com.apple.quarantine extended file attribute (91109)',
    'xattr',
  ],
  [
    "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE The bundle version must be higher than the previously uploaded version: '41'",
    'build number',
  ],
  ['STATE_ERROR.VALIDATION_ERROR Info.plist value mismatch', 'same as in Info.plist'],
];

describe('an objection of the store has a next step, by its words', () => {
  test.each(texts)('%s', (text, advice) => {
    expect(textFor(adviceFor(text) ?? '', 'hub')).toContain(advice);
    // the number at the end tells nothing: it is not what was looked at
    expect(adviceFor(text.replace(/ \(\d{5}\)$/, ''))).toBe(adviceFor(text));
  });
});

test('what is not known has none', () => {
  expect(adviceFor('The moon is in the wrong house. (99999)')).toBeUndefined();
});

test.each([
  ["Redundant Binary Upload. You've already uploaded a build with build number '42'.", true],
  ['ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE', true],
  ['must contain a higher version than that of the previously approved version [1.0].', false],
  ['CFBundleIdentifier Collision. There is more than one bundle with that value', false],
])('%s: the number is in use: %s', (text, expected) => {
  expect(isDuplicate(text)).toBe(expected);
});
