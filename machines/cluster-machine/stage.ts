import type { ClusterMachineMiss, ClusterMachineView } from '../contracts/cluster.ts';
import { clusterMachineSetup, conclude } from './setup.ts';

type Stage = ClusterMachineView['stage'];
type Seen = { readonly event: { readonly view: ClusterMachineView } };

const view = ({ event }: Seen) => ({ view: event.view });
const isAt = (wanted: Stage) => ({
  type: 'isAt' as const,
  params: ({ event }: Seen) => ({ view: event.view, stage: wanted }),
});
const remember = { type: 'remember' as const, params: view };
const tellStarted = { type: 'tellStarted' as const };
const noteMiss = (why: ClusterMachineMiss['why']) => ({ type: 'noteMiss' as const, params: { why } });

const ENDED = '#clusterMachine.ended';
const REPLACING = '#clusterMachine.replacing';
const RUNNING = { guard: isAt('running'), target: 'starting', actions: [remember, tellStarted] };
const CLONING = { guard: isAt('cloning'), target: 'making', actions: remember };
/** The deadline of a worker, after which another one may do better. */
const NOT_MADE = [
  { guard: 'mayGetAnother' as const, target: REPLACING, actions: noteMiss('notMade') },
  { target: ENDED, actions: conclude('notMade') },
];
/** Another worker may do better. */
const FAILED_EARLY = {
  guard: { type: 'hasFailedEarly' as const, params: view },
  target: REPLACING,
  actions: [remember, noteMiss('failed')],
};

/** Region of `followed`. */
export const stage = clusterMachineSetup.createStateConfig({
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
        'machine.seen': [
          { guard: isAt('assigned'), target: 'assigned', actions: remember },
          CLONING,
          RUNNING,
          FAILED_EARLY,
        ],
      },
      after: { queueTimeout: { target: ENDED, actions: conclude('notAssigned') } },
    },
    assigned: {
      description: 'A worker was chosen, and has said nothing of it: it will begin soon, or is stuck.',
      on: { 'machine.seen': [CLONING, RUNNING, FAILED_EARLY] },
      after: { takeTimeout: NOT_MADE },
    },
    making: {
      description:
        'Its worker clones its image, which it may have to pull before: that takes as long as it takes.',
      on: { 'machine.seen': [RUNNING, FAILED_EARLY] },
      after: { pullNotice: { actions: 'tellPull' }, makeTimeout: NOT_MADE },
    },
    starting: {
      description:
        'Its worker has started it, and nobody was inside yet: it may still fail for want of a place.',
      on: { 'machine.entered': 'running', 'machine.seen': [FAILED_EARLY] },
    },
    running: { description: 'Somebody was inside: its end is the end of what was done there.' },
  },
});
