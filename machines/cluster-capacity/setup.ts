import { assign, raise, sendTo, setup } from 'xstate';
import { port, type Recipient } from '../contracts/actors.ts';
import type { ClusterReport, ClusterRoom } from '../contracts/cluster.ts';
import { clusterCapacityLimits } from './limits.ts';

export interface ClusterCapacityInput {
  /** What was seen before this began. */
  readonly slots: number;
  readonly owner: Recipient<ClusterReport>;
}

interface Context extends ClusterCapacityInput {
  /** The least that was seen since there was more than was told; the same as what was told otherwise. */
  readonly seen: ClusterRoom;
}

/** `capacity.seen` passes between the regions: what the question has brought. */
export type ClusterCapacityEvent = { type: 'capacity.seen'; room: ClusterRoom };

type Seen = { readonly room: ClusterRoom };

/** What the states of cluster-capacity are made of. */
export const clusterCapacitySetup = setup({
  types: {
    input: {} as ClusterCapacityInput,
    context: {} as Context,
    events: {} as ClusterCapacityEvent,
  },
  actors: { askRoom: port<ClusterRoom, void>('askRoom') },
  delays: { ...clusterCapacityLimits },
  guards: {
    isLess: ({ context }, { room }: Seen) => room.slots < context.slots,
    isMore: ({ context }, { room }: Seen) => room.slots > context.slots,
  },
  actions: {
    raiseSeen: raise((_, { room }: Seen) => ({ type: 'capacity.seen', room }) as const),
    keepSeen: assign((_, { room }: Seen) => ({ seen: room })),
    keepLeast: assign(({ context }, { room }: Seen) => ({
      seen: room.slots < context.seen.slots ? room : context.seen,
    })),
    takeSeen: assign({ slots: ({ context }) => context.seen.slots }),
    tellChanged: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({ type: 'capacity.changed', ...context.seen }) as const,
    ),
    tellStale: sendTo(({ context }) => context.owner, { type: 'capacity.stale' }),
    tellRestored: sendTo(({ context }) => context.owner, { type: 'capacity.restored' }),
  },
});
