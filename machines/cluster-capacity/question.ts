import type { ClusterRoom } from '../contracts/cluster.ts';
import { clusterCapacitySetup } from './setup.ts';

const HEARD = '#clusterCapacity.question.heard';
const RETRYING = '#clusterCapacity.question.unheard.retrying';

const raiseSeen = {
  type: 'raiseSeen',
  params: ({ event }: { event: { output: ClusterRoom } }) => ({ room: event.output }),
} as const;

/** Region: how often the controller is asked, and whether it answers. */
export const question = clusterCapacitySetup.createStateConfig({
  description: 'How often the controller is asked, and whether it answers.',
  initial: 'heard',
  states: {
    heard: {
      description: 'The controller answers.',
      initial: 'pausing',
      states: {
        pausing: {
          description: 'What was seen is a few seconds old.',
          after: { lookPause: 'asking' },
        },
        asking: {
          description: 'One question for the hosts and their machines.',
          invoke: {
            id: 'askRoom',
            src: 'askRoom',
            onDone: { target: 'pausing', actions: raiseSeen },
            onError: RETRYING,
          },
          after: { answerTimeout: RETRYING },
        },
      },
    },
    unheard: {
      description: 'The controller does not answer; what was seen last counts on.',
      after: { staleTimeout: '#clusterCapacity.question.stale' },
      initial: 'retrying',
      states: {
        retrying: { description: 'Backs off before the next question.', after: { retryPause: 'asking' } },
        asking: {
          description: 'One question more.',
          invoke: {
            id: 'askRoomAgain',
            src: 'askRoom',
            onDone: { target: HEARD, actions: raiseSeen },
            onError: 'retrying',
          },
          after: { answerTimeout: 'retrying' },
        },
      },
    },
    stale: {
      description: 'The operator was told that it is not known how many machines there is room for.',
      entry: 'tellStale',
      initial: 'retrying',
      states: {
        retrying: { description: 'Backs off before the next question.', after: { retryPause: 'asking' } },
        asking: {
          description: 'One question more.',
          invoke: {
            id: 'askStaleRoom',
            src: 'askRoom',
            onDone: { target: HEARD, actions: ['tellRestored', raiseSeen] },
            onError: 'retrying',
          },
          after: { answerTimeout: 'retrying' },
        },
      },
    },
  },
});
