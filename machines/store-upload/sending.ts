import { errorOf, failWith, pausing } from '../contracts/attempts.ts';
import { storeTimedOut } from './failures.ts';
import { storeUploadSetup } from './setup.ts';
import { againOrFail, concluded, FAILED, lateOrFail, runOf, uploadOf, verdictOf } from './transitions.ts';

export const sendingParts = storeUploadSetup.createStateConfig({
  description: 'The parts are sent, some at a time; those that failed are sent again.',
  entry: 'resetAttempts',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'Every part that Apple does not have yet.',
      entry: 'countAttempt',
      invoke: {
        id: 'sendParts',
        src: 'sendParts',
        input: ({ context }) => ({ ...runOf({ context }), parts: context.remainingParts }),
        onDone: [
          {
            guard: { type: 'allPartsSent', params: ({ event }) => event.output },
            target: '#storeUpload.committing',
            actions: { type: 'keepMissing', params: ({ event }) => event.output },
          },
          {
            guard: { type: 'mayReserveAgain', params: ({ event }) => event.output },
            target: '#storeUpload.reservingFile',
          },
          {
            guard: 'hasAttemptsLeft',
            target: 'pausing',
            actions: { type: 'keepMissing', params: ({ event }) => event.output },
          },
          { target: FAILED, actions: failWith(storeTimedOut('sending the file')) },
        ],
        onError: againOrFail,
      },
      after: { partsTimeout: lateOrFail('sending the file') },
    },
    pausing,
  },
});

export const committing = storeUploadSetup.createStateConfig({
  description: 'Apple is told that the file is complete; whatever comes of it, Apple is asked.',
  entry: 'countCommit',
  invoke: {
    id: 'commitFile',
    src: 'commitFile',
    input: ({ context }) => ({ ...uploadOf({ context }), fileId: context.fileId ?? '' }),
    onDone: 'awaitingProcessing',
    onError: {
      target: '#storeUpload.reconciling.settling',
      actions: [
        { type: 'noteRefusal', params: errorOf },
        { type: 'noteWait', params: errorOf },
      ],
    },
  },
  after: { requestTimeout: '#storeUpload.reconciling.settling' },
});

export const reconciling = storeUploadSetup.createStateConfig({
  description: 'It is not known how far the upload got: Apple is asked what it has.',
  entry: 'restartCount',
  initial: 'attempting',
  states: {
    settling: {
      description: 'An answer right after the commit could be older than it.',
      after: { settlePause: 'attempting' },
    },
    attempting: {
      description: 'One question.',
      entry: 'countAttempt',
      invoke: {
        id: 'reconcileUpload',
        src: 'askUpload',
        input: uploadOf,
        onDone: [
          { guard: { type: 'isComplete', params: verdictOf }, ...concluded('published') },
          { guard: { type: 'isRefused', params: verdictOf }, ...concluded('objecting') },
          {
            guard: { type: 'isProcessing', params: verdictOf },
            target: '#storeUpload.awaitingProcessing',
          },
          { guard: { type: 'mayBeStale', params: verdictOf }, target: 'settling', actions: 'noteStale' },
          { guard: { type: 'isUncommitted', params: verdictOf }, target: '#storeUpload.committing' },
          { guard: { type: 'wasNeverSent', params: verdictOf }, target: '#storeUpload.reservingFile' },
          { target: FAILED, actions: 'judgeUncommitted' },
        ],
        onError: [
          {
            guard: { type: 'isForgotten', params: errorOf },
            target: '#storeUpload.findingApp',
          },
          ...againOrFail,
        ],
      },
      after: { requestTimeout: lateOrFail('asking for the upload') },
    },
    pausing,
  },
});
