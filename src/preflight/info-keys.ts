import { isOsVersion } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import { isDict, type PlistDict, type PlistValue, stringAt } from '../formats/plist/index.ts';
import { type Finding, finding, type Sentences } from './finding.ts';
import type { Context } from './input.ts';

const LAUNCH_SCREENS = ['UILaunchScreen', 'UILaunchScreens', 'UILaunchStoryboardName', 'UILaunchStoryboards'];
const ORIENTATIONS = ['Portrait', 'PortraitUpsideDown', 'LandscapeLeft', 'LandscapeRight'].map(
  (name) => `UIInterfaceOrientation${name}`,
);
const BUILD_PLATFORMS = ['DTPlatformName', 'DTSDKName'];
const SIMULATOR = /simulator/i;
const IPAD = 2;
/** iPhone, iPad, Vision; others are apps of other platforms. */
const FAMILIES_OF_IOS = [1, IPAD, 7];

/** Keys of the app's Info.plist that a destination asks for. What signing adds by itself is not missed here. */
export function infoKeyFindings(context: Context): Finding[] {
  const { info } = context.survey;
  if (!info) return [];
  const own = context.platform === 'ios' ? iosKeys(context, info) : macosKeys(context, info);
  return [...packageType(context, info), ...own];
}

const missing = ({ inStore }: Context, sentences: Sentences): Finding =>
  finding('BUNDLE_INFO_KEY_MISSING', inStore, sentences);
const invalid = ({ inStore }: Context, sentences: Sentences): Finding =>
  finding('BUNDLE_INFO_KEY_INVALID', inStore, sentences);

/** ITMS-90183 */
function packageType(context: Context, info: PlistDict): Finding[] {
  const type = info.CFBundlePackageType;
  if (type === undefined || type === 'APPL') return [];
  return [
    invalid(context, {
      summary: `CFBundlePackageType of the app is ${shownValue(type)}, and must be "APPL".`,
      reason: 'By it the system tells an app from a library.',
      nextStep: 'Set CFBundlePackageType to APPL, and build again.',
    }),
  ];
}

/** ITMS-90242 */
function macosKeys(context: Context, info: PlistDict): Finding[] {
  if (!context.toStore) return [];
  const category = context.wishes.category ?? stringAt(info, 'LSApplicationCategoryType');
  if (category?.startsWith('public.app-category.')) return [];
  const nextStep =
    'Set the category of the app (LSApplicationCategoryType), e.g. public.app-category.utilities.';
  const reason = 'The Mac App Store takes no app without one of its categories.';
  return [
    category === undefined
      ? missing(context, { summary: 'The Info.plist has no LSApplicationCategoryType.', reason, nextStep })
      : invalid(context, { summary: `The category of the app is ${shown(category)}.`, reason, nextStep }),
  ];
}

const iosKeys = (context: Context, info: PlistDict): Finding[] => [
  ...launchScreen(context, info),
  ...deviceFamily(context, info),
  ...supportedPlatforms(context, info),
  ...buildPlatform(context, info),
  ...(context.toStore
    ? [...minimumSystem(info), ...orientations(info), ...capabilities(info), ...encryption(context)]
    : []),
];

/** ITMS-90096, 90475 */
function launchScreen(context: Context, info: PlistDict): Finding[] {
  if (Object.keys(info).some((key) => LAUNCH_SCREENS.includes(key.replace(/~\w+$/, '')))) return [];
  return [
    missing(context, {
      summary: 'The Info.plist has neither UILaunchScreen nor UILaunchStoryboardName.',
      reason: 'The App Store wants a launch screen, and without one the app does not fill the screen.',
      nextStep: 'Add an empty UILaunchScreen dictionary, and build again.',
    }),
  ];
}

function deviceFamily(context: Context, info: PlistDict): Finding[] {
  const families = info.UIDeviceFamily;
  if (families === undefined) return [];
  const isList =
    Array.isArray(families) && families.length > 0 && families.every((item) => typeof item === 'number');
  if (isList && families.some((family) => FAMILIES_OF_IOS.includes(Number(family)))) return [];
  return [
    invalid(context, {
      summary: `UIDeviceFamily is ${shownValue(families)}.`,
      reason: 'It must be a list of the integers 1 (iPhone) and 2 (iPad).',
      nextStep: 'Set UIDeviceFamily to [1], [2] or [1, 2], and build again.',
    }),
  ];
}

/** Also when its code was built for devices, a bundle that says "simulator" is not installed. */
function supportedPlatforms(context: Context, info: PlistDict): Finding[] {
  const platforms = info.CFBundleSupportedPlatforms;
  const isForDevices = Array.isArray(platforms) && platforms.includes('iPhoneOS');
  // ITMS-90542; a device takes it
  const isForBoth = isForDevices && platforms.some((name) => /simulator$/i.test(String(name)));
  if (platforms === undefined || (isForDevices && !(isForBoth && context.toStore))) return [];
  return [
    finding('BUNDLE_PLATFORM_WRONG', 'error', {
      summary: `CFBundleSupportedPlatforms is ${shownValue(platforms)}, and must be ["iPhoneOS"].`,
      reason: isForBoth
        ? 'The App Store takes no bundle that is for the simulator as well (ITMS-90542).'
        : 'The bundle was built for something else than iOS devices.',
      nextStep: context.platform === 'ios' ? 'Build for devices, not for the simulator.' : 'Build for macOS.',
    }),
  ];
}

/** What Xcode wrote down of its build. Signing never corrects it, and a device does not look at it. */
function buildPlatform({ inStore }: Context, info: PlistDict): Finding[] {
  const key = BUILD_PLATFORMS.find((name) => SIMULATOR.test(stringAt(info, name) ?? ''));
  if (key === undefined) return [];
  return [
    finding('BUNDLE_PLATFORM_WRONG', inStore, {
      summary: `${key} in the Info.plist is ${shownValue(info[key] ?? '')}, and must be that of a device.`,
      reason: 'The App Store takes no app that says it was built for the simulator.',
      nextStep: 'Build for devices, not for the simulator.',
    }),
  ];
}

/** ITMS-90360, 90530 */
function minimumSystem(info: PlistDict): Finding[] {
  const claimed = stringAt(info, 'MinimumOSVersion');
  if (claimed !== undefined && isOsVersion(claimed)) return [];
  const isThere = info.MinimumOSVersion !== undefined;
  return [
    finding(isThere ? 'BUNDLE_INFO_KEY_INVALID' : 'BUNDLE_INFO_KEY_MISSING', 'error', {
      summary: 'The Info.plist has no usable MinimumOSVersion, and the App Store wants it.',
      reason: isThere ? `Its value is ${shownValue(info.MinimumOSVersion ?? '')}.` : 'The key is missing.',
      nextStep: 'Set MinimumOSVersion to the lowest iOS that the app is built for, such as "15.0".',
    }),
  ];
}

/** ITMS-90474: on an iPad an app shares the screen, and so must take all orientations, unless it asks for all of it. */
function orientations(info: PlistDict): Finding[] {
  const families = Array.isArray(info.UIDeviceFamily) ? info.UIDeviceFamily : [];
  if (
    !families.includes(IPAD) ||
    info.UIRequiresFullScreen === true ||
    info['UIRequiresFullScreen~ipad'] === true
  )
    return [];
  const taken = info['UISupportedInterfaceOrientations~ipad'] ?? info.UISupportedInterfaceOrientations;
  const lacking = ORIENTATIONS.filter((name) => !Array.isArray(taken) || !taken.includes(name));
  if (lacking.length === 0) return [];
  return [
    finding(taken === undefined ? 'BUNDLE_INFO_KEY_MISSING' : 'BUNDLE_INFO_KEY_INVALID', 'error', {
      summary: 'The app does not take all orientations of an iPad, which multitasking needs.',
      reason: `UISupportedInterfaceOrientations~ipad lacks ${lacking.join(', ')}.`,
      nextStep: 'List all four orientations for iPad, or set UIDeviceFamily to [1], and build again.',
    }),
  ];
}

function capabilities(info: PlistDict): Finding[] {
  const value = info.UIRequiredDeviceCapabilities;
  if (value === undefined)
    return [
      finding('BUNDLE_INFO_KEY_MISSING', 'warning', {
        summary: 'The Info.plist has no UIRequiredDeviceCapabilities.',
        reason: 'By it the App Store knows which devices the app is for.',
        nextStep: 'Add UIRequiredDeviceCapabilities with "arm64", and build again.',
      }),
    ];
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (isList || isDict(value)) return [];
  return [
    finding('BUNDLE_INFO_KEY_INVALID', 'error', {
      summary: `UIRequiredDeviceCapabilities is ${shownValue(value)}, and must be a list of texts.`,
      reason: 'The App Store does not take another form.',
      nextStep: 'Set UIRequiredDeviceCapabilities to ["arm64"], and build again.',
    }),
  ];
}

/** A build that does not answer Apple's question about encryption cannot be tested until somebody answers it. */
function encryption({ distribution, survey: { info } }: Context): Finding[] {
  if (distribution !== 'testflight' || info?.ITSAppUsesNonExemptEncryption !== undefined) return [];
  return [
    finding('BUNDLE_INFO_KEY_MISSING', 'warning', {
      summary: 'The Info.plist has no ITSAppUsesNonExemptEncryption.',
      reason: 'TestFlight holds the build back until the question about encryption is answered by hand.',
      nextStep: 'Set ITSAppUsesNonExemptEncryption (false for an app that uses no encryption of its own).',
    }),
  ];
}

function shownValue(value: PlistValue): string {
  if (typeof value === 'string') return shown(value);
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(shownValue).join(', ')}]`;
  return typeof value === 'object' ? 'of another type' : String(value);
}
