import { assign, sendTo, setup } from 'xstate';
import { livePort, port, type Recipient } from '../contracts/actors.ts';
import type { HubNews } from '../contracts/hub.ts';
import { interruptedJobsLimits } from './limits.ts';

export interface InterruptedJobsInput {
  readonly jobIds: readonly string[];
  /** Those that the hub took back, or has the result of, or that nobody has. */
  readonly unsureIds?: readonly string[];
  readonly owner: Recipient<InterruptedJobsReport>;
}

/** Whoever could be told now has been told; of the rest only time tells who has them. */
export interface InterruptedJobsReport {
  readonly type: 'interrupted.answered';
}

interface InterruptedJobsContext extends Pick<InterruptedJobsInput, 'owner'> {
  readonly jobIds: readonly string[];
  readonly unsureIds: readonly string[];
}

/** How things stand at the hub; null for what it does not say. */
export interface HubStanding {
  readonly queueLength: number | null;
  readonly workers: number | null;
}

export type InterruptedJobsEvent =
  | Extract<HubNews, { type: 'hub.linkUp' | 'hub.linkLost' | 'hub.jobAssigned' }>
  /** The hub knows the job, and it has no result. */
  | { type: 'watch.begun' }
  /** The job has a result, or the hub does not know it. */
  | { type: 'watch.over' }
  /** Somebody speaks of the job. */
  | { type: 'watch.heard' }
  | { type: 'watch.lost' };

/** What the states of the interrupted-jobs are made of. */
export const interruptedJobsSetup = setup({
  types: {
    input: {} as InterruptedJobsInput,
    context: {} as InterruptedJobsContext,
    events: {} as InterruptedJobsEvent,
  },
  actors: {
    /** Says on a link of its own that each of these jobs has failed; ends when the hub has heard it. */
    answerJobs: port<void, { jobIds: readonly string[] }>('answerJobs'),
    /** Listens on a link of its own to what the sender of this job is told. */
    watchJob: livePort<{ type: 'never' }, { jobId: string }>('watchJob'),
    askHubStanding: port<HubStanding, undefined>('askHubStanding'),
  },
  actions: {
    strikeOut: assign(({ context }, { jobId }: { jobId: string }) => ({
      jobIds: context.jobIds.filter((each) => each !== jobId),
      unsureIds: context.unsureIds.filter((each) => each !== jobId),
    })),
    answered: assign({ jobIds: [] }),
    /** Nobody has it: it is told to have failed like the others. */
    becomeSure: assign(({ context: { jobIds, unsureIds } }) => ({
      jobIds: [...jobIds, ...unsureIds.slice(0, 1)],
      unsureIds: unsureIds.slice(1),
    })),
    tellAnswered: sendTo(({ context }) => context.owner, { type: 'interrupted.answered' }),
    forgetWatched: assign({ unsureIds: ({ context }) => context.unsureIds.slice(1) }),
  },
  guards: {
    isNone: ({ context }) => context.jobIds.length + context.unsureIds.length === 0,
    hasNoSure: ({ context }) => context.jobIds.length === 0,
    hasNoUnsure: ({ context }) => context.unsureIds.length === 0,
    /** No job waits, and no other worker could have one. */
    nobodyCanHaveIt: (_, { queueLength, workers }: HubStanding) =>
      queueLength === 0 && workers !== null && workers <= 1,
    someJobWaits: (_, { queueLength }: HubStanding) => (queueLength ?? 0) > 0,
  },
  delays: { ...interruptedJobsLimits },
});
