import { type Text, wording } from '../../machines/contracts/wording.ts';
import { day } from '../domain/identity/index.ts';
import {
  checkProfileSignature,
  coversBundleId,
  isForIos,
  isForMac,
  type ProfileKind,
  type ProvisioningProfile,
  profileKind,
} from '../domain/profile/index.ts';
import type { FailureCode } from '../errors.ts';
import { words } from '../words.ts';
import { type Finding, finding, type Severity } from './finding.ts';
import type { Context } from './input.ts';

const WARN_BEFORE_EXPIRY_MS = 7 * 24 * 60 * 60 * 1000;

/** One provisioning profile and what it is to permit. */
export interface ProfileUse {
  readonly profile: ProvisioningProfile;
  readonly bytes: Buffer;
  /** Absent when the bundle does not say; then it is not held against it. */
  readonly bundleId?: string;
  readonly teamId?: string;
  /** DER of the certificates that will sign with it. */
  readonly certificates: readonly Buffer[];
  /** Empty: every kind does. */
  readonly kinds: readonly ProfileKind[];
  /** Named in the sentences, e.g. `of "PlugIns/W.appex"`. */
  readonly owner?: string;
}

/** Everything that can be wrong with a profile, for the use that it is meant for. */
export function profileFindings(context: Context, use: ProfileUse): Finding[] {
  return [
    ...bundleId(use),
    ...expiry(context, use),
    ...platform(context, use),
    ...team(use),
    ...certificate(use),
    ...kind(context, use),
    ...deviceFamily(context, use),
    ...prefix(context, use),
    ...signature(context, use),
  ];
}

const title = ({ profile, owner }: ProfileUse): string => {
  const name = `The provisioning profile "${(profile.name || profile.uuid).slice(0, 100)}"`;
  return owner === undefined ? name : `${name} ${owner}`;
};

const error = (code: FailureCode, summary: string, nextStep: Text, reason: string): Finding =>
  finding(code, 'error', { summary, reason, nextStep });

function bundleId(use: ProfileUse): Finding[] {
  const { profile, bundleId: wanted } = use;
  if (wanted === undefined || coversBundleId(profile, wanted)) return [];
  return [
    error(
      'PROFILE_BUNDLE_ID_MISMATCH',
      `${title(use)} allows "${profile.bundleIdPattern}", the bundle is "${wanted}".`,
      `Use a profile for "${wanted}", or change the bundle identifier of the app.`,
      'A profile permits the bundles that its application identifier covers, and no other.',
    ),
  ];
}

function expiry({ now }: Context, use: ProfileUse): Finding[] {
  const { expiresAt } = use.profile;
  const nextStep = 'Renew the profile in the Apple developer account and use the new one.';
  if (expiresAt <= now)
    return [error('PROFILE_EXPIRED', `${title(use)} expired on ${day(expiresAt)}.`, nextStep, EXPIRY)];
  if (expiresAt.getTime() - now.getTime() >= WARN_BEFORE_EXPIRY_MS) return [];
  const summary = `${title(use)} expires on ${day(expiresAt)}.`;
  return [finding('PROFILE_EXPIRES_SOON', 'warning', { summary, reason: EXPIRY, nextStep })];
}

const EXPIRY = 'An app with an expired profile is neither taken by the App Store nor started by a device.';

function platform({ platform: wanted }: Context, use: ProfileUse): Finding[] {
  if (wanted === 'ios' ? isForIos(use.profile) : isForMac(use.profile)) return [];
  const name = wanted === 'ios' ? 'iOS' : 'macOS';
  const own = use.profile.platforms.join(', ') || 'another platform';
  return [
    error(
      'PROFILE_PLATFORM_MISMATCH',
      `${title(use)} is for ${own}, and the app is for ${name}.`,
      `Use a provisioning profile for ${name}.`,
      'A profile is for the platforms that it lists.',
    ),
  ];
}

function team({ profile, teamId }: ProfileUse): Finding[] {
  if (!teamId || profile.teamIds.length === 0 || profile.teamIds.includes(teamId)) return [];
  return [
    error(
      'TEAM_MISMATCH',
      `The app is to be signed for the team ${teamId}, but the provisioning profile belongs to ${profile.teamIds.join(', ')}.`,
      wording`Set ${words.teamId} to ${profile.teamIds[0] ?? 'that team'}, or use a profile of the team ${teamId}.`,
      'Everything in one app must be of one team.',
    ),
  ];
}

function certificate(use: ProfileUse): Finding[] {
  const { developerCertificates } = use.profile;
  const isListed = (der: Buffer) => developerCertificates.some((listed) => listed.equals(der));
  if (use.certificates.every(isListed)) return [];
  return [
    error(
      'PROFILE_CERTIFICATE_MISSING',
      `${title(use)} does not list the signing certificate.`,
      'Add the certificate to the profile in the Apple developer account, download the profile again, and use that.',
      `It lists ${developerCertificates.length} other certificate(s).`,
    ),
  ];
}

const KIND_NAMES: Readonly<Record<ProfileKind, string>> = {
  development: 'for development',
  'ad-hoc': 'for ad hoc distribution to listed devices',
  store: 'for the App Store',
  enterprise: 'for distribution inside of a company',
  'developer-id': 'for Developer ID',
};

function kind({ distribution }: Context, use: ProfileUse): Finding[] {
  const own = profileKind(use.profile);
  if (use.kinds.length === 0 || use.kinds.includes(own)) return [];
  const wanted = use.kinds.map((name) => KIND_NAMES[name]).join(' or ');
  return [
    error(
      'PROFILE_KIND_WRONG',
      `${title(use)} is ${KIND_NAMES[own]}, and "${distribution}" needs one ${wanted}.`,
      `Make a profile ${wanted} in the Apple developer account, and use it.`,
      'Its list of devices and its entitlements say what kind of profile it is.',
    ),
  ];
}

/** Vision is the only family that an iOS bundle can have and its profile not. */
function deviceFamily({ survey, platform: wanted }: Context, use: ProfileUse): Finding[] {
  const families = survey.info?.UIDeviceFamily;
  const { platforms } = use.profile;
  const isVisionOnly = Array.isArray(families) && families.length > 0 && families.every((item) => item === 7);
  if (wanted !== 'ios' || !isVisionOnly || platforms.length === 0) return [];
  if (platforms.some((name) => name === 'xrOS' || name === 'visionOS')) return [];
  return [
    error(
      'PROFILE_PLATFORM_MISMATCH',
      `${title(use)} is for ${platforms.join(', ')}, and the app runs on Apple Vision only.`,
      'Use a provisioning profile for visionOS, or add 1 or 2 to UIDeviceFamily.',
      'UIDeviceFamily is [7].',
    ),
  ];
}

/** Older accounts have a prefix that is not the team id, which TestFlight for macOS does not take. */
function prefix({ platform: wanted, distribution }: Context, use: ProfileUse): Finding[] {
  const { prefix: own, teamIds } = use.profile;
  if (wanted !== 'macos' || distribution !== 'testflight' || teamIds.length === 0) return [];
  if (teamIds.includes(own)) return [];
  return [
    finding('ENTITLEMENT_DOUBTFUL', 'warning', {
      summary: `${title(use)} has the application identifier prefix ${own}, and the team is ${teamIds[0]}.`,
      reason: 'TestFlight for macOS takes only apps whose prefix is the team id.',
      nextStep: 'Register an App ID with the team id as its prefix.',
    }),
  ];
}

/** An expired certificate of the signer is no fault: a profile for Developer ID outlives it by years. */
function signature(context: Context, use: ProfileUse): Finding[] {
  const { verdict, signer } = checkProfileSignature(use.bytes, context.trustRoots);
  const nextStep = 'Download the profile from the Apple developer account again, and use it unchanged.';
  if (verdict === 'trusted') return [];
  if (verdict === 'changed')
    return [error('PROFILE_CHANGED', `${title(use)} was changed after it was signed.`, nextStep, DIGEST)];
  if (verdict === 'broken')
    return [
      error(
        'PROFILE_SIGNATURE_WRONG',
        `The signature of ${lower(title(use))} does not hold.`,
        nextStep,
        'It was not made by the certificate that the profile names as its signer.',
      ),
    ];
  const severity: Severity = context.toStore ? 'error' : (context.untrustedProfile ?? 'error');
  const reason = `Its signer ${signer === undefined ? '' : `"${signer}" `}does not lead to a root certificate of Apple's.`;
  return [
    finding('PROFILE_UNTRUSTED', severity, {
      summary: `${title(use)} was not signed by Apple.`,
      reason,
      nextStep,
    }),
  ];
}

const DIGEST = 'Its content has another digest than the one that was signed.';
const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
