import { creating } from './creating.ts';
import { late } from './late.ts';
import { question } from './question.ts';
import { replacing } from './replacing.ts';
import { clusterMachineSetup, conclude } from './setup.ts';
import { stage } from './stage.ts';

/**
 * One machine of a cluster, from the request for it to its end; the controller is asked again and again.
 *
 * Promises: there is one machine of the name at most, whatever becomes of the answers; at most one question at a time;
 * each stage before `running` has a deadline of its own; a machine that its worker does not bring to run is removed
 * before another one is asked for, and never more than twice; one that runs is given up only when the controller says
 * that it has ended, or says nothing for long; `concluded` is said once.
 */
export const clusterMachine = clusterMachineSetup.createMachine({
  id: 'clusterMachine',
  description: 'One machine of a cluster, followed from the request for it to its end.',
  context: { why: 'gone', worker: null, message: null, missed: [], uid: null },
  output: ({ context: { why, worker, message, missed } }) => ({ why, worker, message, missed }),
  initial: 'creating',
  states: {
    creating,
    followed: {
      description: 'The controller is asked how far the machine is, while its stages have their deadlines.',
      on: { 'machine.unwanted': { target: 'ended', actions: conclude('unwanted') } },
      type: 'parallel',
      states: { stage, question },
    },
    replacing,
    late,
    ended: {
      description: 'How it ended is known, or why nobody waits any more.',
      type: 'final',
      entry: 'tellConcluded',
    },
    settled: { description: 'Nothing can come any more of what was asked for.', type: 'final' },
  },
});
