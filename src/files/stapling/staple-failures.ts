import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';

const AGAIN = TRY_AGAIN_OR_REPORT;

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
