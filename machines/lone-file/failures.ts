import { type Failure, failureOf } from '../contracts/failure.ts';
import { TRY_AGAIN_OR_LOOK } from '../contracts/wording.ts';

/** A step that did not end before its deadline. */
export const fileTimedOut = (doing: string): Failure =>
  failureOf({
    kind: 'host',
    code: 'STEP_TIMED_OUT',
    summary: `The command was stopped because ${doing} took too long.`,
    reason: 'The step did not end before its deadline.',
    nextStep: TRY_AGAIN_OR_LOOK,
    retryable: true,
  });

export const fileCancelled: Failure = {
  kind: 'input',
  code: 'CANCELLED',
  summary: 'Stopped on request.',
  reason: 'What was begun on this host has been undone.',
  nextStep: 'Run the command again: what Apple has by then is not sent again.',
  retryable: true,
};

/** The submission is Apple's: it lives on, and the file with it. */
export const cancelledAtApple = (submissionId: string): Failure => ({
  ...fileCancelled,
  reason: `What was begun on this host has been undone; Apple goes on judging submission ${submissionId}.`,
  nextStep: `Run the command again with the same file: it waits for that submission, and sends nothing. On another host, --submission ${submissionId} does so.`,
});
