import { checkMainCode, notAProgram } from '../../domain/bundle/code-checks.ts';
import { strayFiles } from '../../domain/bundle/code-places.ts';
import type { BundlePlatform, BundleSurvey, Layout } from '../../domain/bundle/index.ts';
import { joined } from '../../domain/bundle/nested-places.ts';
import { shown } from '../../domain/bundle/shown.ts';
import { type PlistDict, parsePlistDict } from '../../domain/plist/index.ts';
import { ShipError } from '../../errors.ts';
import { listTree, type TreeEntry } from '../files/tree.ts';
import { factsOf } from './facts.ts';
import { Faults } from './faults.ts';
import { bundleIdOf, executableNameOf } from './identity.ts';
import { layoutOf, refuseTopResources, requireAppFolder } from './layout.ts';
import { danglingLinks, linksOutside } from './links.ts';
import { findNested, type NestedScan } from './nested.ts';
import { readPlainFile } from './plain-file.ts';
import { ReadingBudget } from './reading-budget.ts';
import { type CodeScan, scanCode } from './scan-code.ts';
import { readDetails } from './survey-details.ts';

const MAX_INFO_BYTES = 4 * 1024 * 1024 + 1;

export interface InspectOptions {
  readonly target: 'macos-sign' | 'ios-sign';
  /** The identifier that the bundle is said to have, e.g. by a manifest. */
  readonly expectedBundleId?: string;
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
  const tree = await listTree(appPath);
  const layout = faults.attempt(() => layoutOf(tree, platform));
  if (!layout) return emptySurvey(platform, faults, tree);
  if (platform === 'ios') faults.attempt(() => refuseTopResources(tree));
  for (const outside of await linksOutside(appPath, tree)) faults.add(outside);
  return surveyLaidOut(appPath, { platform, tree, layout, faults, options });
}

interface LaidOut {
  readonly platform: BundlePlatform;
  readonly tree: readonly TreeEntry[];
  readonly layout: Layout;
  readonly faults: Faults;
  readonly options: InspectOptions;
}

async function surveyLaidOut(appPath: string, laidOut: LaidOut): Promise<BundleSurvey> {
  const { platform, tree, layout, faults, options } = laidOut;
  const budget = new ReadingBudget();
  const infoBytes = (await readPlainFile(appPath, layout.infoPlist, MAX_INFO_BYTES)) ?? Buffer.alloc(0);
  const info = faults.attempt(() =>
    parsePlistDict(infoBytes, { name: layout.infoPlist, budget: budget.plist }),
  );
  const bundleId = info && faults.attempt(() => bundleIdOf(info, layout.infoPlist, options.expectedBundleId));
  const executable = info && faults.attempt(() => findExecutable(tree, layout, info));
  const files = new Set(tree.filter(({ type }) => type === 'file').map(({ path }) => path));
  const code = await scanCode(appPath, [...files], { platform, faults, budget, signal: options.signal });
  if (executable && !code.damaged.has(executable))
    faults.attempt(() => checkExecutable(executable, code, platform));
  const nested = await findNested({ appPath, files, ownInfoPlist: layout.infoPlist, code, faults, budget });
  const found = {
    ...emptySurvey(platform, faults, tree),
    layout,
    ...(info && { info }),
    ...(bundleId !== undefined && { bundleId }),
    ...(executable !== undefined && { executable }),
    danglingLinks: await danglingLinks(appPath, tree),
    files,
    code: code.machOs,
    scripts: code.scripts,
    nested: nested.nested,
    nestedInfo: nested.infos,
    strayFiles: platform === 'macos' ? straysOf(files, code, executable, nested) : [],
    hasAssetsCar: files.has(joined(layout.resources, 'Assets.car')),
    remarks: nested.remarks,
  };
  const details = await readDetails(appPath, found, { faults, budget });
  const facts = faults.list.length === 0 ? factsOf({ ...found, tree, infoBytes }) : undefined;
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
  links: tree.filter(({ type }) => type === 'symlink').map(({ path }) => path),
  danglingLinks: [],
  executableFiles: new Set(
    tree.filter(({ type, mode }) => type === 'file' && (mode & 0o111) !== 0).map(({ path }) => path),
  ),
  topItems: tree.map(({ path }) => path).filter((path) => !path.includes('/')),
  code: new Map(),
  scripts: new Set(),
  nested: [],
  nestedInfo: new Map(),
  strayFiles: [],
  hasAssetsCar: false,
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
    nextStep: 'Let CFBundleExecutable name the compiled program, build again and send the job again.',
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
  executable: string | undefined,
  { nested, codeRoots }: NestedScan,
): string[] =>
  strayFiles({
    codeRoots: ['Contents', ...codeRoots],
    files: [...files],
    machOs: new Set([...code.machOs.keys(), ...code.damaged]),
    executables: new Set([...(executable ? [executable] : []), ...nested.flatMap((b) => b.executable ?? [])]),
    nested: nested.map(({ path }) => path),
  });
