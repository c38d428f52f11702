import { assign, enqueueActions, sendTo, setup } from 'xstate';
import { livePort, port, type Recipient } from '../contracts/actors.ts';
import type { HubMessage, HubNews, HubReport } from '../contracts/hub.ts';
import { hubLimits, MAX_HELD_NOTES } from './limits.ts';
import {
  confirmed,
  doubted,
  emptyOutbox,
  hold,
  isConclusion,
  isEmpty,
  type Letter,
  type Outbox,
  reopened,
  written,
} from './outbox.ts';

/**
 * The link to the hub: connect, greet, keep alive, back off, and an outbox that loses no conclusion.
 *
 * Promises: the hello is the first frame of every link; what was said while the link was down is said when it is
 * back, in order; a conclusion of an earlier link is said only if the hub still waits for it; a refused secret is
 * retried slowly.
 */
export interface HubConnectionInput {
  readonly owner: Recipient<HubNews>;
}

interface HubConnectionContext extends HubConnectionInput {
  readonly outbox: Outbox;
  /** Links that failed in a row; drives the back-off. */
  readonly failures: number;
  /** Mirror of the hub's last-assigned slot: the one job that it re-queues when this link breaks. For the log. */
  readonly lastAssignedJobId: string | null;
}

export type SocketCommand =
  | { type: 'socket.hello' }
  | { type: 'socket.deliver'; letters: readonly Letter[]; droppedNotes: number }
  | { type: 'socket.declineUpdate' }
  | { type: 'socket.beat' }
  | { type: 'socket.close' };

export type HubConnectionEvent =
  | { type: 'hub.report'; report: HubReport }
  | { type: 'hub.closeRequested' }
  | { type: 'socket.opened' }
  | { type: 'socket.received'; message: HubMessage }
  | { type: 'socket.heard' }
  | { type: 'socket.confirmed'; seq: number }
  | { type: 'socket.lost'; reason: string };

export const hubConnectionMachine = setup({
  types: {
    input: {} as HubConnectionInput,
    context: {} as HubConnectionContext,
    events: {} as HubConnectionEvent,
    children: {} as { socket: 'hubSocket' },
  },
  actors: {
    hubSocket: livePort<SocketCommand, undefined>('hubSocket'),
    /** Which of these assignments does the hub still wait for? Answers with those. */
    probeAssignments: port<readonly string[], { assignmentIds: readonly string[] }>('probeAssignments'),
  },
  actions: {
    holdReport: assign({
      outbox: ({ context }, params: { report: HubReport }) =>
        hold(context.outbox, params.report, MAX_HELD_NOTES),
    }),
    flush: enqueueActions(({ context, enqueue }) => {
      const letters = context.outbox.held;
      if (letters.length === 0) return;
      enqueue.sendTo('socket', {
        type: 'socket.deliver',
        letters,
        droppedNotes: context.outbox.droppedNotes,
      });
      enqueue.assign({ outbox: written(context.outbox, letters) });
      if (letters.some(isConclusion)) enqueue.assign({ lastAssignedJobId: null });
    }),
    doubt: assign({ outbox: ({ context }) => doubted(context.outbox) }),
    confirm: assign({
      outbox: ({ context }, params: { seq: number }) => confirmed(context.outbox, params.seq),
    }),
    reopen: assign({
      outbox: ({ context }, params: { stillOpen: readonly string[] }) =>
        reopened(context.outbox, new Set(params.stillOpen)),
    }),
    /** Without an answer the hub is taken to be waiting: a repeated result is better than none. */
    reopenAll: assign({ outbox: ({ context }) => reopened(context.outbox, new Set(assignmentsIn(context))) }),
    greet: sendTo('socket', { type: 'socket.hello' }),
    beat: sendTo('socket', { type: 'socket.beat' }),
    close: sendTo('socket', { type: 'socket.close' }),
    declineUpdate: sendTo('socket', { type: 'socket.declineUpdate' }),
    passMessage: enqueueActions(({ context, enqueue }, { message }: { message: HubMessage }) => {
      if (message.type === 'jobAssigned' || message.type === 'jobMalformed')
        enqueue.assign({ lastAssignedJobId: message.jobId });
      if (message.type === 'jobAssigned')
        enqueue.sendTo(context.owner, { ...message, type: 'hub.jobAssigned' });
      if (message.type === 'jobMalformed')
        enqueue.sendTo(context.owner, { ...message, type: 'hub.jobMalformed' });
      if (message.type === 'cancelRequested')
        enqueue.sendTo(context.owner, { ...message, type: 'hub.cancelRequested' });
    }),
    tellUp: sendTo(({ context }) => context.owner, { type: 'hub.linkUp' }),
    tellRefused: sendTo(({ context }) => context.owner, { type: 'hub.refused' }),
    tellLost: enqueueActions(({ context, enqueue }, params: { reason: string }) => {
      enqueue.sendTo(context.owner, {
        type: 'hub.linkLost',
        reason: params.reason,
        requeuedJobId: context.lastAssignedJobId,
      });
      enqueue.assign({ lastAssignedJobId: null });
    }),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forgetFailures: assign({ failures: 0 }),
  },
  guards: {
    isRefusal: (_, params: { message: HubMessage }) => params.message.type === 'authFailed',
    isUpdate: (_, params: { message: HubMessage }) => params.message.type === 'updateRequested',
    hasUnconfirmed: ({ context }) => context.outbox.unconfirmed.length > 0,
    outboxIsEmpty: ({ context }) => isEmpty(context.outbox),
  },
  delays: { ...hubLimits },
}).createMachine({
  id: 'hubConnection',
  description: 'The link to the hub and everything that waits to be said.',
  context: ({ input }) => ({ ...input, outbox: emptyOutbox, failures: 0, lastAssignedJobId: null }),
  initial: 'linked',
  on: {
    'hub.report': { actions: { type: 'holdReport', params: ({ event }) => event } },
    // with something left to say it is no time to close: who asks asks again when the link is up
    'hub.closeRequested': { guard: 'outboxIsEmpty', target: '.closed' },
  },
  states: {
    linked: {
      description: 'A socket exists: opening, greeting, or open.',
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
      },
      initial: 'connecting',
      states: {
        connecting: {
          description: 'TCP, TLS and the WebSocket handshake.',
          on: { 'socket.opened': 'greeting' },
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
            'hub.closeRequested': { guard: 'outboxIsEmpty', target: 'closing' },
          },
          after: { greetingGrace: 'online' },
        },
        online: {
          description: 'The hub counts us among its workers.',
          type: 'parallel',
          entry: ['doubt', 'tellUp'],
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
            'hub.closeRequested': '#hubConnection.linked.flushing',
          },
          states: {
            delivery: {
              description: 'What is said, and what is known to have arrived.',
              initial: 'deciding',
              states: {
                deciding: {
                  description: 'Are there results that did not arrive for sure on an earlier link?',
                  always: [{ guard: 'hasUnconfirmed', target: 'reconciling' }, { target: 'flowing' }],
                },
                reconciling: {
                  description:
                    'The hub is asked which of those results it still waits for, until it answers.',
                  on: { 'hub.closeRequested': '#hubConnection.linked.flushing.reconciling' },
                  after: { reconcileTimeout: { target: 'flowing', actions: 'reopenAll' } },
                  initial: 'asking',
                  states: {
                    asking: {
                      description: 'One question for each of those results.',
                      invoke: {
                        id: 'probeAssignments',
                        src: 'probeAssignments',
                        input: ({ context }) => ({ assignmentIds: assignmentsIn(context) }),
                        onDone: {
                          target: '#hubConnection.linked.online.delivery.flowing',
                          actions: { type: 'reopen', params: ({ event }) => ({ stillOpen: event.output }) },
                        },
                        onError: 'pausing',
                      },
                    },
                    pausing: {
                      description: 'The hub did not say; a result told twice would be counted twice.',
                      after: { reconcilePause: 'asking' },
                    },
                  },
                },
                flowing: {
                  description: 'Everything is said as it comes.',
                  entry: 'flush',
                  on: {
                    'hub.report': {
                      actions: [{ type: 'holdReport', params: ({ event }) => event }, 'flush'],
                    },
                  },
                },
              },
            },
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
                  after: {
                    silenceTimeout: '#hubConnection.linked.abandoning',
                  },
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
          },
        },
        abandoning: {
          description:
            'The link seems dead; a Close frame is tried, so that the hub does not keep a ghost of us.',
          entry: 'close',
          // what comes now is still ours to answer
          on: { 'socket.received': { actions: { type: 'passMessage', params: ({ event }) => event } } },
          after: {
            closeTimeout: {
              target: '#hubConnection.backingOff',
              actions: { type: 'tellLost', params: { reason: 'nothing was heard for too long' } },
            },
          },
        },
        flushing: {
          description: 'Asked to close: the last results are said and confirmed first.',
          on: { 'hub.closeRequested': {}, 'socket.received': {} },
          after: { flushTimeout: 'closing' },
          initial: 'saying',
          states: {
            reconciling: {
              description: 'Of results of an earlier link, only those that the hub still waits for are said.',
              invoke: {
                id: 'probeBeforeClosing',
                src: 'probeAssignments',
                input: ({ context }) => ({ assignmentIds: assignmentsIn(context) }),
                onDone: {
                  target: 'saying',
                  actions: { type: 'reopen', params: ({ event }) => ({ stillOpen: event.output }) },
                },
                onError: { target: 'saying', actions: 'reopenAll' },
              },
            },
            saying: {
              description: 'Everything left is said; each result waits for its receipt.',
              entry: 'flush',
              on: {
                'hub.report': { actions: [{ type: 'holdReport', params: ({ event }) => event }, 'flush'] },
              },
              always: { guard: 'outboxIsEmpty', target: '#hubConnection.linked.closing' },
            },
          },
        },
        closing: {
          description: 'A Close frame is out; the hub frees our entry.',
          entry: 'close',
          on: { 'socket.lost': '#hubConnection.closed', 'hub.closeRequested': {}, 'socket.received': {} },
          after: { closeTimeout: '#hubConnection.closed' },
        },
      },
    },

    backingOff: {
      description: 'No link; the next attempt waits longer each time.',
      entry: 'countFailure',
      on: { 'hub.closeRequested': [{ guard: 'outboxIsEmpty', target: 'closed' }, { target: 'linked' }] },
      after: { backoff: 'linked' },
    },
    refused: {
      description: 'The hub does not know our secret: an operator must act; tried again slowly.',
      on: { 'hub.closeRequested': 'closed' },
      after: { refusedRetry: 'linked' },
    },
    closed: { description: 'The link is closed for good.', type: 'final' },
  },
});

function assignmentsIn(context: HubConnectionContext): string[] {
  return context.outbox.unconfirmed.flatMap(({ report }) =>
    report.kind === 'conclusion' ? [report.assignmentId] : [],
  );
}
