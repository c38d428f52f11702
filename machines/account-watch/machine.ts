import { emit, setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import { accountWatchLimits } from './limits.ts';

/** The account could not be read to its end. */
export interface AccountWatchNote {
  readonly type: 'blind';
  /** Null when that took too long. */
  readonly failure: Failure | null;
}

/**
 * Reads the whole account of signatures when the daemon has started, and once a day.
 *
 * Promises: one look at a time, beside everything else; one that fails is followed by the next, and that soon.
 */
export const accountWatchMachine = setup({
  types: { emitted: {} as AccountWatchNote },
  actors: {
    /** From its first line to its last; what is wrong with it is known afterwards. */
    lookThrough: port<void, void>('lookThrough'),
  },
  delays: { ...accountWatchLimits },
  actions: {
    tellBlind: emit((_, { failure }: { failure: Failure | null }) => ({ type: 'blind', failure }) as const),
  },
}).createMachine({
  id: 'accountWatch',
  description: 'Reads the whole account of signatures at the start of the daemon, and once a day.',
  initial: 'looking',
  states: {
    looking: {
      description: 'All lines are read, one after another, and held against each other.',
      invoke: {
        id: 'lookThrough',
        src: 'lookThrough',
        onDone: 'pausing',
        onError: { target: 'blind', actions: { type: 'tellBlind', params: errorOf } },
      },
      after: {
        lookTimeout: { target: 'pausing', actions: { type: 'tellBlind', params: { failure: null } } },
      },
    },
    blind: {
      description: 'It cannot be read, and may be again soon.',
      after: { blindPause: 'looking' },
    },
    pausing: {
      description: 'It was looked through within the last day.',
      after: { lookPause: 'looking' },
    },
  },
});
