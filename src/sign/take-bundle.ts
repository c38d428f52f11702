import { readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ShipError } from '../errors.ts';
import { holdsDebugSymbols, isCompanion } from '../files/archive/beside-app.ts';
import { defaultUnpackLimits } from '../files/archive/limits.ts';
import { copyTree } from '../files/disk/copy-tree.ts';
import { listTree } from '../files/disk/tree.ts';
import { digestOfTree } from '../files/disk/tree-digest.ts';
import { xcodeArchiveOf } from '../files/disk/xcode-archive.ts';
import type { PlistDict } from '../formats/plist/index.ts';
import type { LocalBundle } from '../run/channel/run-setup.ts';
import { unpackedDirOf } from '../run/steps/download-bundle.ts';
import type { StepScope } from '../run/steps/step.ts';
import type { ArtifactFormat } from './artifact-format.ts';

/** What is wanted of the bundle that only the person who signs it can say. */
export interface BundleWishes {
  readonly entitlements?: PlistDict;
  readonly format?: ArtifactFormat;
}

/** The step that stands for the download: the bundle in the folder of the run, links as links. */
export const takeBundle =
  ({ appPath, unpacked }: LocalBundle, { entitlements, format }: BundleWishes) =>
  async (scope: StepScope): Promise<void> => {
    const { results } = scope;
    const folder = unpackedDirOf(results.dir);
    await rm(folder, { recursive: true, force: true });
    if (unpacked) await rename(unpacked.folder, folder);
    results.unpackedBytes = unpacked?.sizeBytes ?? (await copyInto(folder, appPath, scope));
    const taken = unpacked ? folder : join(folder, basename(appPath));
    const { sizeBytes: bytes, sha256Hex } = await digestOfTree(taken, scope.signal);
    results.received = { kind: 'tree', bytes, sha256Hex };
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
  return sizeBytes + (await copyBeside(folder, appPath, signal));
}

/** Out of an archive of Xcode come the debug symbols and the companions of the app, as out of any other archive. */
async function copyBeside(folder: string, appPath: string, signal: AbortSignal): Promise<number> {
  const archive = xcodeArchiveOf(appPath);
  if (archive === undefined) return 0;
  const items = await readdir(archive, { withFileTypes: true });
  let copiedBytes = 0;
  for (const { name } of items.filter((item) => item.isDirectory() && hasUse(item.name))) {
    const tree = await listTree(join(archive, name));
    const sizeBytes = tree.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    if (tree.length > defaultUnpackLimits.maxEntries || sizeBytes > defaultUnpackLimits.maxUnpackedBytes)
      throw tooLarge(tree.length, sizeBytes);
    await copyTree(join(archive, name), join(folder, name), { tree, signal });
    copiedBytes += sizeBytes;
  }
  return copiedBytes;
}

const hasUse = (name: string): boolean => isCompanion(name) || holdsDebugSymbols(name);

const tooLarge = (entries: number, sizeBytes: number): ShipError =>
  new ShipError('BUNDLE_TOO_LARGE', {
    summary: 'The bundle has more than perry-ship signs.',
    reason: `It has ${entries} files and folders, and ${sizeBytes} bytes.`,
    nextStep: 'Take out of the bundle what the app does not need.',
  });
