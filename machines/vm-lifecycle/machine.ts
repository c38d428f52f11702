import { errorOf } from '../contracts/attempts.ts';
import type { VmOutput } from '../contracts/vm.ts';
import { deleting } from './deleting.ts';
import { vmExited, vmTimedOut } from './failures.ts';
import { ready } from './ready.ts';
import { returning } from './returning.ts';
import { vmLifecycleSetup } from './setup.ts';
import { booting, connecting, locating } from './starting.ts';
import { cloneOf, lostBy } from './transitions.ts';

export type { VmLifecycleInput } from './context.ts';

/**
 * The life of one virtual machine: clone, boot, locate, connect, ready, stop, delete.
 *
 * Promises: every path that began to clone passes `deleting`, but for one whose owner wants it; the machine's process is invoked for as long as
 * the machine lives, so its death is an event in every state; no state waits without a deadline; a clone that
 * cannot be deleted ends in `leaked`, never in silence.
 */
export const vmLifecycleMachine = vmLifecycleSetup.createMachine({
  id: 'vmLifecycle',
  description: 'One virtual machine for one job, from the clone of the golden image to its deletion.',
  context: ({ input }) => ({
    ...{ ...input, address: null, failure: null, deleteAttempts: 0 },
    ...{ refusals: 0, rebuff: null, wayRefusals: 0 },
  }),
  output: ({ context, event }) => ({
    name: context.name,
    outcome: (event as unknown as { output: VmOutput['outcome'] }).output,
    failure: context.failure,
  }),
  initial: 'beginning',
  states: {
    beginning: {
      description: 'A new clone, or a standby machine that was handed over?',
      always: [{ guard: 'isBooted', target: 'alive' }, { target: 'cloning' }],
    },
    cloning: {
      description: 'The golden image is being cloned under a name that only this run has.',
      invoke: {
        id: 'cloneVm',
        src: 'cloneVm',
        input: cloneOf,
        onDone: 'alive',
        onError: { target: 'deleting', actions: { type: 'lose', params: errorOf } },
      },
      on: { 'vm.releaseRequested': 'deleting' },
      after: { cloneTimeout: { target: 'deleting', actions: lostBy(vmTimedOut('cloning')) } },
    },

    alive: {
      description: 'The process that is the machine is held; its end is noticed in every state below.',
      invoke: {
        id: 'runVm',
        src: 'runVm',
        input: cloneOf,
        onError: { target: 'deleting', actions: { type: 'lose', params: errorOf } },
      },
      on: {
        'vm.releaseRequested': '.stopping',
        'vm.exited': [
          {
            guard: { type: 'mayGetSlotLater', params: ({ event }) => ({ failure: event.failure }) },
            target: 'awaitingSlot',
            actions: 'countRefusal',
          },
          {
            target: 'deleting',
            actions: {
              type: 'lose',
              params: ({ event }) => ({ failure: event.failure ?? vmExited(event.reason) }),
            },
          },
        ],
      },
      initial: 'booting',
      states: {
        booting,
        locating,
        connecting,
        ready,
        returning,
        stopping: {
          description: 'The machine is powered off; leaving this state ends its process by force.',
          invoke: {
            id: 'stopVm',
            src: 'stopVm',
            input: cloneOf,
            onDone: '#vmLifecycle.deleting',
            onError: '#vmLifecycle.deleting',
          },
          on: {
            'vm.releaseRequested': {},
            'vm.exited': '#vmLifecycle.deleting',
          },
          after: { stopTimeout: '#vmLifecycle.deleting' },
        },
      },
    },

    awaitingSlot: {
      description: 'The host runs as many machines as it may: the clone waits until it can be started.',
      on: { 'vm.releaseRequested': 'deleting' },
      after: { slotPause: 'alive' },
    },

    deleting,

    handedOver: {
      description: 'The machine runs on for its next owner.',
      type: 'final',
      output: 'handedOver',
    },
    kept: {
      description: 'The machine was shut down in good order, and its clone stays.',
      type: 'final',
      output: 'kept',
    },
    deleted: { description: 'Nothing of the machine is left.', type: 'final', output: 'deleted' },
    leaked: {
      description: 'The clone still exists; the operator is told and the next sweep tries again.',
      type: 'final',
      output: 'leaked',
    },
  },
});
