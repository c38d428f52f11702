import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyTree } from '../../files/disk/copy-tree.ts';
import { need } from '../run-results.ts';
import type { StepScope } from './step.ts';

/** Signing changes the bundle, so what the second pass signs is put aside before the first. */
export async function layOutBundle({ results, pass, signal }: StepScope): Promise<void> {
  const { appPath, folderName } = need(results, 'found');
  const prepared = join(results.dir, 'prepared', folderName);
  if (pass === 0) return copyTree(appPath, prepared, { signal });
  await rm(appPath, { recursive: true, force: true });
  await rename(prepared, appPath);
}
