/** An objection by its words (all of them, in any order, when there are several), and what mends it. */
type Advice = readonly [words: RegExp | readonly RegExp[], nextStep: string];

const RAISE_NUMBER =
  'Raise the build number ("version" in the project) above every one that was uploaded before, and send the job again.';
const RAISE_VERSION = 'Raise the marketing version ("short_version" in the project), and send the job again.';
const NEW_PROFILE =
  'Make a new App Store provisioning profile for this identifier and certificate, and send it with the job.';
const UNSUPPORTED_ENTITLEMENT =
  'Take the entitlement that the message names, or its wildcard, out of the entitlements of the project.';
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
    'Make the version three numbers with dots between them, without a suffix, and send the job again.',
  ],
  [/value mismatch/i, 'Make version and build number in the project the same as in Info.plist.'],
];

const ofIcons: readonly Advice[] = [
  [/ICNS|512x512@2x/i, 'Give the project a square 1024 × 1024 PNG as its icon, and send the job again.'],
  [
    /\b(marketing |app |store |required )?icons?\b|CFBundleIcon/i,
    'Give the project a square 1024 × 1024 PNG without transparency as its icon, and send the job again.',
  ],
];

const ofPackages: readonly Advice[] = [
  [
    /product archive package's signature|3rd Party Mac Developer Installer/i,
    'Send a "Mac Installer Distribution" certificate (.p12) as the installer certificate of the job.',
  ],
  [
    /LSApplicationCategoryType/,
    'Add LSApplicationCategoryType, e.g. public.app-category.utilities, to the Info.plist settings of the project.',
  ],
  [/readable by the root user/i, 'Make every file of the bundle readable by all, and send the job again.'],
  [
    /unsupported toolchain|productbuild|product archive/i,
    'Let a worker with the xcode toolchain make the package: the store takes what productbuild makes.',
  ],
  [
    /com\.apple\.quarantine/i,
    'Remove the extended attributes of the bundle with `xattr -cr`, and send the job again.',
  ],
];

const ofSigning: readonly Advice[] = [
  [
    /app sandbox not enabled|com\.apple\.security\.app-sandbox/i,
    'Give every executable of the app the entitlement com.apple.security.app-sandbox, and send the job again.',
  ],
  [
    /TestFlight/,
    'Send an App Store provisioning profile for the app, and none of its entitlements to helpers without a profile.',
  ],
  [/not supported on iOS/i, UNSUPPORTED_ENTITLEMENT],
  [[/entitlement/i, /not supported/i], UNSUPPORTED_ENTITLEMENT],
  [/provisioning profile|entitlement/i, NEW_PROFILE],
  [
    /could not be re-signed/i,
    'Set PERRY_TIMESTAMP_URL of the worker to "none" for store builds, or build the app with released tools.',
  ],
  [
    /sealed resource|code object|not properly signed/i,
    'Leave only code in the bundle that can be signed, in the places for code, and send the job again.',
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
    'Add the usage text that the message names to the project’s Info.plist settings.',
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
    'Correct the launch screen or orientation keys that the message names in the project’s Info.plist settings.',
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
  [/PUSH|aps-environment/i, 'Add the push entitlement to the project, or leave the push API out of the app.'],
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
export const adviceFor = (text: string): string | undefined =>
  advice.find(([words]) => [words].flat().every((word) => word.test(text)))?.[1];

/** Whether all that Apple objects to is that a build of this number exists. */
export const isDuplicate = (text: string): boolean => DUPLICATE.test(text);
