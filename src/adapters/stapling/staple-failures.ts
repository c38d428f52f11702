import { ShipError } from '../../errors.ts';

const AGAIN = 'Send the job again; if it fails again, send the log of this run to the maintainers.';

export const unsignedCode = (what: string): ShipError =>
  new ShipError('STAPLE_FAILED', {
    summary: `The ${what} has no ticket because it is not signed.`,
    reason: 'A ticket belongs to a signature, and there is none.',
    nextStep: AGAIN,
  });

export const cannotStaple = (reason: string, cause?: unknown): ShipError =>
  new ShipError('STAPLE_FAILED', {
    summary: 'The notarization ticket could not be attached.',
    reason,
    nextStep: AGAIN,
    ...(cause !== undefined && { cause }),
  });
