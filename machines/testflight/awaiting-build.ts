import { errorOf, failWith } from '../contracts/attempts.ts';
import { complianceOpen, stillProcessing } from './failures.ts';
import { testflightSetup } from './setup.ts';
import { buildOf, FAILED, lateOrFail, newsOf, runOf } from './transitions.ts';

const UNANSWERED = `${complianceOpen.summary} ${complianceOpen.nextStep}`;

export const awaitingBuild = testflightSetup.createStateConfig({
  description: 'Apple processes the build; nobody can be given it before.',
  after: { processingTimeout: { target: 'failed', actions: failWith(stillProcessing) } },
  initial: 'asking',
  states: {
    asking: {
      description: 'One question.',
      entry: 'countPoll',
      invoke: {
        id: 'askBuild',
        src: 'askBuild',
        input: runOf,
        onDone: [
          {
            guard: { type: 'isRefused', params: newsOf },
            target: FAILED,
            actions: { type: 'keepRefusal', params: newsOf },
          },
          {
            guard: { type: 'mustAnswer', params: newsOf },
            target: 'answering',
            actions: { type: 'keepBuild', params: newsOf },
          },
          {
            guard: { type: 'isBlocked', params: newsOf },
            target: FAILED,
            actions: [{ type: 'keepBuild', params: newsOf }, failWith(complianceOpen)],
          },
          {
            guard: { type: 'isUnanswered', params: newsOf },
            target: '#testflight.processed',
            actions: [
              { type: 'keepBuild', params: newsOf },
              { type: 'remark', params: { line: UNANSWERED } },
            ],
          },
          {
            guard: { type: 'isProcessed', params: newsOf },
            target: '#testflight.processed',
            actions: { type: 'keepBuild', params: newsOf },
          },
          { target: 'pausing', actions: 'clearWait' },
        ],
        onError: [
          {
            guard: { type: 'isPassing', params: errorOf },
            target: 'pausing',
            actions: { type: 'noteWait', params: errorOf },
          },
          { target: FAILED, actions: { type: 'keepFailure', params: errorOf } },
        ],
      },
      after: { requestTimeout: { target: 'pausing', actions: 'clearWait' } },
    },
    pausing: {
      description: 'Longer each time, and never sooner than Apple asked for.',
      after: { pollPause: 'asking' },
    },
    answering: {
      description: "Apple is told what the app's Info.plist says of its encryption.",
      entry: 'countAttempt',
      invoke: {
        id: 'answerCompliance',
        src: 'answerCompliance',
        input: buildOf,
        onDone: '#testflight.processed',
        onError: [
          {
            guard: { type: 'mayTryAgain', params: errorOf },
            target: 'settling',
            actions: { type: 'noteWait', params: errorOf },
          },
          { target: FAILED, actions: { type: 'keepFailure', params: errorOf } },
        ],
      },
      after: { requestTimeout: lateOrFail('the answer about encryption') },
    },
    settling: {
      description: 'It can be answered once only: before another try Apple is asked what it knows.',
      after: { retryPause: 'asking' },
    },
  },
});
