import { type FailureCode, ShipError } from '../../errors.ts';
import type { Platform } from '../manifest/index.ts';
import { coversBundleId, isForIos, isForMac, type ProvisioningProfile } from './profile.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const WARN_BEFORE_EXPIRY_MS = 7 * DAY_MS;

export interface ProfileUse {
  /** `CFBundleIdentifier` of the bundle. */
  readonly bundleId: string;
  readonly teamId?: string;
  readonly platform: Platform;
  /** The certificate that the bundle is to be signed with. */
  readonly certificateDer: Buffer;
  readonly now: Date;
}

/**
 * Checks that a profile covers what is to be signed.
 *
 * @returns sentences for the log of the job
 * @throws ShipError PROFILE_PLATFORM_MISMATCH · PROFILE_EXPIRED · PROFILE_BUNDLE_ID_MISMATCH · TEAM_MISMATCH ·
 *   PROFILE_CERTIFICATE_MISSING
 */
export function checkProfile(profile: ProvisioningProfile, use: ProfileUse): readonly string[] {
  checkPlatform(profile, use.platform);
  checkExpiry(profile, use.now);
  checkBundleId(profile, use.bundleId);
  checkTeam(profile, use.teamId);
  checkCertificate(profile, use.certificateDer);
  return warningsFor(profile, use);
}

const refuse = (code: FailureCode, summary: string, nextStep: string, reason = ''): ShipError =>
  new ShipError(code, { summary, reason, nextStep });

const titleOf = (profile: ProvisioningProfile): string =>
  `The provisioning profile "${(profile.name || profile.uuid).slice(0, 100)}"`;

function checkPlatform(profile: ProvisioningProfile, platform: Platform): void {
  if (platform === 'ios' ? isForIos(profile) : isForMac(profile)) return;
  const wanted = platform === 'ios' ? 'iOS' : 'macOS';
  throw refuse(
    'PROFILE_PLATFORM_MISMATCH',
    `${titleOf(profile)} is for ${profile.platforms.join(', ') || 'another platform'}, the job is for ${wanted}.`,
    `Send a provisioning profile for ${wanted}.`,
  );
}

function checkExpiry(profile: ProvisioningProfile, now: Date): void {
  if (profile.expiresAt > now) return;
  throw refuse(
    'PROFILE_EXPIRED',
    `${titleOf(profile)} expired on ${profile.expiresAt.toISOString().slice(0, 10)}.`,
    'Renew the profile in the Apple developer account and send the job again.',
  );
}

function checkBundleId(profile: ProvisioningProfile, bundleId: string): void {
  if (coversBundleId(profile, bundleId)) return;
  throw refuse(
    'PROFILE_BUNDLE_ID_MISMATCH',
    `${titleOf(profile)} allows "${profile.bundleIdPattern}", the bundle is "${bundleId}".`,
    `Send a profile for "${bundleId}", or change the bundle identifier of the app.`,
  );
}

function checkTeam(profile: ProvisioningProfile, teamId: string | undefined): void {
  if (!teamId || profile.teamIds.length === 0 || profile.teamIds.includes(teamId)) return;
  throw refuse(
    'TEAM_MISMATCH',
    `The job is for the team ${teamId}, its provisioning profile belongs to ${profile.teamIds.join(', ')}.`,
    `Set the team id to ${profile.teamIds[0]}, or send a profile of the team ${teamId}.`,
  );
}

function checkCertificate(profile: ProvisioningProfile, certificateDer: Buffer): void {
  if (profile.developerCertificates.some((der) => der.equals(certificateDer))) return;
  throw refuse(
    'PROFILE_CERTIFICATE_MISSING',
    `${titleOf(profile)} does not list the signing certificate.`,
    'Add the certificate to the profile in the Apple developer account, download the profile again, and send the job again.',
    `It lists ${profile.developerCertificates.length} other certificate(s).`,
  );
}

function warningsFor(profile: ProvisioningProfile, { now }: ProfileUse): string[] {
  const warnings: string[] = [];
  if (profile.expiresAt.getTime() - now.getTime() < WARN_BEFORE_EXPIRY_MS) {
    warnings.push(`${titleOf(profile)} expires on ${profile.expiresAt.toISOString().slice(0, 10)}.`);
  }
  return warnings;
}
