import { compareOsVersions, isOsVersion } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import { type PlistDict, stringAt } from '../formats/plist/index.ts';
import { type Finding, finding } from './finding.ts';
import type { Context } from './input.ts';

/** What the App Store takes for iOS since 2026-04-28: https://developer.apple.com/news/upcoming-requirements/ */
const STORE_SDK = { version: '26.0', since: new Date('2026-04-28T00:00:00Z') };

type Code = Context['survey']['code'] extends ReadonlyMap<string, infer C> ? C : never;

/** What the code says about how it was built, held against what the Info.plist says. */
export function buildFindings(context: Context): Finding[] {
  const { executable, code, info } = context.survey;
  const main = executable === undefined ? undefined : code.get(executable);
  if (!main || !info || executable === undefined) return [];
  return [
    ...unknownPlatform(executable, main),
    ...minimumSystem(
      context,
      info,
      main,
      context.platform === 'ios' ? 'MinimumOSVersion' : 'LSMinimumSystemVersion',
    ),
    ...frameworkSystems(context),
    ...(context.toStore && context.platform === 'ios'
      ? [...sdk(context, main), ...position(executable, main)]
      : []),
  ];
}

function unknownPlatform(path: string, { slices }: Code): Finding[] {
  if (slices.every(({ builds }) => builds.length > 0)) return [];
  return [
    finding('BUNDLE_PLATFORM_UNKNOWN', 'warning', {
      summary: `${shown(path)} does not say which platform it was built for.`,
      reason: 'It has no LC_BUILD_VERSION.',
      nextStep: "Link the app with Apple's linker or lld, which write it.",
    }),
  ];
}

const lowest = ({ slices }: Code): string | undefined =>
  slices.flatMap(({ builds }) => builds.map(({ minimumOs }) => minimumOs)).sort(compareOsVersions)[0];

function minimumSystem(
  { inStore }: Context,
  info: PlistDict,
  code: Code,
  key: string,
  what = 'the program',
): Finding[] {
  const claimed = stringAt(info, key);
  const built = lowest(code);
  if (claimed === undefined || built === undefined || !isOsVersion(claimed)) return [];
  if (compareOsVersions(claimed, built) >= 0) return [];
  return [
    finding('BUNDLE_MINIMUM_OS_WRONG', inStore, {
      summary: `${key} is ${claimed}, but ${what} was built for ${built} and newer.`,
      reason: 'On the systems between them it would not start.',
      nextStep: `Set ${key} to ${built}, or build for ${claimed}.`,
    }),
  ];
}

/** ITMS-90208 */
function frameworkSystems(context: Context): Finding[] {
  const { nested, nestedInfo, code } = context.survey;
  if (context.platform !== 'ios') return [];
  return nested.flatMap(({ infoPlist, executable = '', path }) => {
    const [info, own] = [nestedInfo.get(infoPlist), code.get(executable)];
    if (!info || !own) return [];
    return minimumSystem(context, info, own, 'MinimumOSVersion', `the code of ${shown(path)}`);
  });
}

/** ITMS-90725; a warning, because the date is Apple's, and moves. */
function sdk({ now }: Context, { slices }: Code): Finding[] {
  const sdks = slices.flatMap(({ builds }) => builds.map((build) => build.sdk)).sort(compareOsVersions);
  const [oldest] = sdks;
  if (oldest === undefined || now < STORE_SDK.since || compareOsVersions(oldest, STORE_SDK.version) >= 0)
    return [];
  return [
    finding('BUNDLE_SDK_OLD', 'warning', {
      summary: `The app was built with the SDK ${oldest}; the App Store takes ${STORE_SDK.version} and newer.`,
      reason: `Apple asks for it since ${STORE_SDK.since.toISOString().slice(0, 10)}.`,
      nextStep: 'Build with a current SDK before uploading.',
    }),
  ];
}

/** ITMS-90080 */
function position(path: string, { slices }: Code): Finding[] {
  if (slices.every(({ positionIndependent }) => positionIndependent)) return [];
  return [
    finding('BUNDLE_NOT_POSITION_INDEPENDENT', 'error', {
      summary: `${shown(path)} is not position independent, and the App Store does not take it.`,
      reason: 'Its Mach-O header lacks the flag MH_PIE.',
      nextStep: 'Link with -pie, and build again.',
    }),
  ];
}
