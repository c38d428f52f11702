import { joinTexts, wording } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { credentialName, words } from '../../words.ts';
import type { Credentials, SuppliedP12 } from './credentials.ts';
import { credentialsSchema, type RawCredentials } from './schema.ts';

/**
 * Checks the credentials of an assignment and keeps only what signing needs.
 *
 * @param raw - the `credentials` object as the hub sent it; absent and null count as "none sent"
 * @throws ShipError CREDENTIAL_INVALID: names the fields and what is wrong with their form, never their content
 */
export function parseCredentials(raw: unknown): Credentials {
  const result = credentialsSchema.safeParse(raw ?? {});
  if (result.success) return tidy(result.data);
  const findings = result.error.issues.map(
    (issue) => [issue.path.join('.') || 'credentials', wrong(issue)] as const,
  );
  const named = unique(findings).map(([field, fault]) => wording`${credentialName(field)} ${fault}`);
  // No `cause`: the error of the schema library may quote what it refused.
  throw new ShipError('CREDENTIAL_INVALID', {
    summary: wording`${words.credentials} cannot be used.`,
    reason: wording`${joinTexts(named, '; ')}.`,
    nextStep: wording`Correct ${words.thatSetting}, and try again.`,
  });
}

const unique = (findings: readonly (readonly [field: string, fault: string])[]) => [
  ...new Map(findings.map((each) => [each.join(' '), each])).values(),
];

const wrong = (issue: { readonly path: readonly PropertyKey[]; readonly message: string }): string =>
  issue.path.length === 0 ? 'is not an object' : issue.message;

function tidy(raw: RawCredentials): Credentials {
  const main = supplied(
    raw.apple_certificate_p12_base64,
    raw.apple_certificate_password,
    raw.apple_signing_identity,
  );
  const notarize = supplied(
    raw.apple_notarize_certificate_p12_base64,
    raw.apple_notarize_certificate_password,
    raw.apple_notarize_signing_identity,
  );
  const installer = supplied(
    raw.apple_installer_certificate_p12_base64,
    raw.apple_installer_certificate_password,
    undefined,
  );
  return {
    ...(raw.apple_team_id !== undefined && { teamId: raw.apple_team_id }),
    ...(raw.apple_key_id !== undefined && { apiKeyId: raw.apple_key_id }),
    ...(raw.apple_issuer_id !== undefined && { apiIssuerId: raw.apple_issuer_id }),
    ...(raw.apple_p8_key !== undefined && { apiPrivateKeyPem: raw.apple_p8_key }),
    ...(raw.provisioning_profile_base64 !== undefined && { profile: raw.provisioning_profile_base64 }),
    ...(main && { main }),
    ...(notarize && { notarize }),
    ...(installer && { installer }),
  };
}

function supplied(
  p12: Buffer | undefined,
  password: string | undefined,
  signingIdentity: string | undefined,
): SuppliedP12 | undefined {
  if (!p12) return undefined;
  return { p12, password: password ?? '', ...(signingIdentity !== undefined && { signingIdentity }) };
}
