import { SEND_THE_LOG, wording } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { guestDiskFull, NO_SPACE_SAID } from './disk-full.ts';

const MAX_PATH_BYTES = 4096;

/**
 * A path that a guest named, checked: relative, with no way out of its folder. The guest is hostile, its names are
 * input.
 *
 * @throws ShipError GUEST_OUTPUT_REFUSED
 */
export function checkedGuestPath(path: string): string {
  const parts = path.split('/');
  const isHarmless =
    Buffer.byteLength(path) <= MAX_PATH_BYTES &&
    !path.includes('\0') &&
    !path.includes('\uFFFD') &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isHarmless)
    throw refused(`it named ${JSON.stringify(path.slice(0, 200))}, which is not a plain relative path`);
  return path;
}

export const refused = (fact: string): ShipError =>
  new ShipError('GUEST_OUTPUT_REFUSED', {
    summary: 'What the guest sent back was refused.',
    reason: `While files were copied out of it, ${fact}.`,
    nextStep: wording`Try again; if it happens again, treat the bundle as hostile and ${SEND_THE_LOG}.`,
  });

export const tooLarge = (fact: string): ShipError =>
  new ShipError('GUEST_OUTPUT_TOO_LARGE', {
    summary: 'The guest sent back more than it may.',
    reason: `${fact}.`,
    nextStep: 'Try again; if it happens again, raise the limit or look at the bundle.',
  });

export function transferFailed(what: string, stderr: string, exitCode: number | null): ShipError {
  if (NO_SPACE_SAID.test(stderr)) return guestDiskFull(what, { stderr, exitCode });
  return new ShipError('GUEST_TRANSFER_FAILED', {
    summary: `${what} failed.`,
    reason: `The command in the guest ended with ${exitCode === null ? 'a signal' : `exit code ${exitCode}`}.`,
    nextStep:
      'Check the free space of the golden image, then try again; the log has the output of the command.',
    detail: { stderr, exitCode },
  });
}
