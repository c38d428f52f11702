import { any, clusterMachineSetup, seen } from './setup.ts';

/** A request that was never answered can still be done; a machine that comes so has no owner any more. */
export const late = clusterMachineSetup.createStateConfig({
  description: 'Nobody waits any more; what a late request still makes is removed.',
  entry: 'tellConcluded',
  after: { lateTimeout: 'settled' },
  initial: 'pausing',
  states: {
    pausing: {
      description: 'Nothing has come so far.',
      after: { requestPause: 'looking' },
    },
    looking: {
      description: 'Is there a machine of this name?',
      invoke: {
        id: 'lookForLate',
        src: 'lookAtMachine',
        input: any,
        onDone: [{ guard: { type: 'isGone', params: seen }, target: 'pausing' }, { target: 'removing' }],
        onError: 'pausing',
      },
      after: { answerTimeout: 'pausing' },
    },
    removing: {
      description: 'It has come late, and is removed.',
      invoke: { id: 'removeLate', src: 'removeMachine', onDone: 'pausing', onError: 'pausing' },
      after: { answerTimeout: 'pausing' },
    },
  },
});
