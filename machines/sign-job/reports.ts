import { type Failure, toFailure } from '../contracts/failure.ts';
import type { Conclusion, JobNote, JobReport } from '../contracts/job.ts';
import type { StoreUploadOutput } from '../store-upload/machine.ts';
import type { SignJobContext } from './context.ts';
import { afterDelivery, afterPublication, jobCancelled, workerStopping } from './failures.ts';

/** The hub relays every line on its one event loop. */
export const TOLD_REMARKS = 50;

export function publishedNote({ job }: SignJobContext, { processed }: StoreUploadOutput): JobNote {
  const end = processed ? '' : '; Apple is still processing the build';
  return {
    kind: 'published',
    platform: job?.target === 'macos-sign' ? 'macos' : 'ios',
    message: `${job?.appName ?? 'The app'} was uploaded to App Store Connect${end}`,
  };
}

/** What has come of the follow-up, for the user. */
export function distributedLine({ job }: SignJobContext): string {
  if (job?.afterUpload?.hasGroups) return 'Apple has processed the build, and the groups of testers have it.';
  return 'Apple has processed the build.';
}

export function noted(context: SignJobContext, note: JobNote): JobReport {
  return { type: 'job.noted', runId: context.runId, jobId: context.jobId, note };
}

export function conclusionOf(context: SignJobContext): Conclusion {
  const { failure, delivered: artifact, stage } = context;
  if (!failure && artifact) return { outcome: 'succeeded', artifact };
  const said = failure ?? toFailure(undefined);
  const isCancelled = said.code === jobCancelled.code;
  const isReturned = said.code === workerStopping.code && !hasLeftHost(context);
  return {
    outcome: isCancelled ? 'cancelled' : isReturned ? 'returned' : 'failed',
    failure: isCancelled ? said : withWhatIsDone(said, context),
    stage: stage?.name ?? null,
  };
}

/** What has left this host before the failure is not lost, and is not to be sent again. */
function withWhatIsDone(failure: Failure, { delivered, publishedAs }: SignJobContext): Failure {
  const published = publishedAs === null ? failure : afterPublication(failure);
  return delivered ? afterDelivery(published, delivered) : published;
}

/**
 * The hub or the store may have something of the job. What another worker would do again then is no repetition without
 * harm: a build number can be used once, and a hub that has an artifact takes that for the bundle of a returned job.
 */
const hasLeftHost = ({ delivered, publishedAs, stage }: SignJobContext): boolean =>
  delivered !== null || publishedAs !== null || stage?.name === 'publishing' || stage?.name === 'uploading';
