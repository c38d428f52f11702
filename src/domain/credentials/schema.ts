import * as z from 'zod';
import { isWellFormed } from '../well-formed.ts';

/** Real PKCS#12 files and provisioning profiles have 3 to 100 KB. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_BASE64_CHARACTERS = Math.ceil(MAX_FILE_BYTES / 3) * 4;
const MAX_KEY_CHARACTERS = 16 * 1024;
const MAX_TEXT_CHARACTERS = 1_000;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const isUnset = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');

const trimmed = (value: unknown): unknown => (typeof value === 'string' ? value.trim() : value);

const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (isUnset(value) ? undefined : trimmed(value)), schema.optional());

const text = () =>
  z
    .string('is not a text')
    .max(MAX_TEXT_CHARACTERS, `has more than ${MAX_TEXT_CHARACTERS} characters`)
    .refine(isWellFormed, 'holds half a character (a lone surrogate)');

const file = () =>
  z
    .string('is not a text')
    .max(MAX_BASE64_CHARACTERS, 'holds more than 1 MiB')
    .refine((value) => value.length % 4 === 0 && BASE64.test(value), 'is not standard base64')
    .transform((value) => Buffer.from(value, 'base64'));

/** Not trimmed: blanks may belong to a password. */
const password = () => z.preprocess((value) => value ?? undefined, text().optional());

const issuerForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const privateKeyForm =
  /^-----BEGIN (EC )?PRIVATE KEY-----\s[A-Za-z0-9+/=\s]+-----END (EC )?PRIVATE KEY-----$/;

/** `z.object` strips every field that is not named here, so that foreign secrets end at this line. */
export const credentialsSchema = z.object({
  apple_team_id: optional(text().regex(/^[A-Z0-9]{10}$/, 'is not 10 capital letters and digits')),
  apple_signing_identity: optional(text()),
  apple_key_id: optional(text().regex(/^[A-Za-z0-9]{8,16}$/, 'is not 8 to 16 letters and digits')),
  apple_issuer_id: optional(text().regex(issuerForm, 'is not a UUID')),
  apple_p8_key: optional(
    z
      .string('is not a text')
      .max(MAX_KEY_CHARACTERS, `has more than ${MAX_KEY_CHARACTERS} characters`)
      .regex(privateKeyForm, 'is not a private key in PEM form'),
  ),
  provisioning_profile_base64: optional(file()),
  apple_certificate_p12_base64: optional(file()),
  apple_certificate_password: password(),
  apple_notarize_certificate_p12_base64: optional(file()),
  apple_notarize_certificate_password: password(),
  apple_notarize_signing_identity: optional(text()),
  apple_installer_certificate_p12_base64: optional(file()),
  apple_installer_certificate_password: password(),
});

export type RawCredentials = z.output<typeof credentialsSchema>;
