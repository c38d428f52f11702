import { type Failure, failureOf } from '../contracts/failure.ts';
import { TRY_AGAIN_OR_REPORT } from '../contracts/wording.ts';
import type { ReturnCause } from './context.ts';

/** Code of a run whose machine the host refused, because it runs as many as it may. */
export const SLOT_REFUSED = 'VM_LIMIT_REACHED';

/**
 * What may stand in the way of every other job as well: a tool that could not write says so in words of its own, which
 * make another code of it. Neither the sender of a job nor Apple can be in the way of the others.
 */
export const suspectsObstacle = ({ kind }: Failure): boolean => kind === 'host' || kind === 'defect';

export const workerStopping: Failure = {
  kind: 'host',
  code: 'WORKER_STOPPING',
  summary: 'The signing worker takes no more jobs.',
  reason: 'Its operator is stopping it.',
  nextStep: 'Try again; another worker, or this one after its restart, will take it.',
  retryable: true,
};

const notTaking = (reason: string, nextStep: string): Failure => ({
  kind: 'host',
  code: 'WORKER_NOT_TAKING',
  summary: 'The signing worker takes no jobs for now.',
  ...{ reason, nextStep },
  retryable: true,
});

/** What is recorded of a job that goes back to the hub, which hands it out again. */
export const givenBackFor: Readonly<Record<ReturnCause, Failure>> = {
  paused: notTaking(
    'Its operator has paused it.',
    'Leave the job to the hub, which hands it out again; "perry-ship resume" lets this worker take jobs.',
  ),
  unable: notTaking(
    'Every job would fail on it as it is.',
    'Leave the job to the hub, which hands it out again, and do what "perry-ship status" says.',
  ),
  yielding: notTaking(
    'An upgrade of it waits until the jobs that run have ended.',
    'Leave the job to the hub, which hands it out again, also to this worker when it is upgraded.',
  ),
  stopping: workerStopping,
};

export const lineFull: Failure = {
  kind: 'upstream',
  code: 'QUEUE_FULL',
  summary: 'The signing worker lets no more jobs wait.',
  reason: 'As many are waiting for a virtual machine already as it lets wait.',
  nextStep: 'Send the job again in some minutes; if it stays so, add a worker.',
  retryable: true,
};

export const runCrashed: Failure = failureOf({
  kind: 'defect',
  code: 'INTERNAL_ERROR',
  summary: 'The run of this job broke inside perry-ship.',
  reason: 'Its statechart ended with an error; the cause is in its log.',
  nextStep: TRY_AGAIN_OR_REPORT,
  retryable: true,
});
