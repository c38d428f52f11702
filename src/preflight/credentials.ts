import { chooseIdentity, type SigningIdentity } from '../domain/identity/index.ts';
import type { PlistDict } from '../domain/plist/index.ts';
import { type ProvisioningProfile, parseProfile } from '../domain/profile/index.ts';
import { certificateFindings } from './certificates.ts';
import { judgeEntitlements } from './entitlements.ts';
import { type Finding, finding, findingOf } from './finding.ts';
import type { Context, PreflightCredentials } from './input.ts';
import { installerFindings } from './installer.ts';
import { Keyring } from './keyring.ts';
import { nestedProfileFindings } from './nested-profiles.ts';
import { type Pass, passesOf } from './passes.ts';
import { profileFindings } from './profile.ts';

/** What one pass signs with. */
export interface PassMaterial {
  readonly pass: Pass;
  /** Secret; absent when there is none that could be opened. */
  readonly identity?: SigningIdentity;
  readonly entitlements?: PlistDict;
}

export interface CredentialsExamination {
  readonly findings: readonly Finding[];
  readonly materials: readonly PassMaterial[];
  readonly installer?: SigningIdentity;
  readonly profile?: ProvisioningProfile;
}

/** Holds identities, profile and entitlements against the bundle and against each other. */
export function examineCredentials(
  context: Context,
  credentials: PreflightCredentials,
): CredentialsExamination {
  const keyring = new Keyring();
  const read = readProfile(credentials);
  const passes = passesOf(context, credentials).map((pass) =>
    examinePass(context, credentials, pass, keyring, read.profile),
  );
  const installer = installerFindings(context, credentials, keyring);
  const teamId = credentials.teamId ?? read.profile?.teamIds[0];
  const certificates = passes
    .filter(({ material }) => material.pass.takesProfile)
    .flatMap(({ material }) => material.identity?.certificate.der ?? []);
  const nested = nestedProfileFindings(context, { certificates, ...(teamId !== undefined && { teamId }) });
  const materials = passes.map(({ material }) => material);
  keyring.forgetAllBut(
    [...materials.map(({ identity }) => identity), installer.identity].flatMap(
      (one) => one?.privateKeyPem ?? [],
    ),
  );
  return {
    findings: [
      ...keyring.findings,
      ...passes.flatMap(({ findings }) => findings.ofIdentity),
      ...installer.findings,
      ...read.findings,
      ...passes.flatMap(({ findings }) => findings.ofProfile),
      ...nested,
      ...passes.flatMap(({ findings }) => findings.ofEntitlements),
    ],
    materials,
    ...(installer.identity && { installer: installer.identity }),
    ...(read.profile && { profile: read.profile }),
  };
}

function readProfile({ profile: bytes }: PreflightCredentials): {
  findings: Finding[];
  profile?: ProvisioningProfile;
} {
  if (!bytes) return { findings: [] };
  try {
    return { findings: [], profile: parseProfile(bytes) };
  } catch (thrown) {
    return { findings: [findingOf(thrown)] };
  }
}

function examinePass(
  context: Context,
  credentials: PreflightCredentials,
  pass: Pass,
  keyring: Keyring,
  given: ProvisioningProfile | undefined,
) {
  const profile = pass.takesProfile ? given : undefined;
  const name = pass.p12 === credentials.notarize ? 'the one for direct distribution' : undefined;
  const contents = pass.p12 && keyring.open(pass.p12, name);
  const wantedName = pass.p12?.signingIdentity;
  const chosen =
    contents &&
    chooseIdentity(contents, {
      purpose: pass.purpose,
      now: context.now,
      ...(wantedName !== undefined && { wantedName }),
      ...(profile && { profileCertificates: profile.developerCertificates }),
    });
  const identity = chosen?.identity;
  const teamId = credentials.teamId ?? profile?.teamIds[0];
  const use = {
    purpose: pass.purpose,
    ...(wantedName !== undefined && { wantedName }),
    ...(teamId !== undefined && { teamId }),
  };
  const judged = entitlementsOf(context, credentials, pass, profile, identity);
  return {
    material: {
      pass,
      ...(identity && { identity }),
      ...(judged?.entitlements && { entitlements: judged.entitlements }),
    },
    findings: {
      ofIdentity: chosen ? certificateFindings(context, { chosen, ...use }) : [],
      ofProfile: ofProfile(context, credentials, pass, profile, identity),
      ofEntitlements: judged?.findings ?? [],
    },
  };
}

function ofProfile(
  context: Context,
  { profile: bytes, teamId }: PreflightCredentials,
  pass: Pass,
  profile: ProvisioningProfile | undefined,
  identity: SigningIdentity | undefined,
): Finding[] {
  if (!pass.takesProfile) return [];
  if (!bytes) return identity ? missingProfile(context) : [];
  if (!profile) return [];
  const { bundleId } = context.survey;
  return profileFindings(context, {
    profile,
    bytes,
    certificates: identity ? [identity.certificate.der] : [],
    kinds: pass.profileKinds,
    ...(bundleId !== undefined && { bundleId }),
    ...(teamId !== undefined && { teamId }),
  });
}

/** ITMS-90174, 90889 */
function missingProfile({ platform, distribution, inStore }: Context): Finding[] {
  const nextStep = 'Make a provisioning profile in the Apple developer account, and send it.';
  if (platform === 'ios')
    return [
      finding('PROFILE_MISSING', inStore, {
        summary: 'The job has no provisioning profile: devices will not install the app as it is.',
        reason: 'An iOS app carries the profile that permits it, and the App Store takes none without.',
        nextStep,
      }),
    ];
  if (distribution !== 'testflight') return [];
  return [
    finding('PROFILE_MISSING', 'warning', {
      summary: 'The job has no provisioning profile: TestFlight will not offer the app to testers.',
      nextStep,
    }),
  ];
}

function entitlementsOf(
  context: Context,
  credentials: PreflightCredentials,
  pass: Pass,
  profile: ProvisioningProfile | undefined,
  identity: SigningIdentity | undefined,
) {
  const { bundleId } = context.survey;
  // a profile that cannot be read has its finding; what it would allow is not known
  if (bundleId === undefined || (pass.takesProfile && credentials.profile && !profile)) return undefined;
  const teamId = credentials.teamId ?? profile?.teamIds[0] ?? identity?.certificate.teamId;
  // whose app it is will be known with the certificate
  if (teamId === undefined && !identity && pass.distribution === 'store') return undefined;
  return judgeEntitlements(context, {
    distribution: pass.distribution,
    bundleId,
    ...(teamId !== undefined && { teamId }),
    ...(profile && { profile }),
  });
}
