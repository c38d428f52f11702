import { checkMainCode, notAProgram, requireTellable } from '../../domain/bundle/code-checks.ts';
import { falseBundles, strayFiles } from '../../domain/bundle/code-places.ts';
import { exclusionPatterns } from '../../domain/bundle/exclusion-patterns.ts';
import type { BundlePlatform, BundleSurvey, CodeFile, Layout } from '../../domain/bundle/index.ts';
import { isProgramKind, joined } from '../../domain/bundle/nested-places.ts';
import { shown } from '../../domain/bundle/shown.ts';
import { ShipError } from '../../errors.ts';
import { type PlistDict, parsePlistDict } from '../../formats/plist/index.ts';
import { listTree, type TreeEntry } from '../disk/tree.ts';
import { appleDoubles } from './apple-doubles.ts';
import { factsOf } from './facts.ts';
import { Faults } from './faults.ts';
import { bundleIdOf, executableNameOf } from './identity.ts';
import { judgeCode } from './judge-code.ts';
import { layoutOf, refuseTopResources, requireAppFolder } from './layout.ts';
import { danglingLinks, linksOutside } from './links.ts';
import { nameFaults } from './names.ts';
import { findNested, type NestedScan } from './nested.ts';
import { readPlainFile } from './plain-file.ts';
import { ReadingBudget } from './reading-budget.ts';
import { type CodeScan, scanCode } from './scan-code.ts';
import { readDetails } from './survey-details.ts';
import { readSwiftSupport } from './swift-support.ts';
import { isFolderIcon, unsealedItems } from './unsealed-items.ts';

const MAX_INFO_BYTES = 4 * 1024 * 1024 + 1;

export interface InspectOptions {
  readonly target: 'macos-sign' | 'ios-sign';
  /** The identifier that the bundle is said to have, e.g. by a manifest. */
  readonly expectedBundleId?: string;
  /** The folder of the archive that the bundle came in: what lies beside it may be for the App Store. */
  readonly archiveDir?: string;
  /** The bundle, when the caller has listed it already. */
  readonly tree?: readonly TreeEntry[];
  /** Paths of files that are known to begin like data, not like code or a script. */
  readonly dataFiles?: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/**
 * Finds out everything about a bundle that can be known by reading it: nothing of it is run, changed, or read
 * through a link. Reads headers only, so that a bundle of gigabytes takes as long as its number of files does.
 *
 * @param appPath - the folder `<name>.app` on this host
 * @returns also for a bundle that cannot be signed: then with every reason (BUNDLE_*, PLIST_INVALID, MACHO_INVALID,
 *   SIGN_BINARY_UNSUITABLE, SIGN_LAYOUT_UNSUITABLE) in `faults`
 */
export async function surveyBundle(appPath: string, options: InspectOptions): Promise<BundleSurvey> {
  const platform = options.target === 'ios-sign' ? 'ios' : 'macos';
  const faults = new Faults();
  try {
    await requireAppFolder(appPath);
  } catch (error) {
    faults.add(error);
    return emptySurvey(platform, faults, []);
  }
  const listed = options.tree ?? (await faults.attemptAsync(() => listTree(appPath)));
  if (!listed) return emptySurvey(platform, faults, []);
  const doubles = appleDoubles(appPath, listed);
  const tree = listed.filter(({ path }) => !doubles.has(path));
  const layout = faults.attempt(() => layoutOf(tree, platform));
  if (!layout) return emptySurvey(platform, faults, tree);
  if (platform === 'ios') faults.attempt(() => refuseTopResources(tree));
  for (const fault of [...nameFaults(tree), ...(await linksOutside(appPath, tree))]) faults.add(fault);
  return surveyLaidOut(appPath, { platform, tree, doubles, layout, faults, options });
}

interface LaidOut {
  readonly platform: BundlePlatform;
  /** Without `doubles`. */
  readonly tree: readonly TreeEntry[];
  readonly doubles: ReadonlySet<string>;
  readonly layout: Layout;
  readonly faults: Faults;
  readonly options: InspectOptions;
}

async function surveyLaidOut(appPath: string, laidOut: LaidOut): Promise<BundleSurvey> {
  const { platform, tree, doubles, layout, faults, options } = laidOut;
  const budget = new ReadingBudget();
  const infoBytes = (await readPlainFile(appPath, layout.infoPlist, MAX_INFO_BYTES)) ?? Buffer.alloc(0);
  const info = faults.attempt(() =>
    parsePlistDict(infoBytes, { name: layout.infoPlist, budget: budget.plist }),
  );
  const bundleId = info && faults.attempt(() => bundleIdOf(info, layout.infoPlist, options.expectedBundleId));
  const executable = info && faults.attempt(() => findExecutable(tree, layout, info));
  const ofType = (wanted: TreeEntry['type']) =>
    new Set(tree.filter(({ type }) => type === wanted).map(({ path }) => path));
  const [files, folders] = [ofType('file'), ofType('directory')];
  const { signal, dataFiles = new Set() } = options;
  const scan = await scanCode(appPath, [...files], { faults, budget, dataFiles, signal });
  const nestedFaults = new Faults();
  const nested = await findNested({
    appPath,
    platform,
    files,
    folders,
    ownInfoPlist: layout.infoPlist,
    code: scan,
    faults: nestedFaults,
    budget,
  });
  const executables = new Set([
    ...(executable ? [executable] : []),
    ...nested.nested.flatMap((bundle) => bundle.executable ?? []),
  ]);
  const code = judgeCode(scan, { platform, codeRoots: nested.codeRoots, executables, faults });
  if (executable && !scan.damaged.has(executable))
    faults.attempt(() => checkExecutable(executable, scan, platform));
  for (const fault of nestedFaults.list) faults.add(fault);
  const items = platform === 'macos' ? unsealedItems(tree, nested.nested) : undefined;
  if (platform === 'macos') for (const folder of fakesOf(folders, nested)) faults.add(fakeBundle(folder));
  const exclusions = [...nested.resourceFolders, ...code.resources];
  for (const path of toldPaths(code.machOs, nested, executables)) faults.attempt(() => requireTellable(path));
  faults.attempt(() => requireFewExclusions(exclusions, code.machOs, nested));
  const swiftSupport =
    platform === 'ios'
      ? await readSwiftSupport({ appPath, files }, options.archiveDir, options.signal)
      : undefined;
  const found = {
    ...emptySurvey(platform, faults, tree),
    layout,
    ...(info && { info }),
    ...(bundleId !== undefined && { bundleId }),
    ...(executable !== undefined && { executable }),
    ...(swiftSupport && { swiftSupport }),
    danglingLinks: await danglingLinks(appPath, tree),
    files,
    folders,
    code: code.machOs,
    scripts: scan.scripts,
    nested: nested.nested,
    nestedInfo: nested.infos,
    strayFiles: platform === 'macos' ? straysOf(files, scan, executables, nested) : [],
    unsealedItems: items?.refused ?? [],
    exclusions,
    finderLeftovers: [
      ...new Set([...(items?.leftovers ?? []), ...[...files].filter(isFolderIcon), ...doubles]),
    ],
    // whatever it is: nothing else can be put there
    hasAssetsCar: tree.some(({ path }) => path === joined(layout.resources, 'Assets.car')),
    remarks: [...nested.remarks, ...code.remarks],
  };
  const details = await readDetails(appPath, found, { faults, budget });
  const facts = faults.list.length === 0 ? factsOf({ ...found, ...details, tree, infoBytes }) : undefined;
  return { ...found, ...details, ...(facts && { facts }) };
}

/** Of a bundle that could not even be unpacked. */
export function brokenSurvey(target: InspectOptions['target'], error: unknown): BundleSurvey {
  const faults = new Faults();
  faults.add(error);
  return emptySurvey(target === 'ios-sign' ? 'ios' : 'macos', faults, []);
}

const emptySurvey = (platform: BundlePlatform, faults: Faults, tree: readonly TreeEntry[]): BundleSurvey => ({
  platform,
  faults: faults.list,
  files: new Set(),
  folders: new Set(),
  links: tree.filter(({ type }) => type === 'symlink').map(({ path }) => path),
  danglingLinks: [],
  privacyManifests: [],
  executableFiles: new Set(
    tree.filter(({ type, mode }) => type === 'file' && (mode & 0o111) !== 0).map(({ path }) => path),
  ),
  topItems: tree.map(({ path }) => path).filter((path) => !path.includes('/')),
  code: new Map(),
  scripts: new Set(),
  nested: [],
  nestedInfo: new Map(),
  strayFiles: [],
  unsealedItems: [],
  exclusions: [],
  finderLeftovers: [],
  hasAssetsCar: false,
  catalogFaults: [],
  pictures: [],
  nestedProfiles: new Map(),
  existingEntitlements: new Map(),
  remarks: [],
});

function findExecutable(tree: readonly TreeEntry[], layout: Layout, info: PlistDict): string {
  const path = joined(layout.executableFolder, executableNameOf(info, layout.infoPlist));
  const type = tree.find((entry) => entry.path === path)?.type;
  if (type === 'file') return path;
  if (type !== undefined)
    throw notAProgram(path, `It is a ${type === 'symlink' ? 'symbolic link' : 'folder'}, not a file`);
  throw new ShipError('BUNDLE_EXECUTABLE_MISSING', {
    summary: `The bundle has no executable ${shown(path)}.`,
    reason: `CFBundleExecutable in ${layout.infoPlist} names it, and there is no such file.`,
    nextStep: 'Let CFBundleExecutable name the compiled program, build again and try again.',
  });
}

function checkExecutable(path: string, code: CodeScan, platform: BundlePlatform): void {
  const macho = code.machOs.get(path);
  if (macho) checkMainCode(path, macho, platform);
  else if (!code.scripts.has(path)) throw notAProgram(path, 'It is neither a Mach-O file nor a script');
  else if (platform === 'ios') throw notAProgram(path, 'It is a script, and iOS runs none');
}

const straysOf = (
  files: ReadonlySet<string>,
  code: CodeScan,
  executables: ReadonlySet<string>,
  { nested, codeRoots }: NestedScan,
): string[] =>
  strayFiles({
    codeRoots,
    files: [...files].filter((path) => !isFolderIcon(path)),
    machOs: new Set([...code.machOs.keys(), ...code.damaged.keys()]),
    executables,
    nested: nested.map(({ path }) => path),
  });

/** Without those that have an Info.plist: what they lack has been said. */
const fakesOf = (folders: ReadonlySet<string>, scan: NestedScan): string[] =>
  falseBundles({
    codeRoots: scan.codeRoots,
    nested: [...scan.nested.map(({ path }) => path), ...scan.resourceFolders],
    folders: [...folders],
  });

const fakeBundle = (path: string): ShipError =>
  new ShipError('SIGN_UNSEALED', {
    summary: `${shown(path)} cannot be sealed, because it would be taken for a bundle and is none.`,
    reason: 'In the folders for code every folder with a dot in its name is a bundle with an Info.plist.',
    nextStep: 'Move it to Contents/Resources, or give it a name without a dot, and build again.',
  });

/** Of code about which rcodesign is told more than about the rest: programs, and what has an identifier of its own. */
const toldPaths = (
  code: BundleSurvey['code'],
  { nested }: NestedScan,
  executables: ReadonlySet<string>,
): string[] => [
  ...nested.flatMap(({ path, kind, executable = '' }) =>
    isProgramKind(kind) || (kind !== 'framework' && runs(code.get(executable))) ? path : [],
  ),
  ...[...code].flatMap(([path, file]) =>
    !executables.has(path) && (runs(file) || file.embeddedId !== undefined) ? path : [],
  ),
];

const runs = (file: CodeFile | undefined): boolean =>
  file?.slices.some(({ fileType }) => fileType === 'execute') === true;

/** They are words of one command. */
const MAX_EXCLUSION_BYTES = 60 * 1024;

function requireFewExclusions(
  exclusions: readonly string[],
  code: BundleSurvey['code'],
  { nested }: NestedScan,
): void {
  const patterns = exclusionPatterns(exclusions, [...code.keys(), ...nested.map(({ path }) => path)]);
  const sizeBytes = patterns.reduce((sum, pattern) => sum + Buffer.byteLength(pattern), 0);
  if (sizeBytes <= MAX_EXCLUSION_BYTES) return;
  throw new ShipError('SIGN_LAYOUT_UNSUITABLE', {
    summary: `The bundle holds ${exclusions.length} files and folders that only look like code, in too many places.`,
    reason: `Their names have ${sizeBytes} bytes; ${MAX_EXCLUSION_BYTES} is the most that the signing tool can be told.`,
    nextStep: 'Pack them into an archive inside the bundle (.jar, .zip), and try again.',
  });
}
