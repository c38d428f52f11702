import type { NestedBundle } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import { type PlistDict, stringAt } from '../formats/plist/index.ts';
import { type Finding, finding, type Severity } from './finding.ts';
import type { Context } from './input.ts';

/** One to three whole numbers; https://developer.apple.com/documentation/bundleresources/information-property-list/cfbundleshortversionstring */
const STORE_FORM = /^\d+(?:\.\d+){0,2}$/;
/** What macOS compares as intended outside of the store, e.g. `120.0.6099.129` or `1.0b3`. */
const COMPARABLE_FORM = /^\d+(?:\.\d+){0,4}(?:[abdf]c?\d{0,3})?$/;
const MAX_CHARACTERS = 18;
/** Resources may have any. */
const VERSIONED_KINDS: readonly NestedBundle['kind'][] = ['app', 'appex', 'framework'];
const KEYS = ['CFBundleShortVersionString', 'CFBundleVersion'] as const;

/** ITMS-90060, 90056, 90057: version and build number of the app, and of what is versioned inside of it. */
export function versionFindings(context: Context): Finding[] {
  const { info } = context.survey;
  const own = info ? KEYS.flatMap((key) => versionFinding(context, info, key)) : [];
  return [...own, ...(context.toStore && context.platform === 'ios' ? nestedVersions(context) : [])];
}

/** A library's pre-release is refused as well. That a key is missing is told with the other keys of the bundle. */
function nestedVersions({ survey: { nested, nestedInfo } }: Context): Finding[] {
  return nested.flatMap(({ kind, executable, infoPlist }) => {
    const info = nestedInfo.get(infoPlist);
    if (!info || executable === undefined || !VERSIONED_KINDS.includes(kind)) return [];
    return KEYS.flatMap((key) => {
      const version = stringAt(info, key);
      return version === undefined || isStoreForm(version)
        ? []
        : [wrong(`${key} of ${shown(infoPlist)}`, key, version, 'error')];
    });
  });
}

function versionFinding({ toStore, platform, inStore }: Context, info: PlistDict, key: string): Finding[] {
  const version = stringAt(info, key);
  if (version === undefined) return [missing(key, Object.hasOwn(info, key), inStore)];
  const isStrict = toStore || platform === 'ios';
  const fits = isStrict ? isStoreForm(version) : COMPARABLE_FORM.test(version);
  return fits ? [] : [wrong(key, key, version, inStore)];
}

const isStoreForm = (version: string): boolean =>
  STORE_FORM.test(version) && version.length <= MAX_CHARACTERS;

const wrong = (what: string, key: string, version: string, severity: Severity): Finding =>
  finding('BUNDLE_VERSION_INVALID', severity, {
    summary: `${what} is ${shown(version)}, which is not a version that Apple takes.`,
    reason: `It must be one to three whole numbers with dots between them, at most ${MAX_CHARACTERS} characters.`,
    nextStep: `Set ${key} to numbers only, such as "1.2.3", and build again.`,
  });

const missing = (key: string, isThere: boolean, severity: Context['inStore']): Finding =>
  finding('BUNDLE_VERSION_INVALID', severity, {
    summary: `The Info.plist has no usable ${key}.`,
    reason: isThere ? 'Its value is no string.' : 'The key is missing.',
    nextStep: `Set ${key} to a string such as "1.2.3", and build again.`,
  });
