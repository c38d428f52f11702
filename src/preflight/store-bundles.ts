import type { NestedBundle } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import { type PlistDict, stringAt } from '../formats/plist/index.ts';
import { type Finding, finding } from './finding.ts';
import type { Context } from './input.ts';

/** RFC 1034 form, as App Store Connect takes it. */
const STORE_IDENTIFIER = /^[A-Za-z0-9.-]+$/;

/** What App Store Connect refuses of bundles inside of an app, and nobody else looks at. */
export function storeBundleFindings(context: Context): Finding[] {
  const { platform, survey, toStore } = context;
  if (!toStore) return [];
  return [
    ...identifierForm(survey.bundleId, 'the app'),
    ...survey.nested
      .filter(({ executable }) => executable !== undefined)
      .flatMap(({ bundleId, path }) => identifierForm(bundleId, shown(path))),
    ...(platform === 'ios' ? survey.nested.flatMap((bundle) => ofIos(context, bundle)) : []),
  ];
}

/** ITMS-90049, 90277 */
function identifierForm(bundleId: string | undefined, owner: string): Finding[] {
  if (bundleId === undefined || STORE_IDENTIFIER.test(bundleId)) return [];
  return [
    finding('BUNDLE_INFO_KEY_INVALID', 'error', {
      summary: `The identifier ${shown(bundleId)} of ${owner} is not one that the App Store takes.`,
      reason: 'A bundle identifier has letters, digits, hyphens and dots only.',
      nextStep: 'Change CFBundleIdentifier of that bundle, and build again.',
    }),
  ];
}

function ofIos({ survey }: Context, bundle: NestedBundle): Finding[] {
  const info = survey.nestedInfo.get(bundle.infoPlist);
  return info ? [...unexpectedExecutable(bundle, info), ...simulator(bundle, info)] : [];
}

/** ITMS-90535. What frameworks and programs lack is told elsewhere. */
function unexpectedExecutable({ kind, path, executable }: NestedBundle, info: PlistDict): Finding[] {
  const named = stringAt(info, 'CFBundleExecutable');
  if (executable !== undefined || named === undefined || kind === 'framework') return [];
  return [
    finding('BUNDLE_EXECUTABLE_MISSING', 'error', {
      summary: `The nested bundle ${shown(path)} has no executable, and the App Store expects one.`,
      reason: `CFBundleExecutable in its Info.plist is ${shown(named)}, and there is no such file.`,
      nextStep: 'Remove CFBundleExecutable from the Info.plist of a bundle of resources, and build again.',
    }),
  ];
}

/** ITMS-90542 */
function simulator({ path }: NestedBundle, info: PlistDict): Finding[] {
  const { CFBundleSupportedPlatforms: platforms } = info;
  const listed = (Array.isArray(platforms) ? platforms : [platforms]).filter(
    (name): name is string => typeof name === 'string' && /simulator$/i.test(name),
  );
  const [first = ''] = listed;
  if (first === '') return [];
  return [
    finding('BUNDLE_PLATFORM_WRONG', 'error', {
      summary: `${shown(path)} was built for the simulator, and the App Store does not take it.`,
      reason: `CFBundleSupportedPlatforms in its Info.plist names ${shown(first)}.`,
      nextStep: 'Take the build of that bundle for devices, or remove the key from its Info.plist.',
    }),
  ];
}
