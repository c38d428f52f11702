import { assign, enqueueActions, sendTo, setup } from 'xstate';
import { livePort, port } from '../contracts/actors.ts';
import type { HubMessage, HubReport } from '../contracts/hub.ts';
import type {
  HubConnectionContext,
  HubConnectionEvent,
  HubConnectionInput,
  Offer,
  SocketCommand,
} from './context.ts';
import { hubLimits, MAX_HELD_NOTES } from './limits.ts';
import {
  assignmentsInDoubt,
  confirmed,
  doubted,
  hold,
  isConclusion,
  isEmpty,
  jobsReopened,
  type Reopening,
  reopened,
  sayable,
  withoutNotesOf,
  written,
} from './outbox.ts';

/** What the states of the hub-connection are made of. */
export const hubConnectionSetup = setup({
  types: {
    input: {} as HubConnectionInput,
    context: {} as HubConnectionContext,
    events: {} as HubConnectionEvent,
    children: {} as { socket: 'hubSocket' },
  },
  actors: {
    hubSocket: livePort<SocketCommand, undefined>('hubSocket'),
    /** Which of these assignments does the hub still wait for? */
    probeAssignments: port<Reopening, { assignmentIds: readonly string[] }>('probeAssignments'),
    /** How many jobs wait at the hub, whatever they are for; null when it does not say. */
    askQueueLength: port<number | null, undefined>('askQueueLength'),
  },
  actions: {
    holdReport: assign({
      outbox: ({ context }, params: { report: HubReport }) =>
        hold(context.outbox, params.report, context.claimed, MAX_HELD_NOTES),
    }),
    /** Machines hold no clock: whoever provides this notes when a job was over. */
    noteReport: (_, _params: { report: HubReport }) => {},
    flush: enqueueActions(({ context, enqueue }) => {
      const entries = sayable(context.outbox, context.claimed);
      const { droppedNotes } = context.outbox;
      enqueue.sendTo('socket', { type: 'socket.deliver', entries, droppedNotes });
      const concluded = entries.filter(isConclusion).map(({ report }) => report.jobId);
      enqueue.assign({
        outbox: written(context.outbox, entries),
        claimed: context.claimed.filter((jobId) => !concluded.includes(jobId)),
      });
      if (concluded.length > 0) enqueue.assign({ lastAssignedJobId: null });
    }),
    /** The hub may have given anything away while there was no link. */
    doubtEverything: assign({ claimed: [], outbox: ({ context }) => doubted(context.outbox) }),
    claim: assign({
      claimed: ({ context }, params: { jobId: string }) => [...new Set([...context.claimed, params.jobId])],
    }),
    disclaim: assign(({ context }, { jobId }: { jobId: string }) => ({
      claimed: context.claimed.filter((claimed) => claimed !== jobId),
      outbox: withoutNotesOf(context.outbox, jobId),
    })),
    confirm: assign({
      outbox: ({ context }, params: { seq: number }) => confirmed(context.outbox, params.seq),
    }),
    reopen: assign(({ context }, params: Reopening) => ({
      claimed: [...new Set([...context.claimed, ...jobsReopened(context.outbox, params)])],
      outbox: reopened(context.outbox, params),
    })),
    /** Without an answer the hub is taken to be waiting: a repeated result is better than none. */
    reopenAll: assign(({ context: { claimed, outbox } }) => {
      const asked = assignmentsInDoubt(outbox);
      const all = { asked, stillOpen: asked, unclear: asked };
      return {
        claimed: [...new Set([...claimed, ...jobsReopened(outbox, all)])],
        outbox: reopened(outbox, all),
      };
    }),
    greet: enqueueActions(({ context, enqueue }) => {
      const { slots } = context;
      enqueue.sendTo('socket', { type: 'socket.hello', offer: offerOf(wanted(context)), slots });
      enqueue.assign({ saidSlots: wanted(context) });
    }),
    noteSlots: assign({ slots: (_, params: { slots: number }) => params.slots }),
    beat: sendTo('socket', { type: 'socket.beat' }),
    close: sendTo('socket', { type: 'socket.close' }),
    hangUp: sendTo('socket', { type: 'socket.hangUp' }),
    declineUpdate: sendTo('socket', { type: 'socket.declineUpdate' }),
    passMessage: enqueueActions(({ context, enqueue }, { message }: { message: HubMessage }) => {
      if (message.type === 'jobAssigned' || message.type === 'jobMalformed') {
        const { jobId } = message;
        const claimed = [...new Set([...context.claimed, jobId])];
        enqueue.assign({ lastAssignedJobId: jobId, renewals: 0, claimed });
      }
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
    offerNothing: assign({ offer: 'nothing' }),
    offerJobs: assign({ offer: 'jobs' }),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forgetFailures: assign({ failures: 0 }),
    countReoffer: assign({ reoffers: ({ context }) => context.reoffers + 1 }),
    forgetReoffers: assign({ reoffers: 0 }),
    countRenewal: assign({ renewals: ({ context }) => context.renewals + 1 }),
  },
  guards: {
    isRefusal: (_, params: { message: HubMessage }) => params.message.type === 'authFailed',
    isUpdate: (_, params: { message: HubMessage }) => params.message.type === 'updateRequested',
    isInDoubt: ({ context }) => context.outbox.doubtful.length > 0,
    hasSayable: ({ context }) => sayable(context.outbox, context.claimed).length > 0,
    outboxIsEmpty: ({ context }) => isEmpty(context.outbox),
    /** The hub hands out jobs on this link. */
    saidJobs: ({ context }) => context.saidSlots > 0,
    /** The hub hands out nothing on this link, and there are slots. */
    saidNothing: ({ context }) => context.saidSlots === 0 && context.slots > 0,
    offerIsWrong: ({ context }) => isWrong(context),
    offerIsRight: ({ context }) => !isWrong(context),
    offerIsUrgent: ({ context }) => wanted(context) > context.saidSlots || context.slots === 0,
    /** The hub counts no job of ours as the one that it takes back when the link ends. */
    nothingToTakeBack: ({ context }) => context.lastAssignedJobId === null && isEmpty(context.outbox),
    /** Jobs are wanted, and there is none of whose end the hub does not know. */
    isHungry: ({ context }) => isHungry(context),
    isFed: ({ context }) => !isHungry(context),
    jobsWait: (_, params: { queueLength: number | null }) => (params.queueLength ?? 0) > 0,
    noJobWaits: (_, params: { queueLength: number | null }) => params.queueLength === 0,
  },
  delays: { ...hubLimits },
});

type Offering = Pick<HubConnectionContext, 'offer' | 'slots'>;

/** For how many jobs at the same time the hub is to count with us. */
const wanted = ({ offer, slots }: Offering): number => (offer === 'jobs' ? slots : 0);

/** The hub makes one slot of none, and hands nothing to a worker that can do nothing. */
const offerOf = (slots: number): Offer => (slots > 0 ? 'jobs' : 'nothing');

/** A few slots of many are not worth a new link: jobs too many wait here, and slots too many stay free. */
const SHARE_OF_A_FEW = 10;

function isWrong(context: HubConnectionContext): boolean {
  const [slots, { saidSlots }] = [wanted(context), context];
  if (offerOf(slots) !== offerOf(saidSlots)) return true;
  return Math.abs(slots - saidSlots) > saidSlots / SHARE_OF_A_FEW;
}

function isHungry({ offer, saidSlots, claimed, outbox }: HubConnectionContext): boolean {
  return offer === 'jobs' && saidSlots > 0 && claimed.length === 0 && isEmpty(outbox);
}
