import { assign, type ErrorActorEvent, enqueueActions, sendTo, setup } from 'xstate';
import { livePort, port, type Recipient } from '../contracts/actors.ts';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type { VmAddress, VmClone, VmOutput, VmReport } from '../contracts/vm.ts';
import { guestLost, vmExited, vmTimedOut } from './failures.ts';
import { DELETE_ATTEMPTS, PLACE_ATTEMPTS, vmLimits } from './limits.ts';

/**
 * The life of one virtual machine: clone, boot, locate, connect, ready, stop, delete.
 *
 * Promises: every path that began to clone passes `deleting`; the machine's process is invoked for as long as
 * the machine lives, so its death is an event in every state; no state waits without a deadline; a clone that
 * cannot be deleted ends in `leaked`, never in silence.
 */
export interface VmLifecycleInput extends VmClone {
  readonly owner: Recipient<VmReport>;
}

interface VmLifecycleContext extends VmLifecycleInput {
  readonly address: VmAddress | null;
  readonly failure: Failure | null;
  readonly deleteAttempts: number;
  /** How often the host had no place for it. */
  readonly refusals: number;
}

type VmLifecycleEvent =
  | { type: 'vm.releaseRequested' }
  | { type: 'vm.checkRequested' }
  | { type: 'vm.handOverRequested' }
  | { type: 'vm.started' }
  | { type: 'vm.exited'; reason: string; failure?: Failure }
  | { type: 'guest.lost'; reason: string };

const cloneOf = ({ context }: { context: VmLifecycleContext }): VmClone => ({
  name: context.name,
  image: context.image,
});
const errorOf = ({ event }: { event: ErrorActorEvent }) => ({ failure: toFailure(event.error) });
const lostBy = (failure: Failure) => ({ type: 'lose' as const, params: { failure } });

export const vmLifecycleMachine = setup({
  types: {
    input: {} as VmLifecycleInput,
    context: {} as VmLifecycleContext,
    events: {} as VmLifecycleEvent,
    output: {} as VmOutput,
  },
  actors: {
    cloneVm: port<void, VmClone>('cloneVm'),
    runVm: livePort<{ type: 'never' }, VmClone>('runVm'),
    locateVm: port<VmAddress, VmClone>('locateVm'),
    connectGuest: port<void, VmClone & { address: VmAddress }>('connectGuest'),
    watchGuest: livePort<{ type: 'never' }, VmClone>('watchGuest'),
    /** One harmless command in the guest. */
    probeGuest: port<void, VmClone>('probeGuest'),
    /** Makes process and connection outlive this actor: the next owner takes them up by the machine's name. */
    detachVm: port<void, VmClone>('detachVm'),
    stopVm: port<void, VmClone>('stopVm'),
    deleteVm: port<void, VmClone>('deleteVm'),
  },
  actions: {
    lose: enqueueActions(({ context, enqueue }, params: { failure: Failure }) => {
      enqueue.assign({ failure: context.failure ?? params.failure });
      enqueue.sendTo(context.owner, { type: 'vm.lost', name: context.name, failure: params.failure });
    }),
    reportReady: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({ type: 'vm.ready', name: context.name }),
    ),
    countRefusal: assign({ refusals: ({ context }) => context.refusals + 1 }),
    countDelete: assign({ deleteAttempts: ({ context }) => context.deleteAttempts + 1 }),
  },
  guards: {
    isWorthRepeating: (_, params: { failure: Failure }) => params.failure.retryable,
    isBooted: ({ context }) => context.isBooted === true,
    /** A slot of macOS stays taken for a moment after its machine has gone, or somebody else's machine has it. */
    mayGetPlaceLater: ({ context }, params: { failure: Failure | undefined }) =>
      params.failure?.code === 'VM_LIMIT_REACHED' && context.refusals < PLACE_ATTEMPTS,
    mayDeleteAgain: ({ context }) => context.deleteAttempts < DELETE_ATTEMPTS,
  },
  delays: { ...vmLimits },
}).createMachine({
  id: 'vmLifecycle',
  description: 'One virtual machine for one job, from the clone of the golden image to its deletion.',
  context: ({ input }) => ({ ...input, address: null, failure: null, deleteAttempts: 0, refusals: 0 }),
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
            guard: { type: 'mayGetPlaceLater', params: ({ event }) => ({ failure: event.failure }) },
            target: 'awaitingPlace',
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
        booting: {
          description: "The machine's process is being started.",
          on: { 'vm.started': [{ guard: 'isBooted', target: 'ready' }, { target: 'locating' }] },
          after: { bootTimeout: { target: 'stopping', actions: lostBy(vmTimedOut('booting')) } },
        },
        locating: {
          description: 'The machine runs; it is asked for until it has an address.',
          after: {
            locateTimeout: { target: 'stopping', actions: lostBy(vmTimedOut('getting an address')) },
          },
          initial: 'asking',
          states: {
            asking: {
              description: 'One question to the driver where the guest answers.',
              invoke: {
                id: 'locateVm',
                src: 'locateVm',
                input: cloneOf,
                onDone: {
                  target: '#vmLifecycle.alive.connecting',
                  actions: assign({ address: ({ event }) => event.output }),
                },
                onError: [
                  { guard: { type: 'isWorthRepeating', params: errorOf }, target: 'pausing' },
                  { target: '#vmLifecycle.alive.stopping', actions: { type: 'lose', params: errorOf } },
                ],
              },
            },
            pausing: {
              description: 'A short breath before the next question.',
              after: { locatePause: 'asking' },
            },
          },
        },
        connecting: {
          description: 'The address is known; the guest is greeted until it lets us in.',
          after: {
            connectTimeout: { target: 'stopping', actions: lostBy(vmTimedOut('answering to SSH')) },
          },
          initial: 'attempting',
          states: {
            attempting: {
              description: 'One attempt to log in, with the host key pinned.',
              invoke: {
                id: 'connectGuest',
                src: 'connectGuest',
                input: ({ context }) => ({ ...cloneOf({ context }), address: context.address as VmAddress }),
                onDone: '#vmLifecycle.alive.ready',
                onError: [
                  { guard: { type: 'isWorthRepeating', params: errorOf }, target: 'pausing' },
                  { target: '#vmLifecycle.alive.stopping', actions: { type: 'lose', params: errorOf } },
                ],
              },
            },
            pausing: {
              description: 'A short breath; the address is asked for again, because it may have been stale.',
              after: { connectPause: 'relocating' },
            },
            relocating: {
              description: 'Asks for the address again before the next attempt.',
              invoke: {
                id: 'relocateVm',
                src: 'locateVm',
                input: cloneOf,
                onDone: { target: 'attempting', actions: assign({ address: ({ event }) => event.output }) },
                onError: 'pausing',
              },
            },
          },
        },
        ready: {
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
              on: { 'vm.checkRequested': 'checking', 'vm.handOverRequested': 'handingOver' },
            },
            checking: {
              description: 'It stood by for a while: does it still answer?',
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
          },
        },
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

    awaitingPlace: {
      description: 'The host runs as many machines as it may: the clone waits until it can be started.',
      on: { 'vm.releaseRequested': 'deleting' },
      after: { placePause: 'alive' },
    },

    deleting: {
      description: 'The clone is removed, whatever happened before.',
      on: { 'vm.releaseRequested': {} },
      initial: 'attempting',
      states: {
        attempting: {
          description: 'One attempt to delete the clone.',
          entry: 'countDelete',
          invoke: {
            id: 'deleteVm',
            src: 'deleteVm',
            input: cloneOf,
            onDone: '#vmLifecycle.deleted',
            onError: 'deciding',
          },
          after: { deleteTimeout: 'deciding' },
        },
        deciding: {
          description: 'Deleting failed: once more, or call it leaked.',
          always: [{ guard: 'mayDeleteAgain', target: 'pausing' }, { target: '#vmLifecycle.leaked' }],
        },
        pausing: {
          description: 'A pause, because what holds the clone may let go.',
          after: { deletePause: 'attempting' },
        },
      },
    },

    handedOver: {
      description: 'The machine runs on for its next owner.',
      type: 'final',
      output: 'handedOver',
    },
    deleted: { description: 'Nothing of the machine is left.', type: 'final', output: 'deleted' },
    leaked: {
      description: 'The clone still exists; the operator is told and the next sweep tries again.',
      type: 'final',
      output: 'leaked',
    },
  },
});
