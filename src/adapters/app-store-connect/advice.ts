import { type Text, wording } from '../../../machines/contracts/wording.ts';
import { words } from '../../words.ts';

/** An objection by its words (all of them, in any order, when there are several), and what fixes it. */
type Advice = readonly [words: RegExp | readonly RegExp[], nextStep: Text];

const RAISE_NUMBER = wording`Raise ${words.buildNumber} above every one that was uploaded before, and try again.`;
const RAISE_VERSION = wording`Raise ${words.marketingVersion}, and try again.`;
const NEW_PROFILE =
  'Make a new App Store provisioning profile for this identifier and certificate, and use that.';
const UNSUPPORTED_ENTITLEMENT =
  'Take the entitlement that the message names, or its wildcard, out of the entitlements of the app.';
const NEWER_TOOLS =
  'Build the app with a released Xcode and SDK that the store takes; signing cannot change it.';
const BUILD_ANEW = 'Build the app with a linker whose output the store takes; signing cannot change it.';
const PLIST_KEY =
  'Add the key that the message names to the Info.plist of the bundle that it names, and build again.';

/** Another build has the number. */
const DUPLICATE =
  /DUPLICATE|redundant binary|already (been )?(used|uploaded)|higher than the previously uploaded/i;

const ofVersions: readonly Advice[] = [
  [DUPLICATE, RAISE_NUMBER],
  [/must contain a higher version|pre-release train/i, RAISE_VERSION],
  [[/train version/i, /is closed/i], RAISE_VERSION],
  [/later version/i, RAISE_NUMBER],
  [
    /at most three non-negative integers/i,
    'Make the version three numbers with dots between them, without a suffix, and try again.',
  ],
  [/value mismatch/i, 'Make version and build number everywhere the same as in Info.plist.'],
];

const ofIcons: readonly Advice[] = [
  [/ICNS|512x512@2x/i, 'Give the app a square 1024 × 1024 PNG as its icon, and try again.'],
  [
    /\b(marketing |app |store |required )?icons?\b|CFBundleIcon/i,
    'Give the app a square 1024 × 1024 PNG without transparency as its icon, and try again.',
  ],
];

const ofPackages: readonly Advice[] = [
  [
    /product archive package's signature|3rd Party Mac Developer Installer/i,
    wording`${words.configure} ${words.installerCertificate}, of the kind "Mac Installer Distribution".`,
  ],
  [
    /LSApplicationCategoryType/,
    'Add LSApplicationCategoryType, e.g. public.app-category.utilities, to the Info.plist of the app.',
  ],
  [/readable by the root user/i, 'Make every file of the bundle readable by all, and try again.'],
  [
    /unsupported toolchain|productbuild|product archive/i,
    'Sign in a machine with Xcode: the store takes only packages that productbuild made.',
  ],
  [
    /com\.apple\.quarantine/i,
    'Remove the extended attributes of the bundle with `xattr -cr`, and try again.',
  ],
];

const ofSigning: readonly Advice[] = [
  [
    /app sandbox not enabled|com\.apple\.security\.app-sandbox/i,
    'Give every executable of the app the entitlement com.apple.security.app-sandbox, and try again.',
  ],
  [
    /TestFlight/,
    'Use an App Store provisioning profile for the app, and none of its entitlements to helpers without a profile.',
  ],
  [/not supported on iOS/i, UNSUPPORTED_ENTITLEMENT],
  [[/entitlement/i, /not supported/i], UNSUPPORTED_ENTITLEMENT],
  [/provisioning profile|entitlement/i, NEW_PROFILE],
  [
    /could not be re-signed/i,
    wording`Set ${words.storeTimestampUrl} to "none", or build the app with released tools.`,
  ],
  [
    /sealed resource|code object|not properly signed/i,
    'Leave only code in the bundle that can be signed, in the places for code, and try again.',
  ],
  [
    [/SDK/i, /signature/i],
    'Keep the signature of the vendor on the SDK that the message names, and build the app again.',
  ],
  [
    /signature|signed|certificate/i,
    'Sign with an Apple Distribution certificate of the team that the app belongs to.',
  ],
];

const ofCode: readonly Advice[] = [
  [
    /unsupported architectures/i,
    'Build the app for arm64 devices only: no code for a simulator may be in it.',
  ],
  [
    /purpose string|UsageDescription/i,
    'Add the usage text that the message names to the Info.plist of the app.',
  ],
  [
    /privacy manifest|required reason|API declaration/i,
    'Add the privacy manifest entries that the message names, and build the app again.',
  ],
];

const ofContent: readonly Advice[] = [
  [/LC_ENCRYPTION_INFO|segment alignment|position.independent|\bPIE\b/i, BUILD_ANEW],
  [
    /UIWebView|non-public API|deprecated API/i,
    'Remove the calls that the message names, and build the app again.',
  ],
  [
    /minimum OS|MinimumOSVersion|LSMinimumSystemVersion/i,
    'Make the minimum system version of the bundle that the message names equal to that of the app, and build again.',
  ],
  [
    /launch (screen|story ?board|image)|orientation|optimized for iPhone/i,
    'Correct the launch screen or orientation keys that the message names in the Info.plist of the app.',
  ],
  [/Xcode|\bSDK\b|built with|toolchain|pre-release/i, NEWER_TOOLS],
];

const ofStructure: readonly Advice[] = [
  [
    /Swift ?Support/i,
    'Wrap each loose .dylib of the app in a framework, or leave it out, and build the app again.',
  ],
  [
    /not permitted|disallowed/i,
    'Move what the message names out of the bundle: libraries belong into frameworks, each at the top of Frameworks.',
  ],
  [
    /identifier collision|more than one bundle/i,
    'Give each bundle in the app an identifier of its own, and build the app again.',
  ],
  [
    /prefix/i,
    'Let the identifier of the extension begin with that of the app and a dot, and build the app again.',
  ],
  [/OS type code/i, 'Set CFBundlePackageType to APPL, FMWK or XPC! as fits the bundle, and build again.'],
  [[/missing/i, /key|CFBundle/i], PLIST_KEY],
  [[/CFBundle/i, /must/i], PLIST_KEY],
  [/PUSH|aps-environment/i, 'Add the push entitlement to the app, or leave the push API out of the app.'],
];

/** By the text: the same number has meant different things over the years. The first that fits counts. */
const advice: readonly Advice[] = [
  ...ofVersions,
  ...ofPackages,
  ...ofCode,
  ...ofIcons,
  ...ofSigning,
  ...ofContent,
  ...ofStructure,
];

/** The exact next step for a text of Apple's; undefined when none is known. */
export const adviceFor = (text: string): Text | undefined =>
  advice.find(([patterns]) => [patterns].flat().every((pattern) => pattern.test(text)))?.[1];

/** Whether all that Apple objects to is that a build of this number exists. */
export const isDuplicate = (text: string): boolean => DUPLICATE.test(text);
