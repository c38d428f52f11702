import { errorOf } from '../contracts/attempts.ts';
import { guestLost, vmExited, vmTimedOut } from './failures.ts';
import { vmLifecycleSetup } from './setup.ts';
import { cloneOf, lostBy } from './transitions.ts';

/** A guest that nobody has used yet, behind a connection that others carry. */
const CUT_OFF = {
  guard: {
    type: 'mayReturn' as const,
    params: ({ event }: { event: { mayReturn?: boolean } }) => ({ mayReturn: event.mayReturn }),
  },
  target: '#vmLifecycle.alive.returning',
} as const;

export const ready = vmLifecycleSetup.createStateConfig({
  description: 'The machine takes commands; a lost connection is noticed.',
  invoke: {
    id: 'watchGuest',
    src: 'watchGuest',
    input: cloneOf,
    onError: { target: 'stopping', actions: { type: 'lose', params: errorOf } },
  },
  on: {
    'guest.lost': {
      target: 'stopping',
      actions: { type: 'lose', params: ({ event }) => ({ failure: guestLost(event.reason) }) },
    },
  },
  initial: 'serving',
  states: {
    serving: {
      description: 'Its owner may use it.',
      entry: 'reportReady',
      on: {
        'guest.lost': [CUT_OFF],
        'vm.checkRequested': 'checking',
        'vm.handOverRequested': 'handingOver',
        'vm.keepRequested': 'shuttingDown',
      },
    },
    checking: {
      description: 'It stood by for a while: does it still answer?',
      on: { 'guest.lost': [CUT_OFF] },
      invoke: {
        id: 'probeGuest',
        src: 'probeGuest',
        input: cloneOf,
        onDone: 'serving',
        onError: {
          target: '#vmLifecycle.alive.stopping',
          actions: { type: 'lose', params: errorOf },
        },
      },
      after: {
        probeTimeout: {
          target: '#vmLifecycle.alive.stopping',
          actions: lostBy(vmTimedOut('answering a question')),
        },
      },
    },
    handingOver: {
      description: 'Process and connection are left to the next owner.',
      invoke: {
        id: 'detachVm',
        src: 'detachVm',
        input: cloneOf,
        onDone: '#vmLifecycle.handedOver',
        onError: {
          target: '#vmLifecycle.alive.stopping',
          actions: { type: 'lose', params: errorOf },
        },
      },
      after: { probeTimeout: '#vmLifecycle.alive.stopping' },
    },
    shuttingDown: {
      description: 'The guest writes everything to its disk and powers off: a golden image is made of it.',
      invoke: {
        id: 'shutDownGuest',
        src: 'shutDownGuest',
        input: cloneOf,
        onDone: {},
        // the connection may end before the answer: what counts is how the machine ends
        onError: {},
      },
      on: {
        'guest.lost': {},
        'vm.exited': [
          {
            guard: { type: 'hasShutDown', params: ({ event }) => ({ inOrder: event.inOrder }) },
            target: '#vmLifecycle.kept',
          },
          {
            target: '#vmLifecycle.deleting',
            actions: {
              type: 'lose',
              params: ({ event }) => ({ failure: event.failure ?? vmExited(event.reason) }),
            },
          },
        ],
      },
      after: {
        shutDownTimeout: {
          target: '#vmLifecycle.alive.stopping',
          actions: lostBy(vmTimedOut('shutting down')),
        },
      },
    },
  },
});
