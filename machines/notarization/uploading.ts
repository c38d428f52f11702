import { errorOf } from '../contracts/attempts.ts';
import { notarizationSetup } from './setup.ts';
import { failed, late, submission } from './transitions.ts';

export const uploading = notarizationSetup.createStateConfig({
  description: 'The file goes to the place that Apple gave for it.',
  entry: 'resetAttempts',
  after: { uploadTimeout: late('uploading the app to Apple') },
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One upload of the whole file; a second one is harmless.',
      entry: 'countAttempt',
      invoke: {
        id: 'uploadArtifact',
        src: 'uploadArtifact',
        input: ({ context, self }) => ({ ...submission({ context }), reportTo: self }),
        onDone: '#notarization.confirming',
        onError: [
          {
            guard: { type: 'needsNewSubmission', params: errorOf },
            target: '#notarization.submitting',
          },
          {
            guard: { type: 'mayCallAgain', params: errorOf },
            target: 'pausing',
            actions: { type: 'noteFailure', params: errorOf },
          },
          failed,
        ],
      },
      initial: 'flowing',
      states: {
        flowing: {
          description: 'Bytes are moving; each piece starts the clock anew.',
          on: {
            'upload.progressed': {
              target: 'flowing',
              reenter: true,
              actions: { type: 'tellProgress', params: ({ event }) => event },
            },
          },
          after: {
            stallTimeout: [
              {
                guard: 'hasCallsLeft',
                target: '#notarization.uploading.pausing',
                actions: 'clearWait',
              },
              late('uploading the app to Apple'),
            ],
          },
        },
      },
    },
    pausing: { description: 'Backs off before the next attempt.', after: { retryPause: 'attempting' } },
  },
});

export const confirming = notarizationSetup.createStateConfig({
  description: 'The journal learns that Apple has the file; without that, a restart would have to doubt.',
  invoke: {
    id: 'recordUploaded',
    src: 'recordSubmission',
    input: (scope) => ({ ...submission(scope), phase: 'uploaded' as const }),
    onDone: 'awaitingVerdict',
    onError: 'awaitingVerdict',
  },
  after: { journalTimeout: 'awaitingVerdict' },
});
