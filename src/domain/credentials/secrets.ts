import { failureCodes, ShipError } from '../../errors.ts';
import { isFields, knownFields } from '../known-fields.ts';
import { isHiddenAnywhere } from '../redaction/index.ts';
import { credentialsSchema } from './schema.ts';

type CredentialField = keyof typeof credentialsSchema.shape;

const PASSWORDS = [
  'apple_certificate_password',
  'apple_notarize_certificate_password',
  'apple_installer_certificate_password',
] as const satisfies readonly CredentialField[];

/** The others are public: they are part of certificates, of the finished app, or of what Apple prints. */
const SECRETS = [
  ...PASSWORDS,
  'apple_p8_key',
  'apple_certificate_p12_base64',
  'apple_notarize_certificate_p12_base64',
  'apple_installer_certificate_p12_base64',
] as const satisfies readonly CredentialField[];

const textAt = (raw: unknown, field: CredentialField): string => {
  const value = isFields(raw) && Object.hasOwn(raw, field) ? raw[field] : undefined;
  return typeof value === 'string' ? value : '';
};

/** What must be seen nowhere, of credentials as they came. */
export const secretsIn = (raw: unknown): readonly string[] =>
  SECRETS.map((field) => textAt(raw, field)).filter((text) => text !== '');

/** The fields that signing knows, as they came; what else was sent is nobody's here. */
export const knownCredentials = (raw: unknown): unknown =>
  knownFields(raw, Object.keys(credentialsSchema.shape));

/**
 * Names, codes and ids of a job are told as they are, so that none of its passwords may be part of them. Short passwords
 * are, by chance, and are hidden nowhere but as whole words: they may.
 *
 * @param told - by what they are called, e.g. `bundle_id`
 * @throws ShipError CREDENTIAL_INVALID: names the two fields, never their content
 */
export function refuseToldPasswords(raw: unknown, told: Readonly<Record<string, string>>): void {
  for (const field of PASSWORDS) {
    const password = textAt(raw, field);
    if (!isHiddenAnywhere(password)) continue;
    if (Object.hasOwn(failureCodes, password)) throw toldPassword(field, 'the codes of errors');
    for (const [name, text] of Object.entries(told))
      if (text.includes(password)) throw toldPassword(field, name);
  }
}

const toldPassword = (field: string, name: string): ShipError =>
  new ShipError('CREDENTIAL_INVALID', {
    summary: `${field} cannot be used: it is also a part of ${name}.`,
    reason: 'Names, codes and ids are told in messages and logs, and the password would be told with them.',
    nextStep: 'Export the certificate under another password, and try again.',
  });
