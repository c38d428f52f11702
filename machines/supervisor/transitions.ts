import type { Failure } from '../contracts/failure.ts';
import type { InterruptedJobsEvent } from '../interrupted-jobs/machine.ts';
import { type ReturnedJob, type SupervisorContext, vmOf } from './context.ts';
import { openRunOf, runOfActor } from './runs.ts';

type Ended = { context: SupervisorContext; event: { actorId: string } };
export const brokenRun = ({ context, event }: Ended) => ({
  runId: runOfActor(context.runs, event.actorId)?.runId ?? '',
});
export const sweptRun = (ended: Ended) => ({ ...brokenRun(ended), leakedVm: null });
export const resistingRun = (ended: Ended) => {
  const { runId } = brokenRun(ended);
  return { runId, leakedVm: vmOf(ended.context, runId) };
};

export const joining = [
  { type: 'joinLine', params: ({ event }: { event: { runId: string } }) => event },
  'grantSlots',
  'clearSlots',
] as const;

/** What becomes of the wish to be paused, or to go on, is remembered for the next process as well. */
export const pausing = (isPaused: boolean) =>
  [
    { type: 'markPause', params: { isPaused } },
    { type: 'notePause', params: { isPaused } },
  ] as const;
/** For an upgrade, which waits for the jobs that run; the next process does not yield. */
export const yielding = (isYielding: boolean) => ({
  type: 'markYield' as const,
  params: { isYielding },
});
/** Before anything can be taken. */
export const wishedEarly = {
  'yield.requested': { actions: yielding(true) },
  'yield.withdrawn': { actions: yielding(false) },
  'pause.requested': { actions: pausing(true) },
  'resume.requested': { actions: pausing(false) },
};

export const newsOf = ({ event }: { event: InterruptedJobsEvent }) => ({ news: event });

/** What is given up with that; the assignment that a run began with keeps manifest and credentials. */
export function adoption({ context, event }: { context: SupervisorContext; event: ReturnedJob }) {
  const { jobId, assignmentId } = event;
  const { runId, assignmentIds = [] } = openRunOf(context.runs, jobId) ?? {};
  return { assignmentId, superseded: assignmentIds.filter((id) => id !== runId) };
}

/** The job is answered for at once: no run of it begins. */
export const refused = (failure: Failure) => ({
  type: 'refuseAssignment' as const,
  params: ({ event: { jobId, assignmentId } }: { event: ReturnedJob }) => ({ jobId, assignmentId, failure }),
});
