import { assign } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import type { VmAddress } from '../contracts/vm.ts';
import { guestLost } from './failures.ts';
import { vmLifecycleSetup } from './setup.ts';
import { cloneOf, lostBy, lostInVain, rebuffed } from './transitions.ts';

const TOO_LATE = { target: 'stopping', actions: lostBy(guestLost('It was not back when it was wanted')) };

/** A controller of a cluster that restarts ends all connections, and no machine. */
export const returning = vmLifecycleSetup.createStateConfig({
  description:
    'The way to the guest was cut before anybody used it, and the machine lives on: it is greeted again.',
  on: { 'vm.checkRequested': {}, 'vm.handOverRequested': TOO_LATE, 'vm.keepRequested': TOO_LATE },
  entry: 'forgetRebuffs',
  after: { returnTimeout: { target: 'stopping', actions: lostInVain('answering to SSH again') } },
  initial: 'pausing',
  states: {
    pausing: {
      description: 'Backs off before the next attempt.',
      after: { connectPause: 'locating' },
    },
    locating: {
      description: 'One question where it answers.',
      invoke: {
        id: 'locateAgain',
        src: 'locateVm',
        input: cloneOf,
        onDone: { target: 'attempting', actions: assign({ address: ({ event }) => event.output }) },
        onError: [
          { guard: { type: 'isWorthRepeating', params: errorOf }, target: 'pausing' },
          { target: '#vmLifecycle.alive.stopping', actions: { type: 'lose', params: errorOf } },
        ],
      },
    },
    attempting: {
      description: 'One attempt to log in, with the host key pinned.',
      invoke: {
        id: 'connectAgain',
        src: 'connectGuest',
        input: ({ context }) => ({ ...cloneOf({ context }), address: context.address as VmAddress }),
        onDone: '#vmLifecycle.alive.ready',
        onError: [
          rebuffed,
          { target: '#vmLifecycle.alive.stopping', actions: { type: 'lose', params: errorOf } },
        ],
      },
    },
  },
});
