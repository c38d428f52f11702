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
import type { Faults } from './faults.ts';
import { bundleIdOf } from './identity.ts';
import { readPlainFile } from './plain-file.ts';
import { isTooMuch, type ReadingBudget } from './reading-budget.ts';
import type { CodeScan } from './scan-code.ts';

const MAX_INFO_BYTES = 4 * 1024 * 1024 + 1;
/** The largest apps have some dozens; each one is held against every file. */
const MAX_NESTED = 500;

export interface NestedScan {
  readonly nested: readonly NestedBundle[];
  /** See `NestedPlace.codeRoot`; only of those with a layout of macOS. */
  readonly codeRoots: readonly string[];
  /** By path of the Info.plist. */
  readonly infos: ReadonlyMap<string, PlistDict>;
  readonly remarks: readonly string[];
}

interface NestedInput {
  readonly appPath: string;
  readonly files: ReadonlySet<string>;
  readonly ownInfoPlist: string;
  readonly code: CodeScan;
  /** Takes PLIST_INVALID, BUNDLE_INFO_PLIST_INCOMPLETE, BUNDLE_EXECUTABLE_MISSING and SIGN_LAYOUT_UNSUITABLE. */
  readonly faults: Faults;
  readonly budget: ReadingBudget;
}

/** Finds the bundles inside a bundle. */
export async function findNested(input: NestedInput): Promise<NestedScan> {
  const infoPlists = [...input.files].filter((path) => baseOf(path) === 'Info.plist');
  const scan = {
    nested: [] as NestedBundle[],
    codeRoots: [] as string[],
    infos: new Map<string, PlistDict>(),
    remarks: [] as string[],
  };
  if (infoPlists.length > MAX_NESTED) {
    input.faults.add(tooMany(infoPlists.length));
    return scan;
  }
  for (const place of nestedPlaces(infoPlists, input.ownInfoPlist)) {
    const read = () => readNestedInfo(input, place, scan.remarks);
    const info = await input.faults.attemptAsync(read);
    if (input.faults.list.some(isTooMuch)) break;
    if (!info || !isBundleInfo(info)) continue;
    const bundle = input.faults.attempt(() => describe(place, info, input));
    if (bundle) scan.nested.push(bundle);
    scan.infos.set(place.infoPlist, info);
    if (place.codeRoot !== place.path || place.kind === 'framework') scan.codeRoots.push(place.codeRoot);
    if (place.kind === 'other')
      scan.remarks.push(
        `${shown(place.path)} is signed as a bundle of its own, because it holds an Info.plist.`,
      );
  }
  return scan;
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
  { appPath, budget }: NestedInput,
  place: NestedPlace,
  remarks: string[],
): Promise<PlistDict | undefined> {
  try {
    const bytes = await readPlainFile(appPath, place.infoPlist, MAX_INFO_BYTES);
    budget.spendBytes(bytes?.length ?? 0);
    return bytes && parsePlistDict(bytes, { name: place.infoPlist, budget: budget.plist });
  } catch (error) {
    budget.assertPlistsFit();
    if (isTooMuch(error)) throw error;
    if (place.kind !== 'other' && place.kind !== 'bundle') throw error;
    remarks.push(`${shown(place.infoPlist)} is no property list that can be read.`);
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
