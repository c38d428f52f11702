import { raise } from 'xstate';
import { toFailure } from '../contracts/failure.ts';
import { stepTimedOut } from './failures.ts';
import { signJobSetup } from './setup.ts';
import { step } from './transitions.ts';

/** Region of `engaged`. */
export const runProcess = signJobSetup.createStateConfig({
  description:
    'The process of this run: all work on this host is done in it, and it holds the secrets of the job.',
  initial: 'none',
  states: {
    none: {
      description: 'The job has no slot yet.',
      on: { 'process.wanted': 'opening', 'process.unwanted': 'gone' },
    },
    opening: {
      description: 'A process that stood by gets the job, and makes the plan in full.',
      invoke: {
        id: 'openRun',
        src: 'openRun',
        input: step,
        onDone: { target: 'alive', actions: { type: 'keepJob', params: ({ event }) => event } },
        onError: {
          target: 'gone',
          actions: raise(({ event }) => ({ type: 'process.lost', failure: toFailure(event.error) })),
        },
      },
      on: { 'process.unwanted': 'gone' },
      after: {
        openTimeout: {
          target: 'gone',
          actions: raise({ type: 'process.lost', failure: stepTimedOut('starting its process') }),
        },
      },
    },
    alive: {
      description:
        'It does what the states of the work ask for; its end is noticed whatever it is doing, and is certain when this state is left.',
      invoke: {
        id: 'watchRun',
        src: 'watchRun',
        input: ({ context: { runId } }) => ({ runId }),
        onError: {
          target: 'gone',
          actions: raise(({ event }) => ({ type: 'process.lost', failure: toFailure(event.error) })),
        },
      },
      on: {
        'process.unwanted': 'gone',
        'process.ended': {
          target: 'gone',
          actions: raise(({ event }) => ({ type: 'process.lost', failure: event.failure })),
        },
      },
      initial: 'resting',
      states: {
        resting: {
          description: 'Until its memory is looked at again.',
          after: { measurePause: 'measuring' },
        },
        measuring: {
          description: 'How much memory it takes up is seen from outside; one that takes too much is ended.',
          invoke: {
            id: 'measureRun',
            src: 'measureRun',
            input: ({ context: { runId } }) => ({ runId }),
            onDone: 'resting',
            // one that was ended for its size is noticed like any other end
            onError: 'resting',
          },
          after: { measureTimeout: 'resting' },
        },
      },
    },
    gone: {
      description: 'It has ended, because the work is over or by itself, or could not be had.',
      on: { 'process.unwanted': {} },
    },
  },
});
