import { emit, fromPromise, setup } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import { statusWatchLimits } from './limits.ts';

/**
 * What `perry-ship status --watch` does: asks the daemon again and again, and shows each answer.
 *
 * Promises: at most one question at a time; a daemon that is away is asked for until the watcher leaves.
 */
export type StatusWatchNote =
  | { readonly type: 'answered'; readonly text: string }
  | { readonly type: 'unanswered'; readonly failure: Failure };

const unprovided = fromPromise<string, void>(() => Promise.reject(new Error('not provided')));

export const statusWatchMachine = setup({
  types: {
    emitted: {} as StatusWatchNote,
  },
  actors: { askStatus: unprovided },
  delays: statusWatchLimits,
  actions: {
    show: emit((_, params: { text: string }) => ({ type: 'answered', text: params.text }) as const),
    showFailure: emit(
      (_, params: { failure: Failure }) => ({ type: 'unanswered', failure: params.failure }) as const,
    ),
  },
}).createMachine({
  id: 'statusWatch',
  description: 'Shows how the daemon stands, again and again, until whoever watches leaves.',
  initial: 'asking',
  states: {
    asking: {
      description:
        'The daemon is asked on its control socket; the question has a deadline of its own as well.',
      invoke: {
        id: 'askStatus',
        src: 'askStatus',
        onDone: {
          target: 'pausing',
          actions: { type: 'show', params: ({ event }) => ({ text: event.output }) },
        },
        onError: { target: 'pausing', actions: { type: 'showFailure', params: errorOf } },
      },
      after: { answerTimeout: 'pausing' },
    },
    pausing: {
      description: 'The last answer stands on the screen.',
      after: { watchPause: 'asking' },
    },
  },
});
