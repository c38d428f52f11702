import type { NestedBundle } from '../../domain/bundle/index.ts';
import {
  baseOf,
  isProgramKind,
  joined,
  type NestedPlace,
  nestedPlaces,
  parentOf,
} from '../../domain/bundle/nested-places.ts';
import { shown } from '../../domain/bundle/shown.ts';
import { type PlistDict, parsePlistDict, stringAt } from '../../domain/plist/index.ts';
import { ShipError } from '../../errors.ts';
import { bundleIdOf } from './identity.ts';
import { readPlainFile } from './plain-file.ts';
import type { CodeScan } from './scan-code.ts';

const MAX_INFO_BYTES = 4 * 1024 * 1024 + 1;
/** The largest apps have some dozens; each one is held against every file. */
const MAX_NESTED = 500;

export interface NestedScan {
  readonly nested: readonly NestedBundle[];
  /** See `NestedPlace.codeRoot`; only of those with a layout of macOS. */
  readonly codeRoots: readonly string[];
  readonly warnings: readonly string[];
}

interface NestedInput {
  readonly appPath: string;
  readonly files: ReadonlySet<string>;
  readonly ownInfoPlist: string;
  readonly code: CodeScan;
}

/**
 * Finds the bundles inside a bundle.
 *
 * @throws ShipError PLIST_INVALID, BUNDLE_INFO_PLIST_INCOMPLETE, BUNDLE_EXECUTABLE_MISSING for one that is code,
 *   SIGN_LAYOUT_UNSUITABLE when there are too many
 */
export async function findNested(input: NestedInput): Promise<NestedScan> {
  const infoPlists = [...input.files].filter((path) => baseOf(path) === 'Info.plist');
  const nested: NestedBundle[] = [];
  const codeRoots: string[] = [];
  const warnings: string[] = [];
  if (infoPlists.length > MAX_NESTED) throw tooMany(infoPlists.length);
  for (const place of nestedPlaces(infoPlists, input.ownInfoPlist)) {
    const info = await readNestedInfo(input.appPath, place, warnings);
    if (!info || !isBundleInfo(info)) continue;
    nested.push(describe(place, info, input));
    if (place.codeRoot !== place.path || place.kind === 'framework') codeRoots.push(place.codeRoot);
    if (place.kind === 'other')
      warnings.push(`${shown(place.path)} is signed as a bundle of its own, because it holds an Info.plist.`);
  }
  return { nested, codeRoots, warnings };
}

const tooMany = (count: number): ShipError =>
  new ShipError('SIGN_LAYOUT_UNSUITABLE', {
    summary: `The bundle holds ${count} files named Info.plist; ${MAX_NESTED} is the most that is signed.`,
    reason: 'Every folder with such a file would be signed as a bundle of its own.',
    nextStep: 'Remove what is no part of the app, or pack it into an archive, and send the job again.',
  });

/** What rcodesign 0.29.0 goes by. */
const isBundleInfo = (info: PlistDict): boolean => {
  const type = stringAt(info, 'CFBundlePackageType');
  if (type === 'dSYM') return false;
  return type !== undefined || stringAt(info, 'CFBundleIdentifier') !== undefined;
};

/** A resource that merely is called Info.plist may hold anything. */
async function readNestedInfo(
  appPath: string,
  place: NestedPlace,
  warnings: string[],
): Promise<PlistDict | undefined> {
  try {
    const bytes = await readPlainFile(appPath, place.infoPlist, MAX_INFO_BYTES);
    return bytes && parsePlistDict(bytes, { name: place.infoPlist });
  } catch (error) {
    if (place.kind !== 'other' && place.kind !== 'bundle') throw error;
    warnings.push(`${shown(place.infoPlist)} is no property list that can be read.`);
    return undefined;
  }
}

function describe(place: NestedPlace, info: PlistDict, { files, code }: NestedInput): NestedBundle {
  const executable = executableOf(place, info, files);
  const embeddedProfile = [
    joined(place.path, 'embedded.mobileprovision'),
    joined(place.codeRoot, 'embedded.provisionprofile'),
  ].find((path) => files.has(path));
  return {
    path: place.path,
    kind: place.kind,
    ...(place.frameworkVersion !== undefined && { frameworkVersion: place.frameworkVersion }),
    infoPlist: place.infoPlist,
    bundleId: bundleIdOf(info, place.infoPlist),
    ...(executable !== undefined && { executable }),
    ...(executable !== undefined && code.machOs.has(executable) && { executableKind: 'macho' }),
    ...(executable !== undefined && code.scripts.has(executable) && { executableKind: 'script' }),
    ...versionsOf(info),
    ...(embeddedProfile !== undefined && { embeddedProfile }),
  };
}

export const versionsOf = (info: PlistDict): { shortVersion?: string; version?: string } => {
  const shortVersion = stringAt(info, 'CFBundleShortVersionString');
  const version = stringAt(info, 'CFBundleVersion');
  return { ...(shortVersion !== undefined && { shortVersion }), ...(version !== undefined && { version }) };
};

function executableOf(place: NestedPlace, info: PlistDict, files: ReadonlySet<string>): string | undefined {
  const named = stringAt(info, 'CFBundleExecutable') ?? baseOf(place.path).replace(/\.[^.]*$/, '');
  const path = joined(place.executableFolder, named);
  const isInside = !named.includes('/') && parentOf(path) === place.executableFolder;
  if (isInside && files.has(path)) return path;
  if (!isProgramKind(place.kind)) return undefined;
  throw new ShipError('BUNDLE_EXECUTABLE_MISSING', {
    summary: `The nested bundle ${shown(place.path)} has no executable.`,
    reason: `There is no regular file ${shown(path)}.`,
    nextStep: 'Build the bundle again with all its parts and send the job again.',
  });
}
