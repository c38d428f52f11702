import { assign, setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import type { HubNews } from '../contracts/hub.ts';
import { interruptedJobsLimits } from './limits.ts';

/**
 * Jobs that the previous process was killed in and that the hub still counts as running there: their senders wait for
 * an answer that nobody but us can give.
 *
 * The one job that the hub took back when the link of that process broke is not among them. A job that the hub hands
 * out again all the same is a job like any other, and is struck out here.
 *
 * Promises: nothing is answered before the hub had its time to hand jobs out; no job stays without an answer as long
 * as the hub can be reached.
 */
export interface InterruptedJobsInput {
  readonly jobIds: readonly string[];
}

export type InterruptedJobsEvent = Extract<
  HubNews,
  { type: 'hub.linkUp' | 'hub.linkLost' | 'hub.jobAssigned' }
>;

export const interruptedJobsMachine = setup({
  types: {
    input: {} as InterruptedJobsInput,
    context: {} as InterruptedJobsInput,
    events: {} as InterruptedJobsEvent,
  },
  actors: {
    /** Says on a link of its own that each of these jobs has failed; ends when the hub has heard it. */
    answerJobs: port<void, { jobIds: readonly string[] }>('answerJobs'),
  },
  actions: {
    strikeOut: assign({
      jobIds: ({ context }, params: { jobId: string }) =>
        context.jobIds.filter((jobId) => jobId !== params.jobId),
    }),
  },
  guards: { isNone: ({ context }) => context.jobIds.length === 0 },
  delays: { ...interruptedJobsLimits },
}).createMachine({
  id: 'interruptedJobs',
  description: 'Answers for the jobs that the previous process was killed in.',
  context: ({ input }) => ({ ...input }),
  initial: 'offline',
  on: { 'hub.jobAssigned': { actions: { type: 'strikeOut', params: ({ event }) => event } } },
  states: {
    offline: {
      description: 'No link to the hub.',
      always: { guard: 'isNone', target: 'settled' },
      on: { 'hub.linkUp': 'awaitingHandOut' },
    },
    awaitingHandOut: {
      description: 'The hub may hand out again what it took back.',
      always: { guard: 'isNone', target: 'settled' },
      on: { 'hub.linkLost': 'offline' },
      after: { handOutTime: 'answering' },
    },
    answering: {
      description: 'Each job that is left is told to have failed.',
      invoke: {
        id: 'answerJobs',
        src: 'answerJobs',
        input: ({ context }) => ({ jobIds: context.jobIds }),
        onDone: 'settled',
        onError: 'pausing',
      },
      after: { answerTimeout: 'pausing' },
    },
    pausing: {
      description: 'The hub did not hear it; it is said again.',
      always: { guard: 'isNone', target: 'settled' },
      on: { 'hub.linkLost': 'offline' },
      after: { answerPause: 'answering' },
    },
    settled: { description: 'Nobody waits for an answer of the previous process.' },
  },
});
