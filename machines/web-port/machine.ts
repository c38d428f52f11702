import { assign, emit, setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import { webPortLimits } from './limits.ts';

/** Whoever shows it is told of each attempt that failed. */
export interface WebPortNote {
  readonly type: 'refused';
  /** Why, for a person. */
  readonly problem: string;
  /** The attempt that it was, from 1. */
  readonly attempts: number;
}

/**
 * One port, on which the page or the metrics are served. No job stands still because somebody else has it.
 *
 * Promises: at most one attempt at a time; a port that cannot be had is tried again until it can.
 */
export const webPortMachine = setup({
  types: {
    context: {} as { readonly attempts: number; readonly problem: string | null },
    emitted: {} as WebPortNote,
  },
  actors: {
    /** Serves there from now on; answers with what is in the way, null for nothing. */
    openPort: port<string | null, void>('openPort'),
  },
  guards: { isOpen: (_, params: { problem: string | null }) => params.problem === null },
  actions: {
    count: assign({ attempts: ({ context }) => context.attempts + 1 }),
    keepProblem: assign({ problem: (_, params: { problem: string | null }) => params.problem }),
    tell: emit(({ context }, params: { problem: string | null }) => ({
      ...{ type: 'refused' as const, problem: params.problem ?? '', attempts: context.attempts },
    })),
  },
  delays: webPortLimits,
}).createMachine({
  id: 'webPort',
  description: 'Serves the page or the metrics on one port, as soon as that can be had.',
  context: { attempts: 0, problem: null },
  initial: 'opening',
  states: {
    opening: {
      description: 'The system is asked for the port.',
      entry: 'count',
      invoke: {
        id: 'openPort',
        src: 'openPort',
        onDone: [
          {
            guard: { type: 'isOpen', params: ({ event }) => ({ problem: event.output }) },
            target: 'open',
            actions: { type: 'keepProblem', params: { problem: null } },
          },
          {
            target: 'closed',
            actions: [
              { type: 'keepProblem', params: ({ event }) => ({ problem: event.output }) },
              { type: 'tell', params: ({ event }) => ({ problem: event.output }) },
            ],
          },
        ],
        onError: { target: 'closed', actions: refusedBy('it could not be asked for') },
      },
      after: { openTimeout: { target: 'closed', actions: refusedBy('the system does not answer') } },
    },
    closed: {
      description: 'It cannot be had for now; the daemon works without it.',
      after: { retryPause: 'opening' },
    },
    open: { description: 'It is ours until the daemon ends.', type: 'final' },
  },
});

function refusedBy(problem: string) {
  return [
    { type: 'keepProblem', params: { problem } },
    { type: 'tell', params: { problem } },
  ] as const;
}
