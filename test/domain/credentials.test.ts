import { expect, test } from 'vitest';
import { parseCredentials } from '../../src/domain/credentials/index.ts';
import { summarizeCredentials } from '../../src/domain/credentials/summarize.ts';
import { ShipError } from '../../src/errors.ts';

const P8 =
  '-----BEGIN PRIVATE KEY-----\nMIGTAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBHkwdwIBAQQg\n-----END PRIVATE KEY-----\n';
const P12 = Buffer.from('not looked into here').toString('base64');

function failureOf(raw: unknown): ShipError {
  try {
    parseCredentials(raw);
  } catch (error) {
    if (error instanceof ShipError) return error;
    throw error;
  }
  throw new Error('the credentials were accepted');
}

test('keeps what signing needs and drops every foreign secret', () => {
  const credentials = parseCredentials({
    apple_team_id: 'A1B2C3D4E5',
    apple_signing_identity: 'Developer ID Application: Example',
    apple_key_id: 'ABCD123456',
    apple_issuer_id: '69a6de70-03db-47e3-e053-5b8c7c11a4d1',
    apple_p8_key: P8,
    provisioning_profile_base64: ` ${P12}\n`,
    apple_certificate_p12_base64: P12,
    apple_certificate_password: ' with blanks ',
    apple_notarize_certificate_password: 'sent without its file',
    android_keystore_base64: 'foreign',
    google_play_service_account_json: 'foreign',
    gcloud_token: 'foreign',
  });
  expect(JSON.stringify(credentials)).not.toMatch(/foreign|sent without/);
  expect(credentials.main).toMatchObject({
    password: ' with blanks ',
    signingIdentity: 'Developer ID Application: Example',
  });
  expect(credentials.profile?.toString()).toBe('not looked into here');
  expect(credentials.notarize).toBeUndefined();
  expect(summarizeCredentials(credentials)).toEqual({
    hasMainP12: true,
    hasNotarizeP12: false,
    hasInstallerP12: false,
    hasProfile: true,
    hasDeveloperIdProfile: false,
    hasApiKey: true,
    apiKeyLacks: [],
  });
});

test('a p12 without a password means the empty password', () => {
  expect(parseCredentials({ apple_certificate_p12_base64: P12 }).main?.password).toBe('');
  expect(
    parseCredentials({ apple_certificate_p12_base64: P12, apple_certificate_password: null }).main?.password,
  ).toBe('');
});

test.each([[undefined], [null], [{}], [{ apple_team_id: null, apple_certificate_p12_base64: '' }]])(
  '%j are no credentials',
  (raw) => {
    expect(parseCredentials(raw)).toEqual({});
  },
);

test('an API key that lacks a part is none', () => {
  const credentials = parseCredentials({ apple_key_id: 'ABCD123456', apple_p8_key: P8 });
  expect(summarizeCredentials(credentials)).toMatchObject({
    hasApiKey: false,
    apiKeyLacks: ['apple_issuer_id'],
  });
});

test.each([
  ['apple_team_id', 'a1b2c3d4e5'],
  ['apple_team_id', '../../SECRET'],
  ['apple_key_id', '../SECRET12'],
  ['apple_issuer_id', 'SECRET-not-a-uuid'],
  ['apple_p8_key', 'SECRET'],
  ['apple_p8_key', 'SECRET'.repeat(10_000)],
  ['apple_certificate_p12_base64', 'SECRET*='],
  ['apple_certificate_p12_base64', 'SECRET-_'],
  ['apple_certificate_p12_base64', 'SECRE'],
  ['apple_certificate_p12_base64', 'SECR\nSECR'],
  ['apple_installer_certificate_p12_base64', 'SECR'.repeat(400_000)],
  ['provisioning_profile_base64', 7],
  ['apple_certificate_password', { SECRET: 1 }],
  ['apple_certificate_password', 'SECRET'.repeat(1_000)],
])('%s is refused by name, without its content', (field, value) => {
  const { failure, message, cause } = failureOf({ [field]: value });
  expect(failure).toMatchObject({ code: 'CREDENTIAL_INVALID', kind: 'input', retryable: false });
  expect(message).toContain(field);
  expect(message).not.toMatch(/SECR/);
  expect(cause).toBeUndefined();
});

test.each([[7], ['text'], [[]]])('%j is refused', (raw) => {
  expect(failureOf(raw).code).toBe('CREDENTIAL_INVALID');
});
