import { assign, setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import { clusterLookLimits } from './limits.ts';

interface Context {
  /** Who asked since the last question began: its answer may be older than what they want to know. */
  readonly waiting: number;
}

/**
 * One question to the controller of a cluster for everybody who wants to know something of it.
 *
 * Promises: at most one question at a time, and a pause between two; whoever asks is answered by a question that began
 * after that; nobody is asked when nobody waits.
 */
export const clusterLookMachine = setup({
  types: {
    context: {} as Context,
    events: {} as { type: 'look.wanted' },
  },
  actors: {
    /** Asks for those who wait now, and tells each of them. */
    askForAll: port<void, void>('askForAll'),
  },
  delays: { ...clusterLookLimits },
  guards: { somebodyWaits: ({ context }) => context.waiting > 0 },
  actions: {
    countWaiting: assign({ waiting: ({ context }) => context.waiting + 1 }),
    takeWaiting: assign({ waiting: 0 }),
  },
}).createMachine({
  id: 'clusterLook',
  description: 'What several want to know of a cluster, asked for all of them at once.',
  context: { waiting: 0 },
  on: { 'look.wanted': { actions: 'countWaiting' } },
  initial: 'idle',
  states: {
    idle: {
      description: 'Nobody waits for an answer.',
      always: { guard: 'somebodyWaits', target: 'asking' },
    },
    asking: {
      description: 'One question for those who waited when it began; who comes later waits for the next one.',
      entry: 'takeWaiting',
      invoke: { id: 'askForAll', src: 'askForAll', onDone: 'pausing', onError: 'pausing' },
      after: { answerTimeout: 'pausing' },
    },
    pausing: {
      description: 'Not so soon again.',
      after: { lookPause: 'idle' },
    },
  },
});
