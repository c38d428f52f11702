import { readApiKey } from '../adapters/apple/api-token.ts';
import { type ProvisioningProfile, parseProfile } from '../domain/profile/index.ts';
import { type ExaminedPass, examinePass, type PassMaterial } from './examine-pass.ts';
import { type Finding, finding, findingOf } from './finding.ts';
import type { Context, PreflightCredentials } from './input.ts';
import { Keyring } from './keyring.ts';
import { nestedProfileFindings } from './nested-profiles.ts';

export interface CredentialsExamination {
  readonly findings: readonly Finding[];
  /** One for each pass, in their order. */
  readonly materials: readonly PassMaterial[];
  readonly profile?: ProvisioningProfile;
}

/** Holds identities, profile and entitlements against the bundle and against each other. */
export function examineCredentials(
  context: Context,
  credentials: PreflightCredentials,
): CredentialsExamination {
  const keyring = new Keyring();
  const { profile, findings: ofEnvelope } = readProfile(credentials);
  const passes = (context.passes ?? []).map((pass) =>
    examinePass({ context, credentials, pass, ...(pass.takesProfile && profile && { profile }) }, keyring),
  );
  const materials = passes.map(({ material }) => material);
  keyring.forgetAllBut(materials.flatMap(keysOf));
  return {
    findings: [
      ...keyring.findings,
      ...passes.flatMap(({ ofIdentity }) => ofIdentity),
      ...apiKeyFindings(credentials),
      ...ofEnvelope,
      ...unusedProfileFindings(credentials),
      ...passes.flatMap(({ ofProfile }) => ofProfile),
      ...ofNested(context, passes, credentials.teamId ?? profile?.teamIds[0], profile),
      ...passes.flatMap(({ ofEntitlements }) => ofEntitlements),
    ],
    materials,
    ...(profile && { profile }),
  };
}

/** The private keys of a pass, which are the caller's to overwrite. */
export const keysOf = ({ identity, installer }: PassMaterial): Buffer[] =>
  [identity, installer].flatMap((one) => one?.privateKeyPem ?? []);

/** Profiles of nested bundles are of the pass that takes the app's. */
function ofNested(
  context: Context,
  passes: readonly ExaminedPass[],
  teamId: string | undefined,
  profile: ProvisioningProfile | undefined,
): Finding[] {
  const certificates = passes
    .filter(({ material }) => material.pass.takesProfile)
    .flatMap(({ material }) => material.identity?.certificate.der ?? []);
  return nestedProfileFindings(context, {
    certificates,
    ...(teamId !== undefined && { teamId }),
    ...(profile && { profile }),
  });
}

/** Apple's own refusal of a key comes late: this much is known before. */
function apiKeyFindings({ apiKey }: PreflightCredentials): Finding[] {
  if (!apiKey) return [];
  try {
    readApiKey(apiKey);
    return [];
  } catch (thrown) {
    return [findingOf(thrown)];
  }
}

/** Without a Developer ID profile nothing is embedded into what is distributed directly. */
function unusedProfileFindings({ unusedProfile: profile }: PreflightCredentials): Finding[] {
  if (!profile) return [];
  const { findings } = readProfile({ profile });
  if (findings.length > 0) return [...findings];
  return [
    finding('PROFILE_UNUSED', 'warning', {
      summary: 'The provisioning profile is not embedded into the app.',
      reason:
        'An app that is distributed directly carries one for Developer ID, when it has a signing identity.',
      nextStep: 'Leave the profile out, or give one for Developer ID.',
    }),
  ];
}

function readProfile({ profile: bytes }: PreflightCredentials): {
  readonly findings: readonly Finding[];
  readonly profile?: ProvisioningProfile;
} {
  if (!bytes) return { findings: [] };
  try {
    return { findings: [], profile: parseProfile(bytes) };
  } catch (thrown) {
    return { findings: [findingOf(thrown)] };
  }
}
