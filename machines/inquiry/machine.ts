import { assign, fromPromise, setup } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import { type Failure, failureOf } from '../contracts/failure.ts';
import { TRY_AGAIN_OR_LOOK } from '../contracts/wording.ts';
import { inquiryLimits } from './limits.ts';

/**
 * What a command wants to know of files that others made: a bundle that is checked, a PKCS#12 file that is opened.
 * The question itself, which may hold a password, is known to the port alone.
 *
 * Promises: ends with an answer or a failure, whatever the files do to the process that reads them.
 */
export interface InquiryOutput {
  /** Of the port; null when there is a failure. */
  readonly answer: unknown;
  readonly failure: Failure | null;
}

const unprovided = fromPromise<unknown, void>(() => Promise.reject(new Error('not provided')));

export const inquiryMachine = setup({
  types: {
    context: {} as InquiryOutput,
    output: {} as InquiryOutput,
  },
  actors: { askProcess: unprovided, measureProcess: unprovided },
  delays: inquiryLimits,
  actions: {
    keepAnswer: assign({ answer: (_, params: { output: unknown }) => params.output }),
    keepFailure: assign({ failure: (_, params: { failure: Failure }) => params.failure }),
  },
}).createMachine({
  id: 'inquiry',
  description: 'One question of a command about files that others made, answered by a process of its own.',
  context: { answer: null, failure: null },
  output: ({ context }) => context,
  initial: 'asking',
  states: {
    asking: {
      description: 'The process reads the files; what it does is seen from outside.',
      invoke: {
        id: 'askProcess',
        src: 'askProcess',
        onDone: { target: 'answered', actions: { type: 'keepAnswer', params: ({ event }) => event } },
        onError: { target: 'failed', actions: { type: 'keepFailure', params: errorOf } },
      },
      after: {
        answerTimeout: {
          target: 'failed',
          actions: { type: 'keepFailure', params: { failure: readingTimedOut() } },
        },
      },
      initial: 'resting',
      states: {
        resting: {
          description: 'Until its memory is looked at again.',
          after: { measurePause: 'measuring' },
        },
        measuring: {
          description: 'A process that takes too much memory is ended, which is the end of the question.',
          invoke: {
            id: 'measureProcess',
            src: 'measureProcess',
            onDone: 'resting',
            // one that was ended for its size is noticed by the question
            onError: 'resting',
          },
          after: { measureTimeout: 'resting' },
        },
      },
    },
    answered: { description: 'The answer is known.', type: 'final' },
    failed: { description: 'Why there is no answer is known.', type: 'final' },
  },
});

function readingTimedOut(): Failure {
  return failureOf({
    kind: 'host',
    code: 'STEP_TIMED_OUT',
    summary: 'Reading the file took too long, and was stopped.',
    reason: 'The process that read it did not end before its deadline.',
    nextStep: TRY_AGAIN_OR_LOOK,
    retryable: true,
  });
}
