import { assign, enqueueActions, sendTo, setup } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import type { VmOutput } from '../contracts/vm.ts';
import type { VmLifecycleContext, VmLifecycleEvent, VmLifecycleInput } from './context.ts';
import { DELETE_ATTEMPTS, isOfWay, MOST_WAY_REFUSALS, SLOT_ATTEMPTS, vmLimits } from './limits.ts';
import { vmLifecyclePorts } from './ports.ts';

/** What the states of the vm-lifecycle are made of. */
export const vmLifecycleSetup = setup({
  types: {
    input: {} as VmLifecycleInput,
    context: {} as VmLifecycleContext,
    events: {} as VmLifecycleEvent,
    output: {} as VmOutput,
  },
  actors: vmLifecyclePorts,
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
    /** Of an attempt to log in. */
    noteRebuff: assign(({ context }, { failure }: { failure: Failure }) => ({
      rebuff: failure,
      wayRefusals: isOfWay(failure.code) ? Math.min(context.wayRefusals + 1, MOST_WAY_REFUSALS) : 0,
    })),
    forgetRebuffs: assign({ rebuff: null, wayRefusals: 0 }),
    countDelete: assign({ deleteAttempts: ({ context }) => context.deleteAttempts + 1 }),
  },
  guards: {
    isWorthRepeating: (_, { failure }: { failure: Failure }) => failure.retryable,
    mayReturn: (_, params: { mayReturn: boolean | undefined }) => params.mayReturn === true,
    isBooted: ({ context }) => context.isBooted === true,
    /** A slot of macOS stays taken for a moment after its machine has gone, or somebody else's machine has it. */
    mayGetSlotLater: ({ context }, params: { failure: Failure | undefined }) =>
      params.failure?.code === 'VM_LIMIT_REACHED' && context.refusals < SLOT_ATTEMPTS,
    hasShutDown: (_, params: { inOrder: boolean | undefined }) => params.inOrder === true,
    mayDeleteAgain: ({ context }) => context.deleteAttempts < DELETE_ATTEMPTS,
  },
  delays: { ...vmLimits },
});
