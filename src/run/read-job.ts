import type { AdmittedJob, Toolchain } from '../../machines/contracts/job.ts';
import { type Credentials, type CredentialsSummary, parseCredentials } from '../domain/credentials/index.ts';
import { type Manifest, type Notarize, parseManifest } from '../domain/manifest/index.ts';
import { planJob, publishes, requireApiKey, type SignPlan } from '../domain/plan.ts';

export interface SentJob {
  readonly manifest: unknown;
  readonly credentials: unknown;
}

export interface ReadJob {
  readonly manifest: Manifest;
  /** Secret. */
  readonly credentials: Credentials;
  readonly plan: SignPlan;
}

export interface ReadingRules {
  /** What the plan depends on: with what is in the profile, which the daemon does not look at, or without. */
  readonly summarize: (credentials: Credentials) => CredentialsSummary;
  /** How often to submit to Apple, where the manifest does not say. */
  readonly notarize: Notarize;
  /** Throws when the plan cannot be carried out, whatever is sent for it. */
  readonly requireMeans?: (plan: SignPlan) => void;
}

/**
 * Reads manifest and credentials, and decides once what is to happen.
 *
 * @throws ShipError MANIFEST_INVALID · TARGET_UNKNOWN · CREDENTIAL_INVALID · CREDENTIAL_MISSING · as `requireMeans`
 */
export function readJob(
  sent: SentJob,
  { summarize, notarize, requireMeans = () => {} }: ReadingRules,
): ReadJob {
  const manifest = parseManifest(sent.manifest);
  const credentials = parseCredentials(sent.credentials);
  const summary = summarize(credentials);
  const plan = planJob(manifest, summary, notarize);
  requireMeans(plan);
  requireApiKey(plan, summary);
  return { manifest, credentials, plan };
}

/** As much of a job as decides its way. */
export const admittedJob = (
  { manifest, plan }: Pick<ReadJob, 'manifest' | 'plan'>,
  toolchain: Toolchain | null,
): AdmittedJob => ({
  target: plan.platform === 'ios' ? 'ios-sign' : 'macos-sign',
  appName: manifest.appName,
  toolchain,
  passes: plan.passes.map(({ embedsProfile, staples, publishes, delivers }) => ({
    ...{ embedsProfile, staples, publishes, delivers },
  })),
  afterUpload: publishes(plan) ? afterUploadOf(manifest) : null,
});

const afterUploadOf = ({ afterUpload }: Manifest): AdmittedJob['afterUpload'] =>
  afterUpload
    ? { hasNotes: Object.keys(afterUpload.notes).length > 0, hasGroups: afterUpload.groups.length > 0 }
    : null;
