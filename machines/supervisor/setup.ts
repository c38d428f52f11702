import { assign, enqueueActions, sendTo } from 'xstate';
import type { JobReport } from '../contracts/job.ts';
import type { Obstacle } from '../contracts/obstacle.ts';
import type { InterruptedJobsEvent } from '../interrupted-jobs/machine.ts';
import type { GivenBackJob } from './context.ts';
import { suspectsObstacle } from './failures.ts';
import { withRuns } from './run-actions.ts';

/** What the states of the supervisor are made of. */
export const supervisorSetup = withRuns.extend({
  actions: {
    /** The link is closed: the hub takes its last assignment back, and hands out no more on the next link. */
    returnAssignment: enqueueActions(({ context, enqueue }, { jobId, assignmentId, cause }: GivenBackJob) => {
      enqueue.assign({ returned: [...context.returned, { jobId, assignmentId, cause }] });
      enqueue.sendTo('hub', { type: 'hub.jobUnwanted' });
      enqueue.raise({ type: 'job.returned' });
    }),
    /** They count as on their way until those that were kept are begun: an idle daemon would end in between. */
    settleReturned: enqueueActions(({ context, enqueue }, params: { keptIds: readonly string[] }) => {
      for (const job of context.returned.filter(({ assignmentId }) => params.keptIds.includes(assignmentId)))
        enqueue.raise({ type: 'job.kept', ...job });
      enqueue.raise({ type: 'returns.settled' });
    }),
    /** Without an answer they are taken to be ours: the first transfer shows whether that is so. */
    keepReturned: enqueueActions(({ context, enqueue }) => {
      for (const job of context.returned) enqueue.raise({ type: 'job.kept', ...job });
      enqueue.raise({ type: 'returns.settled' });
    }),
    forgetInterrupted: assign({ interruptedJobIds: [], unsureJobIds: [] }),
    forgetReturned: assign({ returned: [] }),
    confirmKept: sendTo('hub', (_, params: { jobId: string }) => ({
      type: 'hub.claimConfirmed',
      jobId: params.jobId,
    })),
    pauseIntake: sendTo('hub', { type: 'hub.intakePaused' }),
    resumeIntake: sendTo('hub', { type: 'hub.intakeResumed' }),
    markPause: assign({ isPaused: (_, params: { isPaused: boolean }) => params.isPaused }),
    markYield: assign({ isYielding: (_, params: { isYielding: boolean }) => params.isYielding }),
    /** Charts hold no files: whoever provides this remembers it for the next process. */
    notePause: (_, _params: { isPaused: boolean }) => {},
    suspectObstacle: enqueueActions(
      ({ enqueue }, { conclusion }: Extract<JobReport, { type: 'job.concluded' }>) => {
        if (conclusion.outcome === 'failed' && suspectsObstacle(conclusion.failure))
          enqueue.raise({ type: 'obstacle.suspected' });
      },
    ),
    noteObstacles: assign({
      obstacles: (_, params: { obstacles: readonly Obstacle[] }) => params.obstacles,
    }),
    closeIntake: sendTo('hub', { type: 'hub.intakeClosed' }),
    closeHub: sendTo('hub', { type: 'hub.closeRequested' }),
    noteLeaks: assign({
      leaked: ({ context }, params: { names: readonly string[] }) => [
        ...new Set([...context.leaked, ...params.names]),
      ],
    }),
    countLeakSweep: assign({ leakSweeps: ({ context }) => context.leakSweeps + 1 }),
    forgetLeaks: assign(({ context }, params: { names: readonly string[] }) => {
      const leaked = context.leaked.filter((name) => !params.names.includes(name));
      return { leaked, leakSweeps: leaked.length === 0 ? 0 : context.leakSweeps };
    }),
    tellInterruptedJobs: sendTo(
      'interruptedJobs',
      (_, params: { news: InterruptedJobsEvent }) => params.news,
    ),
  },
});
