import type { Failure } from '../contracts/failure.ts';
import { say, textsOf, wording } from '../contracts/wording.ts';

/** A step that did not end before its deadline, for the last time. */
export const followUpTimedOut = (doing: string): Failure => ({
  kind: 'upstream',
  code: 'STORE_TIMED_OUT',
  summary: `App Store Connect took too long with ${doing}.`,
  reason: 'Apple did not answer before the deadline.',
  nextStep: 'Look at the build in App Store Connect, and do there what is missing.',
  retryable: true,
});

export const stillProcessing: Failure = {
  ...followUpTimedOut('the processing of the build'),
  reason: 'It was still processing when the longest wait was over.',
  nextStep: 'Wait until App Store Connect shows the build as processed, and do there what is missing.',
};

export const complianceOpen: Failure = {
  kind: 'input',
  code: 'STORE_COMPLIANCE_OPEN',
  summary: 'Nobody can test the build before it is known how the app uses encryption.',
  reason: 'Neither its Info.plist nor App Store Connect says it.',
  nextStep:
    'Answer the question at the build in App Store Connect, and set ITSAppUsesNonExemptEncryption in the Info.plist for the next one.',
  retryable: false,
};

/** Apple does not take the build itself: nothing of it is in the store. */
const REFUSED = 'STORE_REJECTED';

/** Once the build is in the store, whatever goes wrong after it must not be read as an upload that failed. */
export function afterTheUpload(failure: Failure): Failure {
  if (failure.code === REFUSED) return failure;
  const { summary, reason, nextStep } = textsOf(failure);
  return {
    kind: 'upstream',
    code: 'STORE_FOLLOW_UP_FAILED',
    ...say({
      summary: wording`The build is in App Store Connect, but what was to follow is not all done. ${summary}`,
      reason,
      nextStep: wording`${nextStep} ${GO_ON}`,
    }),
    retryable: false,
  };
}

const GO_ON = {
  hub: 'Do not upload the same build number again.',
  terminal: '`perry-ship publish` with the same file goes on from there, without a second upload.',
} as const;
