import { hash } from 'node:crypto';
import { isAllowed } from '../domain/entitlements/allowed.ts';
import {
  checkProfileSignature,
  coversBundleId,
  type ProfileSignature,
  type ProvisioningProfile,
  parseProfile,
  profileKind,
} from '../domain/profile/index.ts';
import { ShipError } from '../errors.ts';
import type { BundleTree } from '../files/code-signature/bundle-tree.ts';
import type { SignatureFacts } from '../files/code-signature/index.ts';
import type { ArtifactFinding, ProfileSummary } from './report.ts';
import { entitlementsOf, iso } from './signature-summary.ts';

/** Where the system looks for the profile of a bundle, from the top of that bundle. */
const PLACES = { macos: 'Contents/embedded.provisionprofile', ios: 'embedded.mobileprovision' } as const;
/** Sandbox permissions and hardened-runtime exceptions of macOS: every app may have them. */
const FREE_PREFIX = 'com.apple.security.';

export interface ProfiledCode {
  /** Of the bundle in the tree; empty for the app itself. */
  readonly path: string;
  readonly platform: 'macos' | 'ios';
  readonly bundleId: string;
  readonly signatures: readonly SignatureFacts[];
}

export interface ProfileReport {
  readonly summary?: ProfileSummary;
  readonly findings: readonly ArtifactFinding[];
  readonly warnings: readonly string[];
}

/** Reads the profile in a bundle, and holds it against the bundle's signature. */
export async function checkProfileOf(tree: BundleTree, code: ProfiledCode): Promise<ProfileReport> {
  const path = code.path === '' ? PLACES[code.platform] : `${code.path}/${PLACES[code.platform]}`;
  const bytes = await tree.readSmall(path);
  if (!bytes) return { findings: [], warnings: [] };
  try {
    const profile = parseProfile(bytes);
    const seal = checkProfileSignature(bytes);
    const problems = [...sealProblems(seal), ...problemsOf(profile, code)];
    return {
      summary: summarize(profile, seal),
      findings: problems.map(([name, message]) => ({ code: name, path, message })),
      warnings: warningsOf(profile, seal),
    };
  } catch (error) {
    if (!(error instanceof ShipError)) throw error;
    return { findings: [{ code: error.code, path, message: error.failure.reason }], warnings: [] };
  }
}

const summarize = (profile: ProvisioningProfile, { verdict }: ProfileSignature): ProfileSummary => ({
  name: profile.name,
  uuid: profile.uuid,
  kind: profileKind(profile),
  platforms: profile.platforms,
  teamIds: profile.teamIds,
  applicationIdentifier: profile.applicationIdentifier,
  expiresAt: iso(profile.expiresAt),
  signature: verdict,
  certificateCount: profile.developerCertificates.length,
  ...(profile.deviceCount !== undefined && { deviceCount: profile.deviceCount }),
});

type NamedProblem = readonly [code: string, message: string];

const sealProblems = ({ verdict }: ProfileSignature): NamedProblem[] =>
  verdict === 'changed' || verdict === 'broken'
    ? [['PROFILE_CHANGED', 'The signature of the provisioning profile does not hold.']]
    : [];

function problemsOf(profile: ProvisioningProfile, code: ProfiledCode): NamedProblem[] {
  const problems: NamedProblem[] = [];
  if (!coversBundleId(profile, code.bundleId))
    problems.push([
      'PROFILE_BUNDLE_ID_MISMATCH',
      `The profile allows "${profile.bundleIdPattern}", the bundle is "${code.bundleId}".`,
    ]);
  if (!listsSigner(profile, code.signatures))
    problems.push([
      'PROFILE_CERTIFICATE_MISSING',
      'The profile does not list the certificate of the signer.',
    ]);
  for (const key of refusedEntitlements(profile, code))
    problems.push(['ENTITLEMENT_NOT_ALLOWED', `The profile does not allow the entitlement ${key}.`]);
  return problems;
}

function listsSigner(profile: ProvisioningProfile, signatures: readonly SignatureFacts[]): boolean {
  const listed = profile.developerCertificates.map((der) => hash('sha256', der, 'hex'));
  return signatures.every(({ cms }) => listed.includes(cms?.signer?.sha256Hex ?? ''));
}

function refusedEntitlements(profile: ProvisioningProfile, { platform, signatures }: ProfiledCode): string[] {
  const isFree = (key: string): boolean => platform === 'macos' && key.startsWith(FREE_PREFIX);
  const refused = signatures.flatMap((signature) =>
    Object.entries(entitlementsOf(signature) ?? {})
      .filter(([key, value]) => !isFree(key) && !isAllowed(profile.entitlements, key, value))
      .map(([key]) => key),
  );
  return [...new Set(refused)];
}

/** An expired profile breaks no seal: an App Store copy of the app does not need it any more. */
function warningsOf({ name, expiresAt }: ProvisioningProfile, { verdict }: ProfileSignature): string[] {
  const title = `The provisioning profile "${name.slice(0, 100)}"`;
  return [
    ...(verdict === 'untrusted' ? [`${title} is not signed by Apple.`] : []),
    ...(expiresAt < new Date() ? [`${title} expired on ${iso(expiresAt).slice(0, 10)}.`] : []),
  ];
}
