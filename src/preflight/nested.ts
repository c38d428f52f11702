import type { NestedBundle } from '../domain/bundle/index.ts';
import { baseOf } from '../domain/bundle/nested-places.ts';
import { shown } from '../domain/bundle/shown.ts';
import { stringAt } from '../formats/plist/index.ts';
import { type Finding, finding } from './finding.ts';
import { type Context, listed } from './input.ts';

const PACKAGE_TYPES: Partial<Record<NestedBundle['kind'], string>> = {
  app: 'APPL',
  appex: 'XPC!',
  xpc: 'XPC!',
  framework: 'FMWK',
};
/** Without them a nested bundle of an iOS app is refused (ITMS-90056, 90057, 90360, 90530). */
const REQUIRED_ON_IOS = ['CFBundleVersion', 'CFBundleShortVersionString', 'MinimumOSVersion'];
const OWN_VERSION_KINDS: readonly NestedBundle['kind'][] = ['app', 'appex', 'framework'];

/** Bundles inside of the app: who they say they are, and whether that fits the app. */
export function nestedFindings(context: Context): Finding[] {
  const extensions = context.survey.nested.filter(isExtension);
  return [
    ...extensions
      .filter((bundle) => isNamedByApp(context, bundle))
      .flatMap((bundle) => identifier(context, bundle)),
    ...(context.platform === 'ios' ? extensions.flatMap((bundle) => versions(context, bundle)) : []),
    ...duplicates(context),
    ...context.survey.nested.flatMap((bundle) => packageType(context, bundle)),
    ...(context.toStore ? storeKeys(context) : []),
  ];
}

/** What is installed with the app and known by the app's identifier. The watch app has rules of its own. */
const isExtension = ({ kind, path }: NestedBundle): boolean =>
  (kind === 'appex' || kind === 'app') && !path.startsWith('Watch/');

/** On macOS a helper app may be called as it likes, and an extension as well outside of the store. */
const isNamedByApp = ({ platform, toStore }: Context, { kind }: NestedBundle): boolean =>
  platform === 'ios' || (toStore && kind === 'appex');

/** ITMS-90347; iOS does not install such an app either. */
function identifier({ survey: { bundleId } }: Context, { path, bundleId: own }: NestedBundle): Finding[] {
  if (bundleId === undefined || own.startsWith(`${bundleId}.`)) return [];
  return [
    finding('BUNDLE_NESTED_ID_WRONG', 'error', {
      summary: `${shown(path)} is ${shown(own)}; its identifier must begin with ${shown(`${bundleId}.`)}.`,
      reason: 'An app with an extension of another name is neither installed nor taken by the App Store.',
      nextStep: `Give the extension an identifier such as ${shown(`${bundleId}.widget`)}, and build again.`,
    }),
  ];
}

/** ITMS-90473: App Store Connect tells about it, and takes the app. */
function versions({ survey: { info } }: Context, bundle: NestedBundle): Finding[] {
  const [shortVersion, version] = ['CFBundleShortVersionString', 'CFBundleVersion'].map(
    (key) => info && stringAt(info, key),
  );
  if (bundle.shortVersion === shortVersion && bundle.version === version) return [];
  return [
    finding('BUNDLE_NESTED_VERSION_WRONG', 'warning', {
      summary: `${shown(bundle.path)} has another version than the app; the App Store wants them equal.`,
      reason: `It is ${versionText(bundle.shortVersion, bundle.version)}, the app is ${versionText(shortVersion, version)}.`,
      nextStep: 'Give the extension the version and the build number of the app, and build again.',
    }),
  ];
}

const versionText = (version = 'of no version', build = 'no build number'): string => `${version} (${build})`;

/** ITMS-90685. Outside of the store a framework may well be there twice, e.g. in the app and in its helper. */
function duplicates({ survey, inStore, toStore }: Context): Finding[] {
  const byId = new Map<string, string[]>();
  if (survey.bundleId !== undefined) byId.set(survey.bundleId, ['the app']);
  const counted = survey.nested.filter(
    ({ executable, kind }) => executable !== undefined && (toStore || kind !== 'framework'),
  );
  for (const { bundleId, path } of counted) {
    const paths = byId.get(bundleId) ?? [];
    if (!paths.includes(shown(path))) byId.set(bundleId, [...paths, shown(path)]);
  }
  return [...byId].flatMap(([bundleId, paths]) =>
    paths.length < 2
      ? []
      : finding('BUNDLE_ID_DUPLICATE', inStore, {
          summary: `${listed(paths, (path) => path)} have the same bundle identifier ${shown(bundleId)}.`,
          reason: 'The App Store and the system tell bundles apart by it.',
          nextStep: 'Give each bundle an identifier of its own, and build again.',
        }),
  );
}

/** ITMS-90183 */
function packageType({ survey, inStore }: Context, { kind, path, infoPlist }: NestedBundle): Finding[] {
  const info = survey.nestedInfo.get(infoPlist);
  const wanted = PACKAGE_TYPES[kind];
  const type = info && stringAt(info, 'CFBundlePackageType');
  if (wanted === undefined || type === undefined || type === wanted) return [];
  return [
    finding('BUNDLE_INFO_KEY_INVALID', inStore, {
      summary: `CFBundlePackageType of ${shown(path)} is ${shown(type)}, and must be "${wanted}".`,
      reason: 'The type must be that of the kind of bundle.',
      nextStep: `Set it to ${wanted}, and build again.`,
    }),
  ];
}

const storeKeys = (context: Context): Finding[] =>
  context.survey.nested.flatMap((bundle) =>
    context.platform === 'ios' ? missingKeys(context, bundle) : executableName(bundle),
  );

function missingKeys({ survey }: Context, { kind, executable, infoPlist }: NestedBundle): Finding[] {
  const info = survey.nestedInfo.get(infoPlist);
  if (!info || executable === undefined || !OWN_VERSION_KINDS.includes(kind)) return [];
  const lacking = REQUIRED_ON_IOS.filter((key) => stringAt(info, key) === undefined);
  if (lacking.length === 0) return [];
  return [
    finding('BUNDLE_INFO_KEY_MISSING', 'error', {
      summary: `${shown(infoPlist)} lacks ${lacking.join(', ')}, and the App Store wants them.`,
      reason: 'The keys are missing, or hold no string.',
      nextStep: 'Add the keys to the Info.plist of that bundle, and build again.',
    }),
  ];
}

/** ITMS-90362 */
function executableName({ kind, path, executable }: NestedBundle): Finding[] {
  if (kind !== 'appex' || executable === undefined) return [];
  const [folder, program] = [baseOf(path).replace(/\.appex$/i, ''), baseOf(executable)];
  if (folder === program) return [];
  return [
    finding('BUNDLE_INFO_KEY_INVALID', 'error', {
      summary: `The executable of ${shown(path)} is ${shown(program)}; in the Mac App Store it must be ${shown(folder)}.`,
      reason: 'An extension is found by the name of its folder.',
      nextStep: 'Name the executable of the extension like its folder, and build again.',
    }),
  ];
}
