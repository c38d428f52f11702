/**
 * What to do about Apple's objections, by their text: the same number has meant different things over the years.
 * Each pattern stands with a sample of what it is for.
 */
const advice: readonly (readonly [RegExp, string])[] = [
  // "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE", "The bundle version must be higher than the previously uploaded version: '41'"
  [
    /DUPLICATE|redundant binary|already (been )?(used|uploaded)|must be higher than the previously uploaded|later version/i,
    'Raise the build number ("version" in the project) above every one that was uploaded before, and send the job again.',
  ],
  // "This bundle is invalid. The value for key CFBundleShortVersionString [1.0] ... must contain a higher version"
  [
    /must contain a higher version|train version .* is closed|pre-release train/i,
    'Raise the marketing version ("short_version" in the project), and send the job again.',
  ],
  // "Info.plist value mismatch"
  [/value mismatch/i, 'Make version and build number in the project the same as in Info.plist.'],
  // "Missing required icon file", "Large App Icon ... can't be transparent or contain an alpha channel"
  [
    /\bicon\b/i,
    'Give the project a square 1024 × 1024 PNG without transparency as its icon, and send the job again.',
  ],
  // "Invalid Provisioning Profile", "Missing or invalid signature", "entitlements ... not supported ... provisioning profile"
  [
    /provisioning profile|entitlement/i,
    'Make a new App Store provisioning profile for this identifier and certificate, and send it with the job.',
  ],
  [
    /signature|signed|code object|certificate/i,
    'Sign with an Apple Distribution certificate of the team that the app belongs to.',
  ],
  // "Missing purpose string in Info.plist ... NSCameraUsageDescription"
  [
    /purpose string|UsageDescription/i,
    'Add the usage text that the message names to the project’s Info.plist settings.',
  ],
  // "SDK version issue. This app was built with the iOS 17.0 SDK"
  [/\bSDK\b|built with|unsupported Xcode/i, 'Build the app with a newer SDK; signing cannot change it.'],
  [
    /privacy manifest|required reason/i,
    'Add the privacy manifest entries that the message names, and build the app again.',
  ],
  [
    /launch (screen|storyboard)|orientation/i,
    'Correct the launch screen or orientation keys that the message names in the project’s Info.plist settings.',
  ],
];

/** The exact next step for a text of Apple's; undefined when none is known. */
export const adviceFor = (text: string): string | undefined =>
  advice.find(([pattern]) => pattern.test(text))?.[1];
