import type { Failure } from '../contracts/failure.ts';

/** Code of a run whose machine the host refused, because it runs as many as it may. */
export const NO_PLACE = 'VM_LIMIT_REACHED';

export const notTaken: Failure = {
  kind: 'host',
  code: 'WORKER_STOPPING',
  summary: 'The signing worker takes no more jobs.',
  reason: 'Its operator is stopping it.',
  nextStep: 'Send the job again; another worker, or this one after its restart, will take it.',
  retryable: true,
};

export const runCrashed: Failure = {
  kind: 'defect',
  code: 'INTERNAL_ERROR',
  summary: 'The run of this job broke inside the signing worker.',
  reason: 'Its statechart ended with an error; the cause is in the log of the worker.',
  nextStep: 'Send the job again; if it fails again, send the log of this run to the maintainers.',
  retryable: true,
};
