import { checkMainCode, notAProgram } from '../../domain/bundle/code-checks.ts';
import { strayFiles } from '../../domain/bundle/code-places.ts';
import type { BundleFacts, BundlePlatform } from '../../domain/bundle/index.ts';
import { joined } from '../../domain/bundle/nested-places.ts';
import { compareOsVersions } from '../../domain/bundle/os-version.ts';
import { shown } from '../../domain/bundle/shown.ts';
import type { MachOFacts } from '../../domain/macho/index.ts';
import { type PlistDict, parsePlistDict, plistFormat } from '../../domain/plist/index.ts';
import { ShipError } from '../../errors.ts';
import { listTree, type TreeEntry } from '../files/tree.ts';
import { bundleIdOf, executableNameOf } from './identity.ts';
import { type Layout, layoutOf, requireAppFolder } from './layout.ts';
import { embeddedProfilePath } from './leftovers.ts';
import { refuseLinksOutside } from './links.ts';
import { findNested, type NestedScan, versionsOf } from './nested.ts';
import { readPlainFile } from './plain-file.ts';
import { type CodeScan, scanCode } from './scan-code.ts';
import { warningsAbout } from './warnings.ts';

const MAX_INFO_BYTES = 4 * 1024 * 1024 + 1;

export interface InspectOptions {
  readonly target: 'macos-sign' | 'ios-sign';
  /** `bundle_id` of the manifest. */
  readonly expectedBundleId?: string;
  readonly signal: AbortSignal;
}

/** What the parts of the inspection have found so far. */
interface Findings {
  readonly platform: BundlePlatform;
  readonly tree: readonly TreeEntry[];
  readonly files: ReadonlySet<string>;
  readonly layout: Layout;
  readonly info: PlistDict;
  readonly infoBytes: Buffer;
  readonly bundleId: string;
  readonly executable: string;
  readonly code: CodeScan;
  readonly nested: NestedScan;
}

/**
 * Finds out everything about a bundle that can be known by reading it: nothing of it is run, changed, or read
 * through a link. Reads headers only, so that a bundle of gigabytes takes as long as its number of files does.
 *
 * @param appPath - the folder `<name>.app` on this host
 * @throws ShipError BUNDLE_*, PLIST_INVALID, MACHO_INVALID, SIGN_BINARY_UNSUITABLE, SIGN_LAYOUT_UNSUITABLE: the
 *   first reason why it cannot be signed
 */
export async function inspectBundle(appPath: string, options: InspectOptions): Promise<BundleFacts> {
  const platform = options.target === 'ios-sign' ? 'ios' : 'macos';
  await requireAppFolder(appPath);
  const tree = await listTree(appPath);
  const layout = layoutOf(tree, platform);
  await refuseLinksOutside(appPath, tree);
  const infoBytes = (await readPlainFile(appPath, layout.infoPlist, MAX_INFO_BYTES)) ?? Buffer.alloc(0);
  const info = parsePlistDict(infoBytes, { name: layout.infoPlist });
  const bundleId = bundleIdOf(info, layout.infoPlist, options.expectedBundleId);
  const executable = findExecutable(tree, layout, info);
  const files = new Set(tree.filter(({ type }) => type === 'file').map(({ path }) => path));
  const code = await scanCode(appPath, [...files], { platform, signal: options.signal });
  checkExecutable(executable, code, platform);
  const nested = await findNested({ appPath, files, ownInfoPlist: layout.infoPlist, code });
  return factsOf({ platform, tree, files, layout, info, infoBytes, bundleId, executable, code, nested });
}

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

function factsOf(found: Findings): BundleFacts {
  const { platform, layout, info, code, nested, files, executable, tree } = found;
  const main = code.machOs.get(executable);
  const minimumOs = main && lowestSystem(main);
  const profileName = embeddedProfilePath(platform);
  const facts: Omit<BundleFacts, 'warnings'> = {
    platform,
    layout: layout.layout,
    bundleId: found.bundleId,
    ...versionsOf(info),
    infoPlist: layout.infoPlist,
    infoFormat: plistFormat(found.infoBytes),
    resources: layout.resources,
    executable,
    executableKind: main ? 'macho' : 'script',
    architectures: main ? architecturesOf(main) : [],
    ...(minimumOs !== undefined && { minimumOs }),
    deviceFamilies: numbersIn(info.UIDeviceFamily),
    nested: nested.nested,
    machOs: [...code.machOs].map(([path, macho]) => ({
      path,
      fileType: macho.slices[0]?.fileType ?? 'other',
      architectures: architecturesOf(macho),
    })),
    strayFiles: platform === 'macos' ? straysOf(found) : [],
    hasAssetsCar: files.has(joined(layout.resources, 'Assets.car')),
    wasSigned: [...files].some((path) => /(?:^|\/)_CodeSignature\/CodeResources$/.test(path)),
    ...(files.has(profileName) && { embeddedProfile: profileName }),
    fileCount: files.size,
    sizeBytes: tree.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.sizeBytes : 0), 0),
  };
  const warnings = [...nested.warnings, ...warningsAbout({ facts, tree, info, ...(main && { main }) })];
  return { ...facts, warnings };
}

const straysOf = ({ files, code, executable, nested }: Findings): string[] =>
  strayFiles({
    codeRoots: ['Contents', ...nested.codeRoots],
    files: [...files],
    machOs: new Set(code.machOs.keys()),
    executables: new Set([executable, ...nested.nested.flatMap((bundle) => bundle.executable ?? [])]),
    nested: nested.nested.map(({ path }) => path),
  });

const architecturesOf = ({ slices }: MachOFacts): string[] => slices.map(({ architecture }) => architecture);

const lowestSystem = ({ slices }: MachOFacts): string | undefined =>
  slices.flatMap(({ builds }) => builds.map(({ minimumOs }) => minimumOs)).sort(compareOsVersions)[0];

const numbersIn = (value: unknown): number[] =>
  Array.isArray(value) ? value.map(Number).filter((item) => Number.isInteger(item)) : [];
