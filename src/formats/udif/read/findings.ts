import { SEND_THE_LOG, wording } from '../../../../machines/contracts/wording.ts';
import { ShipError } from '../../../errors.ts';

/** What the checks of a disk image throw. @param finding - one sentence: the fact, with its numbers */
export const corrupt = (finding: string, cause?: unknown): ShipError =>
  new ShipError('DMG_CORRUPT', {
    summary: 'The disk image is damaged.',
    reason: finding,
    nextStep: wording`Make the disk image again; if the new one is damaged too, ${SEND_THE_LOG}.`,
    ...(cause !== undefined && { cause }),
  });

export const unsupported = (finding: string): ShipError =>
  new ShipError('DMG_UNSUPPORTED', {
    summary: 'The disk image has a form that cannot be read here.',
    reason: finding,
    nextStep: 'Make it with "hdiutil create -fs HFS+ -format UDZO", or look into it with "hdiutil attach".',
  });

export function demand(holds: boolean, finding: string | (() => string)): asserts holds {
  if (!holds) throw corrupt(typeof finding === 'string' ? finding : finding());
}

/** A 64-bit field as a number; one that no real file could have is a finding. */
export function uint64At(bytes: Buffer, at: number, field: string): number {
  const value = bytes.readBigUInt64BE(at);
  demand(value <= BigInt(Number.MAX_SAFE_INTEGER), () => `The ${field} is ${value}, which no file can have.`);
  return Number(value);
}
