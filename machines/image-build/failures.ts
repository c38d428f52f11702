import { type Failure, failureOf } from '../contracts/failure.ts';

export const stepTimedOut = (doing: string): Failure =>
  failureOf({
    kind: 'host',
    code: 'IMAGE_BUILD_TIMED_OUT',
    summary: 'The golden image was not built: a step took too long.',
    reason: `The build did not finish ${doing} before its deadline.`,
    nextStep: 'Run the command again; if it ends so again, look what keeps this host or its network busy.',
    retryable: true,
  });

/** A machine that was kept although nobody asked for it, or deleted although it was to be kept. */
export const endedOddly = (outcome: string): Failure =>
  failureOf({
    kind: 'defect',
    code: 'INTERNAL_ERROR',
    summary: 'The golden image was not built: its machine ended in another way than it was to.',
    reason: `It was ${outcome}.`,
    nextStep: 'Report this run to the maintainers.',
    retryable: true,
  });
