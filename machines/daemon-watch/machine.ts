import { setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import { daemonWatchLimits } from './limits.ts';

/** What is waited for: that no job runs, that no daemon works on the state directory, or that one of this version serves. */
export type DaemonWatchInput =
  | { readonly until: 'idle' | 'gone' }
  | { readonly until: 'serving'; readonly version: string; readonly needsLink: boolean };

/** The daemon, as it was seen once. */
export interface DaemonLook {
  /** Nobody works on the state directory. */
  readonly isGone: boolean;
  /** It takes no jobs, and none runs. */
  readonly isIdle: boolean;
  /** The service manager says that its last process ended badly, and none runs. */
  readonly hasDied: boolean;
  /** Of the one that answers; null when none does. */
  readonly version: string | null;
  /** Its leftovers are swept: it takes jobs, or is paused. */
  readonly serves: boolean;
  readonly isLinked: boolean;
}

export interface DaemonWatchOutput {
  readonly outcome: 'met' | 'died';
}

/**
 * Looks at a daemon until it is as it is to be. It has no deadline: whoever starts the watch knows how long it may take.
 *
 * Promises: at most one look at a time; a look that fails is followed by another one.
 */
export const daemonWatchMachine = setup({
  types: {
    input: {} as DaemonWatchInput,
    context: {} as { readonly wish: DaemonWatchInput },
    output: {} as DaemonWatchOutput,
  },
  actors: { lookAtDaemon: port<DaemonLook, void>('lookAtDaemon') },
  guards: {
    isMet: ({ context }, params: { look: DaemonLook }) => isMet(context.wish, params.look),
    isDead: ({ context }, params: { look: DaemonLook }) =>
      context.wish.until === 'serving' && params.look.hasDied,
  },
  delays: daemonWatchLimits,
}).createMachine({
  id: 'daemonWatch',
  description: 'Looks at a daemon again and again, until it has ended or serves.',
  context: ({ input }) => ({ wish: input }),
  output: ({ event }) => (event as unknown as { output: DaemonWatchOutput }).output,
  initial: 'looking',
  states: {
    looking: {
      description: 'The state directory, the control socket and the service manager are asked.',
      invoke: {
        id: 'lookAtDaemon',
        src: 'lookAtDaemon',
        onDone: [
          { guard: { type: 'isMet', params: ({ event }) => ({ look: event.output }) }, target: 'met' },
          { guard: { type: 'isDead', params: ({ event }) => ({ look: event.output }) }, target: 'died' },
          { target: 'pausing' },
        ],
        onError: 'pausing',
      },
      after: { lookTimeout: 'pausing' },
    },
    pausing: {
      description: 'It is not so yet.',
      after: { lookPause: 'looking' },
    },
    met: { description: 'It is as it is to be.', type: 'final', output: { outcome: 'met' } },
    died: {
      description: 'It ended badly, and nobody need wait.',
      type: 'final',
      output: { outcome: 'died' },
    },
  },
});

function isMet(wish: DaemonWatchInput, look: DaemonLook): boolean {
  if (wish.until === 'serving')
    return look.version === wish.version && look.serves && (look.isLinked || !wish.needsLink);
  return look.isGone || (wish.until === 'idle' && look.isIdle);
}
