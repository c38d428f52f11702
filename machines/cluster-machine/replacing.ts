import { clusterMachineSetup, conclude, ours, seen } from './setup.ts';

/** Its worker did not bring it to run; its name is free for another one as soon as the controller has forgotten it. */
export const replacing = clusterMachineSetup.createStateConfig({
  description: 'A machine that its worker did not bring to run is removed, and another one asked for.',
  entry: 'tellMiss',
  on: { 'machine.unwanted': { target: 'ended', actions: conclude('unwanted') } },
  after: { removalTimeout: 'ended' },
  initial: 'removing',
  states: {
    removing: {
      description: 'One request to remove it.',
      invoke: { id: 'removeMachine', src: 'removeMachine', onDone: 'looking', onError: 'looking' },
      after: { answerTimeout: 'looking' },
    },
    looking: {
      description: 'Is it gone? An answer that was lost says nothing.',
      invoke: {
        id: 'lookForRemoved',
        src: 'lookAtMachine',
        input: ours,
        onDone: [{ guard: { type: 'isNoMore', params: seen }, target: 'makingRoom' }, { target: 'pausing' }],
        onError: 'pausing',
      },
      after: { answerTimeout: 'pausing' },
    },
    pausing: {
      description: 'Backs off before the next request.',
      after: { requestPause: 'removing' },
    },
    makingRoom: {
      description: 'Its worker destroys it in the next sync.',
      after: { anotherPause: '#clusterMachine.creating' },
    },
  },
});
