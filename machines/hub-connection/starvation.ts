import { hubConnectionSetup } from './setup.ts';

const IDLE = '#hubConnection.linked.online.starvation.idle';
const RENEW = '#hubConnection.linked.renewing';

/**
 * Region of `online`. When a worker leaves, a hub counts its running jobs as those of the next worker in its list,
 * which then gets none, for as long as it stays connected; a fresh hello sets the count to nothing.
 */
export const starvation = hubConnectionSetup.createStateConfig({
  description: 'Whether jobs come to a worker that has nothing to do.',
  initial: 'busy',
  states: {
    busy: {
      description: 'There are jobs here, or none are wanted.',
      always: { guard: 'isHungry', target: 'idle' },
    },
    idle: {
      description:
        'Nothing is here; a hub that does not say whether jobs wait is greeted anew after a while.',
      always: { guard: 'isFed', target: 'busy' },
      after: { starvationTimeout: RENEW },
      initial: 'waiting',
      states: {
        waiting: {
          description: 'A job may come at any moment.',
          after: { queueCheckPause: 'asking' },
        },
        asking: {
          description: 'The hub is asked whether jobs wait.',
          invoke: {
            id: 'askQueueLength',
            src: 'askQueueLength',
            onDone: [
              { guard: { type: 'jobsWait', params: queueLength }, target: 'suspecting' },
              { guard: { type: 'noJobWaits', params: queueLength }, target: IDLE, reenter: true },
              { target: 'waiting' },
            ],
            onError: 'waiting',
          },
          after: { queueCheckTimeout: 'waiting' },
        },
        suspecting: {
          description: 'Jobs wait; they may be on their way, to us or to another worker.',
          after: { suspicionTime: 'confirming' },
        },
        confirming: {
          description: 'The hub is asked once more.',
          invoke: {
            id: 'confirmQueueLength',
            src: 'askQueueLength',
            onDone: [
              { guard: { type: 'jobsWait', params: queueLength }, target: RENEW },
              { guard: { type: 'noJobWaits', params: queueLength }, target: IDLE, reenter: true },
              { target: 'waiting' },
            ],
            onError: 'waiting',
          },
          after: { queueCheckTimeout: 'waiting' },
        },
      },
    },
  },
});

function queueLength({ event }: { event: { output: number | null } }): { queueLength: number | null } {
  return { queueLength: event.output };
}
