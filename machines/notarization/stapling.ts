import { stapleTimedOut, ticketLate } from './failures.ts';
import { notarizationSetup } from './setup.ts';
import { FAILED, failed, keep, pauseAfter, tell, toStaple } from './transitions.ts';

export const fetchingTicket = notarizationSetup.createStateConfig({
  description: 'The ticket is public a while after the verdict.',
  entry: 'resetAttempts',
  after: {
    ticketTimeout: {
      target: FAILED,
      actions: {
        type: 'keepFailure',
        params: ({ context }) => ({ failure: ticketLate(context.submissionId ?? '', context.lastFailure) }),
      },
    },
  },
  initial: 'asking',
  states: {
    asking: {
      description: 'One look-up.',
      entry: 'countAttempt',
      invoke: {
        id: 'fetchTicket',
        src: 'fetchTicket',
        input: toStaple,
        onDone: '#notarization.stapling',
        onError: [pauseAfter('pausing'), failed],
      },
      after: { askTimeout: { target: 'pausing', actions: 'clearWait' } },
    },
    pausing: { description: 'The ticket gets time to appear.', after: { ticketPause: 'asking' } },
  },
});

export const stapling = notarizationSetup.createStateConfig({
  description: 'The ticket is attached, and what carries it is checked.',
  invoke: {
    id: 'stapleTicket',
    src: 'stapleTicket',
    input: toStaple,
    onDone: {
      target: 'judging',
      actions: [
        { type: 'keepStapled', params: ({ event }) => ({ artifact: event.output }) },
        tell('The notarization ticket is stapled.'),
      ],
    },
    onError: failed,
  },
  after: { stapleTimeout: { target: FAILED, actions: keep(stapleTimedOut) } },
});
