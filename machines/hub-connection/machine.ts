import { abandoning, closing, flushing, renewing, reoffering, returning } from './leaving.ts';
import { offersAgain } from './offer.ts';
import { online } from './online.ts';
import { emptyOutbox } from './outbox.ts';
import { hubConnectionSetup } from './setup.ts';

export type { HubConnectionEvent, HubConnectionInput, Offer, SocketCommand } from './context.ts';

/**
 * The link to the hub: connect, greet, keep alive, back off, and an outbox that loses no conclusion.
 *
 * Promises: the hello is the first frame of every link; of a job nothing is said unless the hub counts it as ours on
 * this link; what was said while that was open is said then, in order; a conclusion of an earlier link is said only
 * if the hub still waits for it; another number of slots is said by a hello on a new link, not often, and rather when the
 * hub would take back no job for it; a job that came and is not wanted any more goes back to the hub unharmed, and no
 * other comes after it; a worker that is idle while jobs wait greets the hub anew; a refused secret is retried slowly.
 */
export const hubConnectionMachine = hubConnectionSetup.createMachine({
  id: 'hubConnection',
  description: 'The link to the hub and everything that waits to be said.',
  context: ({ input }) => ({
    ...input,
    outbox: emptyOutbox,
    claimed: [],
    offer: 'jobs',
    saidSlots: input.slots,
    reoffers: 0,
    failures: 0,
    renewals: 0,
    lastAssignedJobId: null,
  }),
  initial: 'linked',
  on: {
    'hub.report': {
      actions: [
        { type: 'holdReport', params: ({ event }) => event },
        { type: 'noteReport', params: ({ event }) => event },
      ],
    },
    'hub.claimConfirmed': { actions: { type: 'claim', params: ({ event }) => event } },
    'hub.jobDropped': { actions: { type: 'disclaim', params: ({ event }) => event } },
    'hub.slotsChanged': { actions: { type: 'noteSlots', params: ({ event }) => event } },
    'hub.intakeClosed': { actions: 'offerNothing' },
    'hub.intakePaused': { actions: 'offerNothing' },
    'hub.intakeResumed': { actions: 'offerJobs' },
    // with something left to say it is no time to close: who asks asks again when the link is up
    'hub.closeRequested': { guard: 'outboxIsEmpty', target: '.closed' },
  },
  states: {
    linked: {
      description: 'A socket exists: opening, greeting, or open.',
      entry: 'doubtEverything',
      invoke: {
        id: 'socket',
        src: 'hubSocket',
        onError: {
          target: 'backingOff',
          actions: { type: 'tellLost', params: { reason: 'the socket could not be made' } },
        },
      },
      on: {
        'socket.lost': {
          target: 'backingOff',
          actions: { type: 'tellLost', params: ({ event }) => event },
        },
        'socket.confirmed': { actions: { type: 'confirm', params: ({ event }) => event } },
        'hub.jobUnwanted': { target: '.returning', actions: 'offerNothing' },
        'hub.intakeClosed': { guard: 'saidJobs', target: '.returning', actions: 'offerNothing' },
      },
      initial: 'connecting',
      states: {
        connecting: {
          description: 'TCP, TLS and the WebSocket handshake.',
          on: { 'socket.opened': 'greeting', 'hub.intakeClosed': { actions: 'offerNothing' } },
          after: {
            connectTimeout: {
              target: '#hubConnection.backingOff',
              actions: { type: 'tellLost', params: { reason: 'the handshake did not end in time' } },
            },
          },
        },
        greeting: {
          description: 'The hello is out; the hub answers only to refuse, or with a first job.',
          entry: 'greet',
          on: {
            'socket.received': [
              {
                guard: { type: 'isRefusal', params: ({ event }) => event },
                target: '#hubConnection.refused',
                actions: 'tellRefused',
              },
              {
                guard: { type: 'isUpdate', params: ({ event }) => event },
                target: 'online',
                actions: 'declineUpdate',
              },
              { target: 'online', actions: { type: 'passMessage', params: ({ event }) => event } },
            ],
            'hub.intakeResumed': offersAgain,
            'hub.closeRequested': { guard: 'outboxIsEmpty', target: 'closing' },
          },
          after: { greetingGrace: 'online' },
        },
        online,
        abandoning,
        returning,
        renewing,
        reoffering,
        flushing,
        closing,
      },
    },

    backingOff: {
      description: 'No link; the next attempt waits longer each time.',
      entry: 'countFailure',
      on: { 'hub.closeRequested': [{ guard: 'outboxIsEmpty', target: 'closed' }, { target: 'linked' }] },
      after: { backoff: 'linked' },
    },
    refused: {
      description:
        'The hub does not know our secret: an operator must act; tried again, and said, every minute.',
      on: { 'hub.closeRequested': 'closed' },
      after: { refusedRetry: 'linked' },
    },
    closed: { description: 'The link is closed for good.', type: 'final' },
  },
});
