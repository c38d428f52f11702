import { wording } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { words } from '../../words.ts';
import type { Certificate } from './certificate.ts';

const EXPORT_AGAIN =
  'Export the signing certificate together with its private key as a .p12 file again, and use that.';

export const p12Invalid = (fact: string, cause?: unknown): ShipError =>
  new ShipError('P12_INVALID', {
    summary: 'The certificate file is not a PKCS#12 file that can be read.',
    reason: `It was refused because ${fact}.`,
    nextStep: EXPORT_AGAIN,
    cause,
  });

export const passwordWrong = (): ShipError =>
  new ShipError('P12_PASSWORD_WRONG', {
    summary: 'The password does not open the PKCS#12 file.',
    reason: 'What the file protects cannot be read with it.',
    nextStep: wording`Correct ${words.certificatePassword} (an absent one means the empty password), and try again.`,
  });

export const keyMissing = (certificates: readonly Certificate[]): ShipError =>
  new ShipError('P12_KEY_MISSING', {
    summary: 'The PKCS#12 file holds no private key.',
    reason: `It holds ${namesOf(certificates)}.`,
    nextStep: EXPORT_AGAIN,
  });

export const keyMismatch = (certificates: readonly Certificate[]): ShipError =>
  new ShipError('P12_KEY_MISMATCH', {
    summary: 'The private key in the PKCS#12 file belongs to none of its certificates.',
    reason: `Its public key is not that of ${namesOf(certificates)}.`,
    nextStep: EXPORT_AGAIN,
  });

const MAX_NAMES = 5;

function namesOf(certificates: readonly Certificate[]): string {
  if (certificates.length === 0) return 'any certificate, as there is none';
  const names = certificates
    .slice(0, MAX_NAMES)
    .map((certificate) => `"${certificate.commonName.slice(0, 100)}"`);
  return (
    names.join(', ') +
    (certificates.length > MAX_NAMES ? `, and ${certificates.length - MAX_NAMES} more` : '')
  );
}
