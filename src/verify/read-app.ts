import { ShipError } from '../errors.ts';
import { type BundleLayout, bundleLayout } from '../files/code-signature/bundle-layout.ts';
import { BundleTree, parentOf } from '../files/code-signature/bundle-tree.ts';
import {
  type CodeReport,
  checkSealedBundle,
  type SealOptions,
  type SealReport,
} from '../files/code-signature/index.ts';
import { newDict, type PlistDict, parsePlistDict, stringAt } from '../formats/plist/index.ts';
import { checkProfileOf, type ProfileReport } from './app-profile.ts';
import { readCatalogs } from './catalogs.ts';
import { iconNameWarnings } from './icon-name.ts';
import { leftoverWarnings } from './leftovers.ts';
import { nestedRemarks } from './nested-code.ts';
import type { AppSummary, ArtifactFinding, CatalogSummary } from './report.ts';
import { summarizeSignature } from './signature-summary.ts';

export interface ReadApp {
  readonly app: AppSummary;
  readonly findings: readonly ArtifactFinding[];
  readonly warnings: readonly string[];
}

export interface ReadAppOptions extends SealOptions {
  /** How the report names the bundle; paths of findings begin with it. */
  readonly path: string;
}

/**
 * Reads one bundle and checks all that seals it: code, resources, nested code, and its signature against its profile.
 *
 * @throws ShipError SIGNED_FILE_UNREADABLE · the signal's reason
 */
export async function readApp(appPath: string, { path, ...options }: ReadAppOptions): Promise<ReadApp> {
  const tree = options.tree ?? (await BundleTree.read(appPath));
  const seal = await checkSealedBundle(appPath, { ...options, tree });
  const layout = await bundleLayout(tree, '');
  const info = layout ? infoOf(layout) : newDict();
  const platform = layout?.contentRoot === 'Contents' ? 'macos' : 'ios';
  const profiles = await profilesIn(tree, seal, platform);
  const remarks = nestedRemarks(seal, platform);
  const { catalogs, warnings } = await readCatalogs(tree, options.signal);
  const inside = [...seal.findings, ...profiles.flatMap(({ findings }) => findings), ...remarks.findings];
  return {
    app: summarize({ path, tree, seal, info, platform, profile: profiles[0], catalogs }),
    findings: inside.map((finding) => ({ ...finding, path: within(path, finding.path) })),
    warnings: [
      ...profiles.flatMap(({ warnings }) => warnings),
      ...remarks.warnings,
      ...(await leftoverWarnings(tree)),
      ...warnings,
      ...iconNameWarnings(info, catalogs),
    ],
  };
}

const within = (folder: string, path: string): string =>
  [folder, path].filter((part) => part !== '').join('/');

/** An Info.plist that cannot be read is a finding of the seal already. */
function infoOf({ infoPlistBytes }: BundleLayout): PlistDict {
  try {
    return parsePlistDict(infoPlistBytes, { name: 'Info.plist' });
  } catch (error) {
    if (error instanceof ShipError) return newDict();
    throw error;
  }
}

/** The profile of the app first, then those of nested bundles that have one. */
async function profilesIn(
  tree: BundleTree,
  seal: SealReport,
  platform: 'macos' | 'ios',
): Promise<ProfileReport[]> {
  const reports: ProfileReport[] = [];
  for (const path of ['', ...bundlesWithProfile(tree, platform)]) {
    const layout = await bundleLayout(tree, path);
    const code = layout && codeAt(seal, layout.executable);
    // in a folder without code of its own it is a file like any other
    if (path !== '' && !code) continue;
    const bundleId = layout && stringAt(infoOf(layout), 'CFBundleIdentifier');
    const signatures = code?.signatures ?? [];
    reports.push(await checkProfileOf(tree, { path, platform, bundleId: bundleId ?? '', signatures }));
  }
  return reports;
}

const codeAt = ({ mainExecutable, nested }: SealReport, path: string): CodeReport | undefined =>
  [...(mainExecutable ? [mainExecutable] : []), ...nested].find((code) => code.path === path);

function bundlesWithProfile(tree: BundleTree, platform: 'macos' | 'ios'): string[] {
  const name = platform === 'ios' ? '/embedded.mobileprovision' : '/Contents/embedded.provisionprofile';
  return [...tree.entries]
    .filter(({ type, path }) => type === 'file' && path.endsWith(name) && parentOf(path) !== '')
    .map(({ path }) => path.slice(0, -name.length));
}

interface Found {
  readonly path: string;
  readonly tree: BundleTree;
  readonly seal: SealReport;
  readonly info: PlistDict;
  readonly platform: 'macos' | 'ios';
  readonly profile: ProfileReport | undefined;
  readonly catalogs: readonly CatalogSummary[];
}

function summarize({ path, tree, seal, info, platform, profile, catalogs }: Found): AppSummary {
  const files = [...tree.entries].filter(({ type }) => type === 'file');
  const signatures = (seal.mainExecutable?.signatures ?? []).map(summarizeSignature);
  const summary = profile?.summary;
  const { ITSAppUsesNonExemptEncryption: encryption } = info;
  return {
    path,
    platform,
    ...textsOf(info),
    ...(typeof encryption === 'boolean' && { usesNonExemptEncryption: encryption }),
    architectures: signatures.flatMap(({ architecture }) => architecture ?? []),
    signatures,
    stapledTicket: tree.isFile('Contents/CodeResources'),
    ...(summary && { profile: summary }),
    nested: seal.nested.map((code) => ({
      path: code.path,
      signatures: code.signatures.map(summarizeSignature),
    })),
    catalogs,
    fileCount: files.length,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

function textsOf(info: PlistDict) {
  const texts = {
    bundleId: stringAt(info, 'CFBundleIdentifier'),
    displayName: stringAt(info, 'CFBundleDisplayName') ?? stringAt(info, 'CFBundleName'),
    version: stringAt(info, 'CFBundleVersion'),
    shortVersion: stringAt(info, 'CFBundleShortVersionString'),
    minimumOs: stringAt(info, 'LSMinimumSystemVersion') ?? stringAt(info, 'MinimumOSVersion'),
  };
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)) as {
    [Name in keyof typeof texts]?: string;
  };
}
