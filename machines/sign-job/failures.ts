import { type Failure, failureOf } from '../contracts/failure.ts';
import type { Artifact } from '../contracts/job.ts';
import { say, TRY_AGAIN_OR_LOOK, textsOf, type Wording, wording } from '../contracts/wording.ts';

/**
 * A step that did not end before its deadline.
 *
 * @param rebuff - of the last attempt, where there were several
 */
export const stepTimedOut = (doing: string, rebuff: Failure | null = null): Failure =>
  failureOf({
    kind: 'host',
    code: 'STEP_TIMED_OUT',
    summary: `The signing was stopped because ${doing} took too long.`,
    reason: `The step did not end before its deadline.${rebuff ? ` ${rebuff.summary} ${rebuff.reason}` : ''}`,
    nextStep: TRY_AGAIN_OR_LOOK,
    retryable: true,
  });

export const queueTimedOut: Failure = failureOf({
  kind: 'host',
  code: 'QUEUE_TIMED_OUT',
  summary: 'The app waited too long for a free machine.',
  reason: 'It was given no slot before the deadline.',
  nextStep: TRY_AGAIN_OR_LOOK,
  retryable: true,
});

/** The deadline of the job came while nothing was missing but its machine. */
export const machineAwaitedTooLong: Failure = failureOf({
  kind: 'host',
  code: 'QUEUE_TIMED_OUT',
  summary: 'The app waited too long for a free machine.',
  reason:
    'None was ready before the deadline for the whole: no host had room for one, or none brought one to run.',
  nextStep: TRY_AGAIN_OR_LOOK,
  retryable: true,
});

/** An upload of which nothing leaves any more. */
export const uploadStalled: Failure = {
  kind: 'upstream',
  code: 'UPLOAD_STALLED',
  summary: 'The upload of the artifact stood still.',
  reason: 'Its receiver took no more of it for three minutes.',
  nextStep: 'Check the network and the proxies on the way, then try again.',
  retryable: true,
};

export const uploadUnanswered: Failure = {
  ...uploadStalled,
  summary: 'The upload of the artifact was not confirmed.',
  reason: 'All of it was sent, and its receiver did not answer in time.',
};

export const jobTimedOut: Failure = failureOf({
  kind: 'host',
  code: 'JOB_TIMED_OUT',
  summary: 'The signing was stopped because it took too long as a whole.',
  reason: 'It did not end before its deadline.',
  nextStep: TRY_AGAIN_OR_LOOK,
  retryable: true,
});

const cancelled = (also: string): Failure =>
  failureOf({
    kind: 'input',
    code: 'CANCELLED',
    summary: { hub: 'cancelled', terminal: 'Stopped on request.' },
    reason: {
      hub: `That was asked for.${also}`,
      terminal: `What was begun on this host has been undone.${also}`,
    },
    nextStep: {
      hub: 'Start it again if it was not meant.',
      terminal: 'Run the command again to start over.',
    },
    retryable: true,
  });

export const jobCancelled: Failure = cancelled('');

export const workerStopping: Failure = {
  kind: 'host',
  code: 'WORKER_STOPPING',
  summary: 'The job was stopped because the signing worker is shutting down.',
  reason: 'Its operator stopped it before the job was done.',
  nextStep: 'Try again; another worker, or this one after its restart, will take it.',
  retryable: true,
};

export const machineStuck: Failure = failureOf({
  kind: 'host',
  code: 'VM_DELETE_FAILED',
  summary: 'The virtual machine was lost while Apple judged the app, and could not be replaced.',
  reason: 'The lost one could not be deleted.',
  nextStep: TRY_AGAIN_OR_LOOK,
  retryable: true,
});

/** What is delivered is not lost when something fails after it; its receiver is told. */
export const afterDelivery = (failure: Failure, { name }: Artifact): Failure => {
  const { reason, ...rest } = textsOf(failure);
  return {
    ...failure,
    ...say({ ...rest, reason: wording`${reason} "${name}" was delivered all the same.` }),
  };
};

const SUBMIT_ONCE: Wording = {
  hub: '"notarize": "once" in the manifest asks for one submission alone.',
  terminal: 'PERRY_NOTARIZE=once asks for one submission alone.',
};

/** Of two submissions the first was accepted; its ticket alone makes an app start. */
export const afterFirstSubmission = (failure: Failure, first: string): Failure => {
  const { reason, nextStep, ...rest } = textsOf(failure);
  return {
    ...failure,
    ...say({
      ...rest,
      reason: wording`${reason} Apple accepted the app itself before (submission ${first}); this was the second submission, for the disk image.`,
      nextStep: wording`${nextStep} ${SUBMIT_ONCE}`,
    }),
  };
};

/** What Apple has goes on there. */
export const cancelledAtApple = (submissionId: string): Failure =>
  cancelled(` Apple goes on judging submission ${submissionId} all the same.`);

/** Those of what follows an upload say it themselves, and what Apple refuses it does not have. */
const KNOWN_TO_BE_THERE = new Set(['STORE_FOLLOW_UP_FAILED', 'STORE_REJECTED']);

/** Nobody is to think that the upload to the store failed, and raise a build number or send it once more. */
export const afterPublication = (failure: Failure): Failure => {
  if (KNOWN_TO_BE_THERE.has(failure.code)) return failure;
  const { reason, ...rest } = textsOf(failure);
  return {
    ...failure,
    ...say({ ...rest, reason: wording`${reason} The build is in App Store Connect all the same.` }),
  };
};

/** The hub says that the job belongs to somebody else now: nothing is reported, everything is cleaned up. */
export const NOT_OURS = 'HUB_JOB_NOT_OURS';

export const claimExpired: Failure = {
  kind: 'upstream',
  code: NOT_OURS,
  summary: 'The hub gave this job to another worker while the link was down.',
  reason: 'It did not hand the job to this worker again in time.',
  nextStep: 'Nothing is to be done: the other worker answers for it.',
  retryable: true,
};

/** A 403 for a token that should be good: re-queued, finished, or the hub was restarted. */
export const reassigned: Failure = {
  ...claimExpired,
  summary: 'The hub does not count this job as ours any more.',
  reason: 'It refused the token of the assignment.',
};
