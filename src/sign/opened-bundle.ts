import { lstat, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ShipError } from '../errors.ts';
import { findBundle } from '../files/archive/find-bundle.ts';
import { defaultUnpackLimits } from '../files/archive/limits.ts';
import { unpackBundleFile } from '../files/archive/unpack-bundle.ts';
import { copyTree } from '../files/disk/copy-tree.ts';
import { listTree } from '../files/disk/tree.ts';
import type { PlistDict } from '../formats/plist/index.ts';
import { unpackedDirOf } from '../run/steps/download-bundle.ts';
import type { StepScope } from '../run/steps/step.ts';
import type { ArtifactFormat } from './artifact-format.ts';

/** What was named on the command line, ready to be read. */
export interface OpenedBundle {
  /** The `.app` folder; that of the caller is read, never changed. */
  readonly appPath: string;
  readonly target: 'macos-sign' | 'ios-sign';
  /** The archive that it came in, unpacked: a folder of our own, with all that lies beside the app. */
  readonly unpacked?: { readonly folder: string; readonly sizeBytes: number };
}

/**
 * A folder as it is; an archive (`.ipa`, `.zip`, `.tar.gz`) is unpacked.
 *
 * @param path - absolute, of something that exists
 * @param dir - of our own, for what is unpacked
 * @throws ShipError BUNDLE_*
 */
export async function openBundle(
  path: string,
  { dir, target, signal }: { dir: string; target?: OpenedBundle['target']; signal: AbortSignal },
): Promise<OpenedBundle> {
  if ((await lstat(path)).isDirectory()) return { appPath: path, target: target ?? (await targetOf(path)) };
  const folder = join(dir, 'archive');
  const { unpackedBytes: sizeBytes } = await unpackBundleFile(path, folder, { signal });
  const { appPath } = await findBundle(folder, target ?? 'ios-sign');
  return { appPath, target: target ?? (await targetOf(appPath)), unpacked: { folder, sizeBytes } };
}

/** A macOS app has everything in `Contents`. */
export async function targetOf(appPath: string): Promise<OpenedBundle['target']> {
  const contents = await lstat(join(appPath, 'Contents')).catch(() => undefined);
  return contents?.isDirectory() ? 'macos-sign' : 'ios-sign';
}

/** What is wanted of the bundle that only the person who signs it can say. */
export interface BundleWishes {
  readonly entitlements?: PlistDict;
  readonly format?: ArtifactFormat;
}

/** The step that stands for the download: the bundle in the folder of the run, links as links. */
export const takeBundle =
  ({ appPath, unpacked }: OpenedBundle, { entitlements, format }: BundleWishes) =>
  async (scope: StepScope): Promise<void> => {
    const { results } = scope;
    const folder = unpackedDirOf(results.dir);
    await rm(folder, { recursive: true, force: true });
    if (unpacked) await rename(unpacked.folder, folder);
    results.unpackedBytes = unpacked?.sizeBytes ?? (await copyInto(folder, appPath, scope));
    if (entitlements) results.entitlements = entitlements;
    if (format === 'app' || format === 'zip') results.format = format;
  };

/** A private copy; answers with its bytes. */
async function copyInto(folder: string, appPath: string, { signal, report }: StepScope): Promise<number> {
  const tree = await listTree(appPath);
  const sizeBytes = tree.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  if (tree.length > defaultUnpackLimits.maxEntries || sizeBytes > defaultUnpackLimits.maxUnpackedBytes)
    throw tooLarge(tree.length, sizeBytes);
  const onProgress = (copiedBytes: number) => report.progress((copiedBytes / Math.max(1, sizeBytes)) * 95);
  await copyTree(appPath, join(folder, basename(appPath)), { tree, signal, onProgress });
  return sizeBytes;
}

const tooLarge = (entries: number, sizeBytes: number): ShipError =>
  new ShipError('BUNDLE_TOO_LARGE', {
    summary: 'The bundle has more than perry-ship signs.',
    reason: `It has ${entries} files and folders, and ${sizeBytes} bytes.`,
    nextStep: 'Take out of the bundle what the app does not need.',
  });
