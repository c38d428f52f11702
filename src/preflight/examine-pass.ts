import { wording } from '../../machines/contracts/wording.ts';
import { type ChosenIdentity, chooseIdentity, type SigningIdentity } from '../domain/identity/index.ts';
import type { SignPass } from '../domain/plan.ts';
import type { ProfileKind, ProvisioningProfile } from '../domain/profile/index.ts';
import type { PlistDict } from '../formats/plist/index.ts';
import { words } from '../words.ts';
import { certificateFindings } from './certificates.ts';
import { type JudgedEntitlements, judgeEntitlements } from './entitlements.ts';
import { type Finding, finding } from './finding.ts';
import type { Context, PreflightCredentials } from './input.ts';
import { installerFindings } from './installer.ts';
import type { Keyring } from './keyring.ts';
import { profileFindings } from './profile.ts';

/** What one pass signs with. */
export interface PassMaterial {
  readonly pass: SignPass;
  /** Secret; absent when there is none that could be opened. */
  readonly identity?: SigningIdentity;
  readonly profile?: ProvisioningProfile;
  readonly entitlements?: PlistDict;
  /** Secret: signs the installer package. */
  readonly installer?: SigningIdentity;
}

export interface ExaminedPass {
  readonly material: PassMaterial;
  readonly ofIdentity: readonly Finding[];
  readonly ofProfile: readonly Finding[];
  readonly ofEntitlements: readonly Finding[];
}

interface PassInput {
  readonly context: Context;
  readonly credentials: PreflightCredentials;
  readonly pass: SignPass;
  /** The one that was given, when this pass takes it and it can be read. */
  readonly profile?: ProvisioningProfile;
}

/** One signature: its identity, its profile, its entitlements. */
export function examinePass(input: PassInput, keyring: Keyring): ExaminedPass {
  const chosen = choose(input, keyring);
  const identity = chosen?.identity;
  const judged = judge(input, identity);
  const { context, credentials, pass } = input;
  const installer = installerFindings({ context, credentials, pass }, keyring);
  return {
    material: {
      pass,
      ...(identity && { identity }),
      ...(input.profile && { profile: input.profile }),
      ...(judged?.entitlements && { entitlements: judged.entitlements }),
      ...(installer.identity && { installer: installer.identity }),
    },
    ofIdentity: [
      ...(chosen ? certificateFindings(context, { chosen, ...certificateUse(input) }) : []),
      ...installer.findings,
    ],
    ofProfile: pass.takesProfile ? ofProfile(input, identity) : [],
    ofEntitlements: judged?.findings ?? [],
  };
}

function choose(
  { context, credentials, pass, profile }: PassInput,
  keyring: Keyring,
): ChosenIdentity | undefined {
  const supplied = pass.p12 && credentials[pass.p12];
  if (!pass.p12 || !supplied) return undefined;
  const contents = keyring.open(supplied, pass.p12);
  const wantedName = supplied.signingIdentity;
  return (
    contents &&
    chooseIdentity(contents, {
      purpose: pass.purpose,
      now: context.now,
      ...(wantedName !== undefined && { wantedName }),
      ...(profile && { profileCertificates: profile.developerCertificates }),
    })
  );
}

function certificateUse({ credentials, pass, profile }: PassInput) {
  const teamId = credentials.teamId ?? profile?.teamIds[0];
  const wantedName = pass.p12 && credentials[pass.p12]?.signingIdentity;
  return {
    purpose: pass.purpose,
    ...(wantedName !== undefined && { wantedName }),
    ...(teamId !== undefined && { teamId }),
  };
}

function ofProfile(
  { context, credentials, pass, profile }: PassInput,
  identity: SigningIdentity | undefined,
): Finding[] {
  const { profile: bytes, teamId } = credentials;
  if (!bytes) return identity ? missingProfile(context) : [];
  if (!profile) return [];
  const { bundleId } = context.survey;
  return profileFindings(context, {
    profile,
    bytes,
    certificates: identity ? [identity.certificate.der] : [],
    kinds: profileKindsFor(pass),
    ...(bundleId !== undefined && { bundleId }),
    ...(teamId !== undefined && { teamId }),
  });
}

/** Kinds of profiles that do; every kind when there is none. */
function profileKindsFor({ distribution, notarizes }: SignPass): readonly ProfileKind[] {
  if (distribution === 'store') return ['store'];
  return notarizes ? ['developer-id'] : [];
}

/** ITMS-90174, 90889 */
function missingProfile({ platform, distribution, inStore }: Context): Finding[] {
  const nextStep = wording`Make a provisioning profile in the Apple developer account, and ${words.giveProfile}.`;
  if (platform === 'ios')
    return [
      finding('PROFILE_MISSING', inStore, {
        summary: 'There is no provisioning profile: devices will not install the app as it is.',
        reason: 'An iOS app carries the profile that permits it, and the App Store takes none without.',
        nextStep,
      }),
    ];
  if (distribution !== 'testflight') return [];
  return [
    finding('PROFILE_MISSING', 'warning', {
      summary: 'There is no provisioning profile: TestFlight will not offer the app to testers.',
      reason: 'TestFlight for macOS goes by the profile in the app (ITMS-90889).',
      nextStep,
    }),
  ];
}

function judge(
  { context, credentials, pass, profile }: PassInput,
  identity: SigningIdentity | undefined,
): JudgedEntitlements | undefined {
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
