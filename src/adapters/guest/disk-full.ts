import { ShipError } from '../../errors.ts';

/** As the C libraries of Linux and macOS say both, and with them the shell, tar and rcodesign. */
export const NO_SPACE_SAID = /No space left on device|Disk quota exceeded/i;

export const MAKE_ROOM =
  'Make room on the disk of the golden image, or make that disk larger, and try again.';

/** @param what - e.g. `Copying a folder into the machine` */
export const guestDiskFull = (what: string, detail: Readonly<Record<string, unknown>>): ShipError =>
  new ShipError('GUEST_DISK_FULL', {
    summary: `${what} failed: the disk of the machine is full.`,
    reason: 'The bundle, and what is made of it, do not fit on it.',
    nextStep: MAKE_ROOM,
    detail,
  });
