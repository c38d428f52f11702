import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyTree } from '../../files/disk/copy-tree.ts';
import { held } from '../workbench.ts';
import type { StepScope } from './step.ts';

/** Signing changes the bundle, so what the second pass signs is put aside before the first. */
export async function layOutBundle({ desk, pass, signal }: StepScope): Promise<void> {
  const { appPath, folderName } = held(desk, 'found');
  const prepared = join(desk.dir, 'prepared', folderName);
  if (pass === 0) return copyTree(appPath, prepared, { signal });
  await rm(appPath, { recursive: true, force: true });
  await rename(prepared, appPath);
}
