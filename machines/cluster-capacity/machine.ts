import { question } from './question.ts';
import { clusterCapacitySetup } from './setup.ts';

export type { ClusterCapacityInput } from './setup.ts';

const seen = ({ event }: { event: { room: { slots: number; account: string } } }) => ({ room: event.room });
const less = { guard: { type: 'isLess', params: seen }, target: 'steady', actions: tellAtOnce() } as const;

/**
 * How many machines of ours a cluster has room for, as its hosts come and go.
 *
 * Promises: less room is told at once; more room only when it has lasted, and no more than there was all that time; a
 * controller that does not answer takes nothing away, and the operator is told when that lasts.
 */
export const clusterCapacityMachine = clusterCapacitySetup.createMachine({
  id: 'clusterCapacity',
  description: 'How many machines of ours a cluster has room for.',
  context: ({ input }) => ({ ...input, seen: { slots: input.slots, account: '' } }),
  type: 'parallel',
  states: {
    question,
    room: {
      description: 'What was told, and whether it still holds.',
      initial: 'steady',
      states: {
        steady: {
          description: 'There is as much room as was told.',
          on: {
            'capacity.seen': [
              less,
              {
                guard: { type: 'isMore', params: seen },
                target: 'growing',
                actions: { type: 'keepSeen', params: seen },
              },
            ],
          },
        },
        growing: {
          description: 'There is more room; it must last before it counts.',
          on: {
            'capacity.seen': [
              less,
              {
                guard: { type: 'isMore', params: seen },
                actions: { type: 'keepLeast', params: seen },
              },
              { target: 'steady' },
            ],
          },
          after: { growTime: { target: 'steady', actions: ['takeSeen', 'tellChanged'] } },
        },
      },
    },
  },
});

function tellAtOnce() {
  return [{ type: 'keepSeen', params: seen }, 'takeSeen', 'tellChanged'] as const;
}
