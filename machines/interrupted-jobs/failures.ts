import type { Failure } from '../contracts/failure.ts';

/** A job that was lost with the process that worked on it. */
export const workerRestarted: Failure = {
  kind: 'host',
  code: 'WORKER_RESTARTED',
  summary: 'The signing worker was restarted while it worked on this job.',
  reason: 'Its process ended without notice, and the hub does not hand this job out again.',
  nextStep: 'Try again.',
  retryable: true,
};
