import { compareOsVersions, isOsVersion } from '../domain/bundle/index.ts';
import { baseOf } from '../domain/bundle/nested-places.ts';
import { shown } from '../domain/bundle/shown.ts';
import { embeddedSwiftLibraries } from '../domain/bundle/swift-libraries.ts';
import { type Finding, finding } from './finding.ts';
import { type Context, listed } from './input.ts';

/** The first systems that have the Swift runtime; concurrency came later, and can be brought along as well. */
const RUNTIME_SINCE = { ios: '12.2', macos: '10.14.4' } as const;
const CONCURRENCY_SINCE = { ios: '15.0', macos: '12.0' } as const;
const CONCURRENCY = 'libswift_Concurrency.dylib';

/** The Swift runtime, which apps for older systems bring along. */
export function swiftFindings(context: Context): Finding[] {
  return [...missingLibraries(context), ...(context.platform === 'ios' ? swiftSupport(context) : [])];
}

function missingLibraries({ survey: { code, files }, platform }: Context): Finding[] {
  const present = new Set([...files].map(baseOf));
  return [...code].flatMap(([path, { swiftLibraries, slices }]) => {
    const [system] = slices
      .flatMap(({ builds }) => builds.map(({ minimumOs }) => minimumOs))
      .filter(isOsVersion)
      .sort(compareOsVersions);
    const missing = swiftLibraries.filter((name) => {
      const since = (name === CONCURRENCY ? CONCURRENCY_SINCE : RUNTIME_SINCE)[platform];
      return !present.has(name) && system !== undefined && compareOsVersions(system, since) < 0;
    });
    if (missing.length === 0) return [];
    return [
      finding('SWIFT_LIBRARIES_MISSING', 'warning', {
        summary: `${shown(path)} needs Swift libraries that the bundle does not hold: ${listed(missing, shown)}.`,
        reason: `It is for systems from ${system} on, and older ones do not have them: it would not start there.`,
        nextStep:
          'Embed the Swift libraries (ALWAYS_EMBED_SWIFT_STANDARD_LIBRARIES), or raise the oldest system.',
      }),
    ];
  });
}

/** ITMS-90426, 90429, 90433: beside the app the App Store wants the originals of what is embedded. */
function swiftSupport({ survey: { files, swiftSupport: support }, inStore, toStore }: Context): Finding[] {
  const embedded = [...embeddedSwiftLibraries(files).keys()];
  const missing = embedded.filter((name) => !support?.libraries.has(name));
  const changed = embedded.filter((name) => support?.libraries.get(name) === false);
  const nextStep =
    'Send the .ipa that Xcode exports for the App Store, with SwiftSupport beside Payload as it is.';
  if (missing.length > 0)
    return [
      finding('SWIFT_SUPPORT_WRONG', inStore, {
        summary: `SwiftSupport lacks ${listed(missing, shown)}, and the App Store wants it.`,
        reason: 'The app embeds these libraries, and their originals must lie beside Payload (ITMS-90426).',
        nextStep,
      }),
    ];
  if (changed.length === 0 || !toStore) return [];
  return [
    finding('SWIFT_SUPPORT_WRONG', 'warning', {
      summary: `In SwiftSupport ${listed(changed, shown)} does not have the signature of Apple.`,
      reason: `The App Store compares these files with the originals (ITMS-90433)${support?.isMade ? '; they are those of the app' : ''}.`,
      nextStep,
    }),
  ];
}
