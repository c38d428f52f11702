import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { defaultUnpackLimits } from '../adapters/archive/limits.ts';
import { copyTree } from '../adapters/files/copy-tree.ts';
import { listTree } from '../adapters/files/tree.ts';
import type { PlistDict } from '../domain/plist/index.ts';
import { ShipError } from '../errors.ts';
import { unpackedDirOf } from '../steps/download-bundle.ts';
import type { StepScope } from '../steps/step.ts';

export interface LocalBundle {
  /** The `.app` folder; it is read, never changed. */
  readonly path: string;
  /** Takes the place of the entitlements that the compiler put beside the program. */
  readonly entitlements?: PlistDict;
}

/** The step that stands for the download: a private copy of the bundle, links as links. */
export const copyBundle =
  (bundle: LocalBundle) =>
  async ({ desk, signal, report }: StepScope): Promise<void> => {
    const folder = unpackedDirOf(desk.dir);
    const app = join(folder, basename(bundle.path));
    await rm(folder, { recursive: true, force: true });
    const tree = await listTree(bundle.path);
    const sizeBytes = tree.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    if (tree.length > defaultUnpackLimits.maxEntries || sizeBytes > defaultUnpackLimits.maxUnpackedBytes)
      throw tooLarge(tree.length, sizeBytes);
    const onProgress = (copiedBytes: number) => report.progress((copiedBytes / Math.max(1, sizeBytes)) * 95);
    await copyTree(bundle.path, app, { tree, signal, onProgress });
    if (bundle.entitlements) desk.entitlements = bundle.entitlements;
    desk.unpackedBytes = sizeBytes;
  };

const tooLarge = (entries: number, sizeBytes: number): ShipError =>
  new ShipError('BUNDLE_TOO_LARGE', {
    summary: 'The bundle has more than perry-ship signs.',
    reason: `It has ${entries} files and folders, and ${sizeBytes} bytes.`,
    nextStep: 'Take out of the bundle what the app does not need.',
  });
