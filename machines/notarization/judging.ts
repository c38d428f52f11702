import { errorOf } from '../contracts/attempts.ts';
import type { Verdict } from './ports.ts';
import { notarizationSetup } from './setup.ts';
import { failed, late, pauseAfter, submission } from './transitions.ts';

export const awaitingVerdict = notarizationSetup.createStateConfig({
  description: 'Apple checks the file; it is asked now and then, and never given the same file again.',
  entry: ['resetAttempts', 'tellReceived', 'tellJudging'],
  after: { verdictTimeout: late("Apple's verdict") },
  initial: 'asking',
  states: {
    asking: {
      description: 'One question for the verdict.',
      entry: 'countAttempt',
      invoke: {
        id: 'askVerdict',
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
          {
            guard: { type: 'isNewlyUnknown', params: errorOf },
            target: 'pausing',
            actions: ['noteUnknown', { type: 'noteFailure', params: errorOf }],
          },
          { guard: { type: 'isForgotten', params: errorOf }, target: '#notarization.forgetting' },
          { guard: { type: 'isLost', params: errorOf }, ...failed },
          pauseAfter('pausing'),
          failed,
        ],
      },
      after: { askTimeout: { target: 'pausing', actions: 'clearWait' } },
    },
    pausing: {
      description: 'Longer each time, up to a limit, and never sooner than Apple asked for.',
      after: { pollPause: 'asking' },
    },
  },
});

export const fetchingLog = notarizationSetup.createStateConfig({
  description: "Apple's log, whatever the verdict: an accepted file can have warnings.",
  entry: 'resetAttempts',
  after: { logTimeout: 'concluding' },
  initial: 'asking',
  states: {
    asking: {
      description: 'One attempt to fetch the log; right after the verdict there may be none.',
      entry: 'countAttempt',
      invoke: {
        id: 'fetchLog',
        src: 'fetchLog',
        input: submission,
        onDone: {
          target: '#notarization.concluding',
          actions: { type: 'keepLog', params: ({ event }) => ({ log: event.output }) },
        },
        onError: [pauseAfter('pausing'), { target: '#notarization.concluding' }],
      },
      after: { askTimeout: { target: 'pausing', actions: 'clearWait' } },
    },
    pausing: { description: 'The log gets time to appear.', after: { ticketPause: 'asking' } },
  },
});

export const concluding = notarizationSetup.createStateConfig({
  description: 'The journal learns that Apple has spoken.',
  entry: 'tellFindings',
  invoke: {
    id: 'recordConcluded',
    src: 'recordSubmission',
    input: (scope) => ({ ...submission(scope), phase: 'concluded' as const }),
    onDone: 'judging',
    onError: 'judging',
  },
  after: { journalTimeout: 'judging' },
});

export const judging = notarizationSetup.createStateConfig({
  description: 'Verdict and log decide.',
  always: [
    { guard: 'isRefused', target: 'rejected', actions: 'judgeRejected' },
    { guard: 'logIsForeign', target: 'failed', actions: 'judgeForeign' },
    { guard: 'hasUnstapled', target: 'fetchingTicket' },
    { target: 'succeeded' },
  ],
});
