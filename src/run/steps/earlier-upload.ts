import { createHash } from 'node:crypto';
import type { Artifact } from '../../../machines/contracts/job.ts';
import { LOCAL_JOB_ID, need, type RunResults } from '../run-results.ts';
import { artifactOf } from './artifact-place.ts';
import type { StepScope } from './step.ts';

/**
 * What App Store Connect counts as one build. A job that the hub hands out again is signed again, with other bytes and
 * the same content: its build is the one that an earlier run may have uploaded. Without a hub only the bytes tell.
 */
export function buildKeyOf(results: RunResults, { sha256Hex }: Pick<Artifact, 'sha256Hex'>): string {
  if (results.jobId === LOCAL_JOB_ID) return sha256Hex;
  const { bundleId, shortVersion, version } = need(results, 'facts');
  const build = JSON.stringify([results.jobId, bundleId, shortVersion, version]);
  return createHash('sha256').update(build).digest('hex');
}

/** App Store Connect's id of an upload of the same build that an earlier run began. */
export const findEarlierUpload = async (scope: StepScope): Promise<string | null> =>
  (await scope.services.journal.findUpload(buildKeyOf(scope.results, artifactOf(scope))))?.uploadId ?? null;
