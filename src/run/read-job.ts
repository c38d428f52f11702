import type { AdmittedJob, Toolchain } from '../../machines/contracts/job.ts';
import {
  type Credentials,
  type CredentialsSummary,
  parseCredentials,
  summarizeCredentials,
} from '../domain/credentials/index.ts';
import { type Manifest, parseManifest } from '../domain/manifest/index.ts';
import { planJob, requireApiKey, type SignPlan } from '../domain/plan.ts';

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

/**
 * Reads manifest and credentials, and decides once what is to happen.
 *
 * @param summarize - what the plan depends on; the daemon does not look into the profile
 * @throws ShipError MANIFEST_INVALID · TARGET_UNKNOWN · CREDENTIAL_INVALID · CREDENTIAL_MISSING
 */
export function readJob(
  sent: SentJob,
  summarize: (credentials: Credentials) => CredentialsSummary = summarizeCredentials,
): ReadJob {
  const manifest = parseManifest(sent.manifest);
  const credentials = parseCredentials(sent.credentials);
  const summary = summarize(credentials);
  const plan = planJob(manifest, summary);
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
  passes: plan.passes.map(({ embedsProfile, notarizes, staples, publishes, delivers }) => ({
    ...{ embedsProfile, notarizes, staples, publishes, delivers },
  })),
});
