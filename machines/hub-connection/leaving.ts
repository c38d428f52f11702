import { assignmentsInDoubt } from './outbox.ts';
import { hubConnectionSetup } from './setup.ts';

/** What had come in when the connection ended is not lost with it: the port says the end behind all of that. */
const hangingUp = <T>(end: T) =>
  ({
    description:
      'The hub did not answer the farewell: the connection is ended, what had come in is passed on.',
    entry: 'hangUp',
    after: { hangUpTimeout: end },
  }) as const;

const takingLeave = {
  description: 'The hub has a moment to answer the farewell.',
  after: { closeTimeout: 'hangingUp' },
} as const;

/**
 * A link that is given up by us and made anew. The Close frame lets the hub free our entry (it would keep a ghost
 * of us otherwise) and take back the job that it assigned last; what comes until then is still ours to answer.
 */
const leaving = (
  description: string,
  reason: string,
  entry: readonly ('close' | 'countRenewal' | 'countReoffer')[] = ['close'],
) => {
  const lost = {
    target: '#hubConnection.backingOff',
    actions: { type: 'tellLost', params: { reason } },
  } as const;
  return hubConnectionSetup.createStateConfig({
    description,
    entry,
    on: {
      'socket.received': { actions: { type: 'passMessage', params: ({ event }) => event } },
      'socket.lost': lost,
      'hub.intakeClosed': { actions: 'offerNothing' },
      'hub.jobUnwanted': { actions: 'offerNothing' },
      // not at once: a job may be on its way to us
      'hub.closeRequested': { guard: 'outboxIsEmpty', target: '#hubConnection.linked.closing' },
    },
    initial: 'takingLeave',
    states: { takingLeave, hangingUp: hangingUp(lost) },
  });
};

export const abandoning = leaving(
  'The link seems dead; a Close frame is tried, so that the hub does not keep a ghost of us.',
  'nothing was heard for too long',
);

export const returning = leaving(
  'No more jobs are wanted: the hub takes back the one that it assigned last; the next hello offers nothing.',
  'closed by the worker, which takes no more jobs: the hub takes back the one that it assigned last',
);

export const renewing = leaving(
  'No job comes though there is nothing to do: a fresh hello sets right what the hub counts as ours.',
  'closed by the worker, because no job came: a fresh hello sets right what the hub counts as running here',
  ['close', 'countRenewal'],
);

export const reoffering = leaving(
  'There are more slots than the hub counts with, or fewer: it takes another number from a fresh hello alone.',
  'closed by the worker, because another number of jobs can be done at the same time: the next hello says it',
  ['close', 'countReoffer'],
);

export const flushing = hubConnectionSetup.createStateConfig({
  description: 'Asked to close: the last results are said and confirmed first.',
  on: {
    'hub.closeRequested': {},
    'socket.received': { actions: { type: 'passMessage', params: ({ event }) => event } },
  },
  after: { flushTimeout: 'closing' },
  initial: 'saying',
  states: {
    reconciling: {
      description: 'Of results in doubt, only those that the hub still waits for are said.',
      invoke: {
        id: 'probeBeforeClosing',
        src: 'probeAssignments',
        input: ({ context }) => ({ assignmentIds: assignmentsInDoubt(context.outbox) }),
        onDone: { target: 'saying', actions: { type: 'reopen', params: ({ event }) => event.output } },
        onError: { target: 'saying', actions: 'reopenAll' },
      },
    },
    saying: {
      description: 'Everything left is said; each result waits for its receipt.',
      always: [
        { guard: 'isInDoubt', target: 'reconciling' },
        { guard: 'hasSayable', actions: 'flush' },
        { guard: 'outboxIsEmpty', target: '#hubConnection.linked.closing' },
      ],
    },
  },
});

export const closing = hubConnectionSetup.createStateConfig({
  description: 'A Close frame is out; the hub frees our entry.',
  entry: 'close',
  on: {
    'socket.lost': '#hubConnection.closed',
    'hub.closeRequested': {},
    'socket.received': { actions: { type: 'passMessage', params: ({ event }) => event } },
  },
  initial: 'takingLeave',
  states: { takingLeave, hangingUp: hangingUp('#hubConnection.closed') },
});
