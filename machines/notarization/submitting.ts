import { errorOf } from '../contracts/attempts.ts';
import type { Verdict } from './ports.ts';
import { notarizationSetup } from './setup.ts';
import {
  callAgainAfterPause,
  failed,
  idOf,
  journalLate,
  late,
  notary,
  pauseAfter,
  submission,
  tell,
} from './transitions.ts';

export const recalling = notarizationSetup.createStateConfig({
  description: 'The journal is asked whether this digest has been submitted before.',
  invoke: {
    id: 'findSubmission',
    src: 'findSubmission',
    input: notary,
    onDone: [
      {
        guard: {
          type: 'isUploaded',
          params: ({ event }) => ({ isUploaded: event.output?.isUploaded ?? null }),
        },
        target: 'awaitingVerdict',
        actions: { type: 'adopt', params: ({ event }) => ({ submissionId: idOf(event.output) }) },
      },
      {
        guard: {
          type: 'isKnown',
          params: ({ event }) => ({ isUploaded: event.output?.isUploaded ?? null }),
        },
        target: 'doubting',
        actions: { type: 'adopt', params: ({ event }) => ({ submissionId: idOf(event.output) }) },
      },
      { target: 'submitting' },
    ],
    onError: failed,
  },
  after: { journalTimeout: journalLate },
});

export const doubting = notarizationSetup.createStateConfig({
  description:
    'Announced before a restart, and nobody knows whether the file arrived: a verdict would prove it.',
  entry: ['resetAttempts', tell('An earlier submission of this file is looked for at Apple.')],
  after: { doubtTimeout: 'submitting' },
  initial: 'asking',
  states: {
    asking: {
      description: 'One question for the verdict.',
      entry: 'countAttempt',
      invoke: {
        id: 'askDoubtful',
        src: 'askVerdict',
        input: submission,
        onDone: [
          {
            guard: { type: 'hasSpoken', params: ({ event }) => ({ verdict: event.output }) },
            target: '#notarization.fetchingLog',
            actions: {
              type: 'keepVerdict',
              params: ({ event }) => ({ verdict: event.output as Verdict }),
            },
          },
          { target: 'pausing', actions: 'clearWait' },
        ],
        onError: [
          { guard: { type: 'isLost', params: errorOf }, target: '#notarization.forgetting' },
          pauseAfter('pausing'),
          failed,
        ],
      },
      after: { askTimeout: { target: 'pausing', actions: 'clearWait' } },
    },
    pausing: { description: 'Apple gets time.', after: { pollPause: 'asking' } },
  },
});

export const submitting = notarizationSetup.createStateConfig({
  description:
    'The artifact is announced by its digest; Apple gives an id, which is journalled, and a permission to upload.',
  entry: ['resetAttempts', 'dropSubmission'],
  after: { submitTimeout: late('announcing the app to Apple') },
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One announcement.',
      entry: 'countAttempt',
      invoke: {
        id: 'submitArtifact',
        src: 'submitArtifact',
        input: ({ context }) => ({ ...notary({ context }), replaces: context.replaces }),
        onDone: {
          target: '#notarization.uploading',
          actions: [{ type: 'announce', params: ({ event }) => event.output }, 'tellAnnounced'],
        },
        onError: [
          { guard: { type: 'isTaken', params: errorOf }, target: '#notarization.recalling' },
          callAgainAfterPause,
          failed,
        ],
      },
      after: {
        askTimeout: [
          { guard: 'hasCallsLeft', target: 'pausing', actions: 'clearWait' },
          late('announcing the app to Apple'),
        ],
      },
    },
    pausing: { description: 'Backs off before the next attempt.', after: { retryPause: 'seeking' } },
    seeking: {
      description: 'The answer may have been lost: is this very file among those that Apple has judged?',
      entry: 'countAttempt',
      invoke: {
        id: 'seekSubmission',
        src: 'seekSubmission',
        input: notary,
        onDone: [
          {
            guard: {
              type: 'isKnown',
              params: ({ event }) => ({ isUploaded: event.output ? true : null }),
            },
            target: '#notarization.confirming',
            actions: { type: 'adopt', params: ({ event }) => ({ submissionId: idOf(event.output) }) },
          },
          { target: 'attempting' },
        ],
        onError: [callAgainAfterPause, failed],
      },
      after: {
        askTimeout: [
          { guard: 'hasCallsLeft', target: 'pausing', actions: 'clearWait' },
          late('looking for earlier submissions'),
        ],
      },
    },
  },
});

export const forgetting = notarizationSetup.createStateConfig({
  description: 'Apple does not know what the journal knows: it is struck out, and the file submitted.',
  invoke: {
    id: 'forgetSubmission',
    src: 'forgetSubmission',
    input: submission,
    onDone: 'submitting',
    onError: failed,
  },
  after: { journalTimeout: journalLate },
});
