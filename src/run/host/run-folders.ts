import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../../files/disk/remove-tree.ts';

const runsDirOf = (stateDir: string): string => join(stateDir, 'runs');

/** Private to one run; everything that it writes on this host is below. */
export const runFolderOf = (stateDir: string, runId: string): string => join(runsDirOf(stateDir), runId);

/** What was written there a moment ago by a process that has ended may still be settling. */
export const removeFolder = (folder: string): Promise<void> => removeTree(folder, { maxRetries: 3 });

/** Removes the folders that a previous process left. */
export async function sweepRunFolders(stateDir: string, isAlive: (runId: string) => boolean): Promise<void> {
  const names = await readdir(runsDirOf(stateDir)).catch(() => []);
  const left = names.filter((name) => !isAlive(name));
  await Promise.all(left.map((name) => removeFolder(runFolderOf(stateDir, name))));
}
