import { errorOf, failWith, pausing } from '../contracts/attempts.ts';
import { storeTimedOut } from './failures.ts';
import { storeUploadSetup } from './setup.ts';
import { concluded, FAILED, runOf, uploadOf, verdictOf } from './transitions.ts';

export const awaitingProcessing = storeUploadSetup.createStateConfig({
  description: 'Apple has the build, by its own word, and looks at it.',
  entry: 'resetAttempts',
  after: { processingTimeout: { target: 'published', actions: 'notProcessed' } },
  initial: 'asking',
  states: {
    asking: {
      description: 'One question.',
      entry: 'countPoll',
      invoke: {
        id: 'askUpload',
        src: 'askUpload',
        input: uploadOf,
        onDone: [
          { guard: { type: 'isComplete', params: verdictOf }, ...concluded('published') },
          { guard: { type: 'isRefused', params: verdictOf }, ...concluded('objecting') },
          {
            guard: { type: 'mayBeStale', params: verdictOf },
            target: '#storeUpload.reconciling.settling',
            actions: 'noteStale',
          },
          { target: 'pausing', actions: 'clearWait' },
        ],
        onError: { target: 'pausing', actions: { type: 'noteWait', params: errorOf } },
      },
      after: { requestTimeout: { target: 'pausing', actions: 'clearWait' } },
    },
    pausing: {
      description: 'Longer each time, and never sooner than Apple asked for.',
      after: { pollPause: 'asking' },
    },
  },
});

export const objecting = storeUploadSetup.createStateConfig({
  description: 'Apple does not take the build; when only its number is in use, by whom is the question.',
  always: [
    {
      guard: { type: 'mayBeOwn', params: ({ context }) => ({ failure: context.failure }) },
      target: 'comparing',
    },
    { target: 'failed' },
  ],
});

export const comparing = storeUploadSetup.createStateConfig({
  description: 'The number of the build is in use: did this very job use it before a restart?',
  entry: 'resetAttempts',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One question.',
      entry: 'countAttempt',
      invoke: {
        id: 'findOwnBuild',
        src: 'findOwnBuild',
        input: runOf,
        onDone: [
          {
            guard: { type: 'isBuild', params: ({ event }) => ({ own: event.output, is: 'valid' }) },
            target: '#storeUpload.published',
            actions: 'dropObjection',
          },
          {
            guard: { type: 'isBuild', params: ({ event }) => ({ own: event.output, is: 'processing' }) },
            target: '#storeUpload.published',
            actions: ['dropObjection', 'notProcessed'],
          },
          { target: FAILED },
        ],
        onError: [
          {
            guard: { type: 'mayTryAgain', params: errorOf },
            target: 'pausing',
            actions: { type: 'noteWait', params: errorOf },
          },
          { target: FAILED, actions: ['dropObjection', { type: 'keepFailure', params: errorOf }] },
        ],
      },
      after: {
        requestTimeout: [
          { guard: 'hasAttemptsLeft', target: 'pausing', actions: 'clearWait' },
          {
            target: FAILED,
            actions: ['dropObjection', failWith(storeTimedOut('comparing the builds'))],
          },
        ],
      },
    },
    pausing,
  },
});
