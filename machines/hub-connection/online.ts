import { delivery } from './delivery.ts';
import { offering, offersAgain } from './offer.ts';
import { hubConnectionSetup } from './setup.ts';
import { starvation } from './starvation.ts';

export const online = hubConnectionSetup.createStateConfig({
  description: 'The hub counts us among its workers.',
  type: 'parallel',
  entry: 'tellUp',
  on: {
    'socket.received': [
      {
        guard: { type: 'isRefusal', params: ({ event }) => event },
        target: '#hubConnection.refused',
        actions: 'tellRefused',
      },
      { guard: { type: 'isUpdate', params: ({ event }) => event }, actions: 'declineUpdate' },
      { actions: { type: 'passMessage', params: ({ event }) => event } },
    ],
    'hub.intakeResumed': offersAgain,
    'hub.closeRequested': '#hubConnection.linked.flushing',
  },
  states: {
    delivery,
    heart: {
      description: 'A ping now and then, so that nobody on the way calls the link idle.',
      initial: 'beating',
      states: {
        beating: {
          description: 'Waits for the next beat.',
          after: { heartbeatInterval: { target: 'beating', reenter: true, actions: 'beat' } },
        },
      },
    },
    hearing: {
      description: 'A link on which nothing is heard any more is dead.',
      initial: 'listening',
      states: {
        listening: {
          description: 'Every frame of any kind starts the wait anew.',
          on: { 'socket.heard': { target: 'listening', reenter: true } },
          after: { silenceTimeout: '#hubConnection.linked.abandoning' },
        },
      },
    },
    health: {
      description: 'A link that held for a while lets the back-off start anew.',
      initial: 'proving',
      states: {
        proving: {
          description: 'The link is young.',
          after: { healthyAfter: { target: 'proven', actions: 'forgetFailures' } },
        },
        proven: { description: 'The link held.' },
      },
    },
    starvation,
    offering,
  },
});
