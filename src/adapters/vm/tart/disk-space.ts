import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ShipError } from '../../../errors.ts';

const GB = 1e9;

/**
 * A clone takes no space at first and grows with what its guest writes; a full host disk shows only later, as a machine
 * that stands still. Tart itself does not refuse.
 *
 * @throws ShipError VM_DISK_FULL
 */
export async function requireFreeSpace(folder: string, minFreeDiskGb: number): Promise<void> {
  const freeGb = await freeSpaceGb(folder);
  if (freeGb === undefined || freeGb >= minFreeDiskGb) return;
  throw new ShipError('VM_DISK_FULL', {
    summary: 'No machine was made, because the disk of this host is nearly full.',
    reason: `The volume of TART_HOME has ${freeGb.toFixed(1)} GB free, and ${minFreeDiskGb} GB are wanted.`,
    nextStep:
      'Free space there ("tart list" shows what nobody needs any more), or lower PERRY_MIN_FREE_DISK_GB.',
    detail: { folder },
  });
}

/** Of the nearest folder that exists: Tart makes its own at its first use. */
async function freeSpaceGb(folder: string): Promise<number | undefined> {
  const facts = await statfs(folder).catch(() => undefined);
  if (facts) return (facts.bavail * facts.bsize) / GB;
  return dirname(folder) === folder ? undefined : freeSpaceGb(dirname(folder));
}
