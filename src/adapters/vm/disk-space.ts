import { ShipError } from '../../errors.ts';
import { freeBytesAt } from '../../files/disk/usage.ts';

const GB = 1e9;

/** What a driver says of the volume that its clones grow on. */
export interface DiskAdvice {
  /** E.g. `The volume of TART_HOME`. */
  readonly volume: string;
  readonly nextStep: string;
}

/**
 * A clone takes no space at first and grows with what its guest writes; a full host disk shows only later, as a machine
 * that stands still. Neither Tart nor QEMU refuses.
 *
 * @throws ShipError VM_DISK_FULL
 */
export async function requireFreeSpace(
  folder: string,
  minFreeDiskGb: number,
  { volume, nextStep }: DiskAdvice,
): Promise<void> {
  const freeBytes = await freeBytesAt(folder);
  if (freeBytes === undefined || freeBytes >= minFreeDiskGb * GB) return;
  throw new ShipError('VM_DISK_FULL', {
    summary: 'No machine was made, because the disk of this host is nearly full.',
    reason: `${volume} has ${(freeBytes / GB).toFixed(1)} GB free, and ${minFreeDiskGb} GB are wanted.`,
    nextStep,
    detail: { folder },
  });
}
