import { notAProgram } from '../../domain/bundle/code-checks.ts';
import { codePlaces } from '../../domain/bundle/code-places.ts';
import type { BundlePlatform, NestedBundle } from '../../domain/bundle/index.ts';
import {
  baseOf,
  isProgramKind,
  joined,
  type NestedPlace,
  nestedPlaces,
  parentOf,
} from '../../domain/bundle/nested-places.ts';
import { shown } from '../../domain/bundle/shown.ts';
import { ShipError } from '../../errors.ts';
import { type PlistDict, stringAt } from '../../formats/plist/index.ts';
import type { Faults } from './faults.ts';
import { identityOf } from './nested-identity.ts';
import { readNestedInfo } from './nested-info.ts';
import { isTooMuch, type ReadingBudget } from './reading-budget.ts';
import type { CodeScan } from './scan-code.ts';

/** The largest apps have some dozens; each one is held against every file. */
const MAX_NESTED = 500;

export interface NestedScan {
  readonly nested: readonly NestedBundle[];
  /** See `NestedPlace.codeRoot`; of the bundle itself, and of nested ones with a layout of macOS. */
  readonly codeRoots: readonly string[];
  /** By path of the Info.plist. */
  readonly infos: ReadonlyMap<string, PlistDict>;
  /** Folders that rcodesign would take for bundles, and that are resources: see `BundleFacts.exclusions`. */
  readonly resourceFolders: readonly string[];
  readonly remarks: readonly string[];
}

interface NestedInput {
  readonly appPath: string;
  readonly platform: BundlePlatform;
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
  readonly ownInfoPlist: string;
  readonly code: CodeScan;
  /** Takes PLIST_INVALID, BUNDLE_INFO_PLIST_INCOMPLETE, BUNDLE_EXECUTABLE_MISSING and SIGN_LAYOUT_UNSUITABLE. */
  readonly faults: Faults;
  readonly budget: ReadingBudget;
}

interface Candidate {
  readonly place: NestedPlace;
  readonly info?: PlistDict;
  /** Why its Info.plist cannot be read. */
  readonly fault?: ShipError;
  readonly executable?: string;
}

/**
 * Finds the bundles inside a bundle: folders with an Info.plist and a program. What has an Info.plist alone is a
 * bundle only where code must lie, and resources everywhere else, such as the template of a project.
 */
export async function findNested(input: NestedInput): Promise<NestedScan> {
  const infoPlists = [...input.files].filter((path) => baseOf(path) === 'Info.plist');
  const scan = {
    nested: [] as NestedBundle[],
    codeRoots: input.platform === 'macos' ? ['Contents'] : [],
    infos: new Map<string, PlistDict>(),
    resourceFolders: [] as string[],
    remarks: [] as string[],
  };
  if (infoPlists.length > MAX_NESTED) {
    input.faults.add(tooMany(infoPlists.length));
    return scan;
  }
  const candidates: Candidate[] = [];
  for (const place of nestedPlaces(infoPlists, input.ownInfoPlist)) {
    const candidate = await readCandidate(place, input);
    candidates.push(candidate);
    if (!isTooMuch(candidate.fault)) continue;
    input.faults.add(candidate.fault);
    return scan;
  }
  scan.codeRoots.push(...candidates.flatMap((candidate) => codeRootsOf(candidate, input)));
  const isInstalled = installedPlaces(input.platform, scan.codeRoots);
  for (const candidate of candidates) sortIn(candidate, isInstalled(candidate.place), scan, input);
  return scan;
}

const tooMany = (count: number): ShipError =>
  new ShipError('SIGN_LAYOUT_UNSUITABLE', {
    summary: `The bundle holds ${count} files named Info.plist; ${MAX_NESTED} is the most that is signed.`,
    reason: 'Every folder with such a file would be signed as a bundle of its own.',
    nextStep: 'Remove what is no part of the app, or pack it into an archive, and try again.',
  });

async function readCandidate(place: NestedPlace, input: NestedInput): Promise<Candidate> {
  try {
    const info = await readNestedInfo(input.appPath, place.infoPlist, input.budget);
    if (!info) return { place };
    const executable = executableOf(place, info, input.files);
    return { place, info, ...(executable !== undefined && { executable }) };
  } catch (fault) {
    if (!(fault instanceof ShipError)) throw fault;
    return { place, fault };
  }
}

/** The place may have no executable of that name, and CFBundle then goes by the name of the folder. */
function executableOf(place: NestedPlace, info: PlistDict, files: ReadonlySet<string>): string | undefined {
  const named = stringAt(info, 'CFBundleExecutable') ?? baseOf(place.path).replace(/\.[^.]*$/, '');
  const path = joined(place.executableFolder, named);
  const isInside = !named.includes('/') && parentOf(path) === place.executableFolder;
  return isInside && files.has(path) ? path : undefined;
}

const isMachO = (path: string, { machOs, damaged }: CodeScan): boolean =>
  machOs.has(path) || damaged.has(path);

/** rcodesign seals a bundle by the rules of macOS when its content is in `Contents` or it has `Resources`. */
function codeRootsOf({ place, executable }: Candidate, { folders, code }: NestedInput): string[] {
  if (executable === undefined || !isMachO(executable, code)) return [];
  const isMacLayout = place.codeRoot.endsWith('/Contents') || folders.has(`${place.codeRoot}/Resources`);
  return isMacLayout ? [place.codeRoot] : [];
}

const INSTALLED_ON_IOS = /(?:^|\/)(?:PlugIns|Extensions|Watch|AppClips|Frameworks)\/[^/]+$/;

/** Where a bundle is part of the app to the system, so that it must have a program. */
function installedPlaces(
  platform: BundlePlatform,
  codeRoots: readonly string[],
): (place: NestedPlace) => boolean {
  const isCode = codePlaces(codeRoots);
  return ({ path }) =>
    platform === 'ios' ? INSTALLED_ON_IOS.test(path) : baseOf(path).includes('.') && isCode(path);
}

type Draft = {
  readonly [K in keyof NestedScan]: NestedScan[K] extends readonly (infer T)[] ? T[] : NestedScan[K];
} & { readonly infos: Map<string, PlistDict> };

function sortIn(candidate: Candidate, isInstalled: boolean, scan: Draft, input: NestedInput): void {
  const { place, info, executable = '', fault } = candidate;
  const isCode = isMachO(executable, input.code);
  const isBundle = info !== undefined && (isInstalled || isBundleInfo(info));
  if (info && isBundle) scan.infos.set(place.infoPlist, info);
  if (info && isBundle && (isCode || (isInstalled && input.code.scripts.has(executable)))) {
    const bundle = input.faults.attempt(() => describe(candidate, info, scan.remarks, input));
    if (bundle) scan.nested.push(bundle);
    return;
  }
  if (isBundle || fault) scan.resourceFolders.push(...foldersOf(place));
  if (isInstalled) input.faults.attempt(() => requireProgram(candidate, input));
  else if (fault) scan.remarks.push(`${shown(place.infoPlist)} is no property list that can be read.`);
  const isNamed = place.kind !== 'other' && !isProgramKind(place.kind);
  if (input.platform === 'ios' && isNamed && info && isBundle) scan.nested.push(resources(place, info));
}

/** As rcodesign calls them: of a framework with versions both the framework and the version. */
const foldersOf = ({ path, codeRoot, frameworkVersion }: NestedPlace): string[] =>
  frameworkVersion === undefined ? [path] : [path, codeRoot];

/** What rcodesign 0.29.0 goes by. */
const isBundleInfo = (info: PlistDict): boolean => {
  const type = stringAt(info, 'CFBundlePackageType');
  if (type === 'dSYM') return false;
  return type !== undefined || stringAt(info, 'CFBundleIdentifier') !== undefined;
};

/** Resources may lie in PlugIns or Frameworks of an iOS app, where they are sealed like all else. */
function requireProgram({ place, info, executable, fault }: Candidate, { platform }: NestedInput): void {
  if (platform === 'ios' && !isProgramKind(place.kind)) return;
  if (fault) throw fault;
  if (executable !== undefined) throw notAProgram(executable, 'It is neither a Mach-O file nor a script');
  const named = info && stringAt(info, 'CFBundleExecutable');
  throw new ShipError('BUNDLE_EXECUTABLE_MISSING', {
    summary: `The nested bundle ${shown(place.path)} has no executable.`,
    reason:
      named === undefined
        ? 'Its Info.plist names none, and no file has its name.'
        : `Its Info.plist names ${shown(named)}, and there is no such regular file.`,
    nextStep: isProgramKind(place.kind)
      ? 'Build the bundle again with all its parts and try again.'
      : 'Let CFBundleExecutable name its program, or move a bundle of resources to Contents/Resources, and build again.',
  });
}

function describe(
  { place, executable = '' }: Candidate,
  info: PlistDict,
  remarks: string[],
  { platform, files, code }: NestedInput,
): NestedBundle {
  const embeddedProfile = [
    joined(place.path, 'embedded.mobileprovision'),
    joined(place.codeRoot, 'embedded.provisionprofile'),
  ].find((path) => files.has(path));
  const { bundleId, assumed, remark } = identityOf({ place, info, executable, platform });
  if (remark !== undefined) remarks.push(remark);
  return {
    path: place.path,
    kind: place.kind,
    ...(place.frameworkVersion !== undefined && { frameworkVersion: place.frameworkVersion }),
    infoPlist: place.infoPlist,
    bundleId,
    ...(assumed && { assumed }),
    executable,
    ...(code.machOs.has(executable) && { executableKind: 'macho' }),
    ...(code.scripts.has(executable) && { executableKind: 'script' }),
    ...versionsOf(info),
    ...(embeddedProfile !== undefined && { embeddedProfile }),
  };
}

const resources = (place: NestedPlace, info: PlistDict): NestedBundle => ({
  path: place.path,
  kind: place.kind,
  infoPlist: place.infoPlist,
  bundleId: stringAt(info, 'CFBundleIdentifier') ?? '',
  ...versionsOf(info),
});

export const versionsOf = (info: PlistDict): { shortVersion?: string; version?: string } => {
  const shortVersion = stringAt(info, 'CFBundleShortVersionString');
  const version = stringAt(info, 'CFBundleVersion');
  return { ...(shortVersion !== undefined && { shortVersion }), ...(version !== undefined && { version }) };
};
