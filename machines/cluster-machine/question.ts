import { clusterMachineSetup, conclude, errorOf, ours, seen } from './setup.ts';

const QUESTION = '#clusterMachine.followed.question';
/** A refusal ends a machine that no worker has started: nothing is lost with it, and waiting does not heal it. */
const unanswered = <const Target extends string>(target: Target) =>
  [
    { guard: 'hasStarted', target },
    {
      guard: { type: 'isRefused', params: errorOf },
      target: '#clusterMachine.ended',
      actions: conclude('refused'),
    },
    { target },
  ] as const;
const tellSeen = { type: 'tellSeen' as const, params: seen };

/** Region of `followed`. */
export const question = clusterMachineSetup.createStateConfig({
  description: 'How often the controller is asked, and how long it may say nothing.',
  initial: 'heard',
  states: {
    heard: {
      description: 'The controller answers.',
      initial: 'asking',
      states: {
        asking: {
          description: 'One question about this machine.',
          invoke: {
            id: 'lookAtMachine',
            src: 'lookAtMachine',
            input: ours,
            onDone: { target: 'pausing', actions: tellSeen },
            onError: unanswered(`${QUESTION}.unheard`),
          },
          after: { answerTimeout: `${QUESTION}.unheard` },
        },
        pausing: {
          description: 'News would be five seconds old at worst.',
          after: { lookPause: 'asking' },
        },
      },
    },
    unheard: {
      description: 'The controller does not answer; the machine lives on without it.',
      after: { silenceTimeout: { target: '#clusterMachine.ended', actions: conclude('unanswered') } },
      initial: 'pausing',
      states: {
        pausing: {
          description: 'Backs off before the next question.',
          after: { lookPause: 'asking' },
        },
        asking: {
          description: 'One question more.',
          invoke: {
            id: 'lookAgain',
            src: 'lookAtMachine',
            input: ours,
            onDone: { target: `${QUESTION}.heard.pausing`, actions: tellSeen },
            onError: unanswered('pausing'),
          },
          after: { answerTimeout: 'pausing' },
        },
      },
    },
  },
});
