import type { ClusterMachineEnd, ClusterMachineView } from '../contracts/cluster.ts';

type Stage = ClusterMachineView['stage'];
type Seen = { readonly event: { readonly view: ClusterMachineView } };

const isAt = (wanted: Stage) => ({
  type: 'isAt' as const,
  params: ({ event }: Seen) => ({ view: event.view, stage: wanted }),
});
const remember = { type: 'remember' as const, params: ({ event }: Seen) => ({ view: event.view }) };
const conclude = (why: ClusterMachineEnd['why']) => ({ type: 'conclude' as const, params: { why } });
const tellStarted = { type: 'tellStarted' as const };

const ENDED = '#clusterMachine.ended';
const RUNNING = { guard: isAt('running'), target: 'running', actions: [remember, tellStarted] };

/** How far the machine is. */
export const stage = {
  description: 'How far the machine is; one that has failed never comes back.',
  on: {
    'machine.seen': [
      { guard: isAt('failed'), target: ENDED, actions: [remember, conclude('failed')] },
      { guard: isAt('gone'), target: ENDED, actions: conclude('gone') },
      { actions: remember },
    ],
  },
  initial: 'queued',
  states: {
    queued: {
      description: 'No worker has it: all that would fit are full, or none fits.',
      on: {
        'machine.seen': [{ guard: isAt('cloning'), target: 'making', actions: remember }, RUNNING],
      },
      after: { queueTimeout: { target: ENDED, actions: conclude('notAssigned') } },
    },
    making: {
      description: 'A worker has it, and pulls and clones its image.',
      on: { 'machine.seen': [RUNNING] },
      after: { makeTimeout: { target: ENDED, actions: conclude('notMade') } },
    },
    running: { description: 'Its worker has started it.' },
  },
} as const;
