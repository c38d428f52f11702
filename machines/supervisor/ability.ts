import type { Obstacle } from '../contracts/obstacle.ts';
import { supervisorSetup } from './setup.ts';

const found = ({ event }: { event: { output: readonly Obstacle[] } }) => ({ obstacles: event.output });

/**
 * Region of `serving`: whether a job can succeed here. It is looked at now and then, whether or not jobs are taken, and
 * at once when one has failed of what every other would fail of as well.
 */
export const ability = supervisorSetup.createStateConfig({
  description: 'Whether a job can succeed here.',
  initial: 'pausing',
  states: {
    pausing: {
      description: 'What was found is some seconds old.',
      on: { 'obstacle.suspected': 'looking' },
      after: { lookPause: 'looking' },
    },
    looking: {
      description: 'One look at what every job needs; without an answer, what was found last counts on.',
      invoke: {
        id: 'findObstacles',
        src: 'findObstacles',
        input: ({ context }) => ({ known: context.obstacles }),
        onDone: {
          target: 'pausing',
          actions: [{ type: 'noteObstacles', params: found }, 'grantSlots'],
        },
        onError: 'pausing',
      },
      on: { 'obstacle.suspected': { target: 'looking', reenter: true } },
      after: { lookTimeout: 'pausing' },
    },
  },
});
