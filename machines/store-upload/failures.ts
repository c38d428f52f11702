import type { Failure } from '../contracts/failure.ts';

/** A step of the upload that did not end before its deadline, for the last time. */
export const storeTimedOut = (doing: string): Failure => ({
  kind: 'upstream',
  code: 'STORE_TIMED_OUT',
  summary: `The upload to App Store Connect was given up, because ${doing} took too long.`,
  reason: 'Apple did not answer before the deadline.',
  nextStep: 'Look into App Store Connect whether the build has arrived; if it has not, try again.',
  retryable: true,
});

export const commitUnclear: Failure = {
  kind: 'upstream',
  code: 'STORE_COMMIT_UNCLEAR',
  summary: 'App Store Connect does not say whether the build has arrived.',
  reason: 'The last step of the upload was not confirmed, and asking afterwards gave no clear answer.',
  nextStep: 'Look into App Store Connect whether the build has arrived; if it has not, try again.',
  retryable: true,
};
