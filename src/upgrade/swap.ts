import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ShipError } from '../errors.ts';
import { removeTree } from '../files/disk/remove-tree.ts';

import { type Place, versionIn } from './place.ts';

/**
 * The old program steps aside and the new one takes its place: two renames with nothing between them. A kill just there
 * leaves no program in place; the one that stepped aside then puts itself back, when it is asked to upgrade.
 */
export async function swapIn(place: Place): Promise<void> {
  const { current, previous, staged } = place;
  await removeTree(previous);
  renameSync(current, previous);
  try {
    renameSync(staged, current);
  } catch (error) {
    renameSync(previous, current);
    throw error;
  }
}

/** The old program gets its place again; where it has it, nothing is done. */
export async function swapOut(place: Place, version: string): Promise<void> {
  const { current, previous, staging } = place;
  if (versionIn(current) === version) return;
  if (versionIn(previous) !== version) throw gone(place, version);
  const aside = join(staging, 'refused');
  await removeTree(aside);
  if (existsSync(current)) renameSync(current, aside);
  renameSync(previous, current);
}

/** Both renames belong together: where only the first was done, it is undone. */
export function mendSwap({ current, previous }: Place): void {
  if (!existsSync(current) && versionIn(previous) !== undefined) renameSync(previous, current);
}

const gone = ({ previous }: Place, version: string): ShipError =>
  new ShipError('UPGRADE_FAILED', {
    summary: `The program of version ${version} cannot get its place again.`,
    reason: `It is not in "${previous}" any more.`,
    nextStep: `Run "npm install --global perry-ship@${version}", and start the service again with "perry-ship service install".`,
  });
