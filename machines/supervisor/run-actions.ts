import { assign, enqueueActions, sendTo } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import type { Conclusion, JobReport } from '../contracts/job.ts';
import { freeNumber } from '../contracts/numbers.ts';
import type { VmClone } from '../contracts/vm.ts';
import { type ReturnedJob, type SupervisorContext, vmNameOf, vmOf } from './context.ts';
import { runCrashed, workerStopping } from './failures.ts';
import { conclusionOf, failed, noteOf } from './hub-reports.ts';
import { actorIdOf, assignmentOf, change, find, openRunOf, openRuns, sweepIdOf } from './runs.ts';
import { withSlots } from './slot-actions.ts';

/** Runs, from their start to what one that crashed has left. */
export const withRuns = withSlots.extend({
  actions: {
    startRun: assign({
      runs: ({ context, spawn, self }, params: { jobId: string; assignmentId: string }) => {
        const { jobId, assignmentId: runId } = params;
        const vm: VmClone = { name: vmNameOf(context.instance, runId), image: context.image };
        const number = freeNumber(context.runs.map((run) => run.number));
        const input = { runId, jobId, vm, owner: self };
        const ref = spawn('signJob', { id: actorIdOf({ number }), input });
        const run = {
          runId,
          number,
          jobId,
          assignmentIds: [runId],
          phase: 'admitting',
          holdsSlot: false,
          toldPosition: 0,
          handedVm: null,
          claim: 'held',
          ref,
        } as const;
        return [...context.runs, run];
      },
    }),
    adoptAssignment: enqueueActions(
      ({ context, enqueue }, params: { jobId: string; assignmentId: string }) => {
        const run = openRunOf(context.runs, params.jobId);
        if (!run) return;
        const assignmentIds = [run.runId, params.assignmentId];
        enqueue.assign({ runs: change(context.runs, run.runId, { assignmentIds, claim: 'held' }) });
        enqueue.sendTo(run.ref, { type: 'job.adopted', assignmentId: params.assignmentId });
      },
    ),
    /** Whoever keeps the secrets of the assignments lets go of those that are not needed any more. */
    noteAdoption: (_, _params: { assignmentId: string; superseded: readonly string[] }) => {},
    passNote: sendTo('hub', (_, params: Extract<JobReport, { type: 'job.noted' }>) =>
      noteOf(params.jobId, params.note),
    ),
    passConclusion: enqueueActions(
      ({ context, enqueue }, params: Extract<JobReport, { type: 'job.concluded' }>) => {
        const { runId, jobId, assignmentId, conclusion } = params;
        enqueue.assign({
          runs: change(context.runs, runId, { phase: 'concluded' }),
          concluded: counted(context.concluded, conclusion),
        });
        enqueue.sendTo('hub', conclusionOf(jobId, assignmentId, conclusion));
      },
    ),
    noteDropped: enqueueActions(({ context, enqueue }, params: { runId: string; jobId: string }) => {
      enqueue.assign({ runs: change(context.runs, params.runId, { phase: 'concluded' }) });
      enqueue.sendTo('hub', { type: 'hub.jobDropped', jobId: params.jobId });
    }),
    refuseAssignment: sendTo('hub', (_, params: ReturnedJob & { failure: Failure }) =>
      failed(params.jobId, params.assignmentId, params.failure),
    ),
    /** A job that was not begun, and that the hub believes to run here. */
    handBack: sendTo('hub', (_, { jobId, assignmentId }: ReturnedJob) =>
      conclusionOf(jobId, assignmentId, { outcome: 'returned', failure: workerStopping, stage: null }),
    ),
    cancelRun: enqueueActions(({ context, enqueue }, params: { jobId: string }) => {
      const run = openRunOf(context.runs, params.jobId);
      if (run) enqueue.sendTo(run.ref, { type: 'job.cancelRequested', why: 'user' });
    }),
    cancelAllRuns: enqueueActions(({ context, enqueue }) => {
      for (const run of openRuns(context.runs))
        enqueue.sendTo(run.ref, { type: 'job.cancelRequested', why: 'shutdown' });
    }),
    tellLinkLost: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ runs: context.runs.map((run) => ({ ...run, claim: 'held' as const })) });
      for (const run of openRuns(context.runs)) enqueue.sendTo(run.ref, { type: 'job.linkLost' });
    }),
    tellLinkRestored: enqueueActions(({ context, enqueue }) => {
      for (const run of openRuns(context.runs)) enqueue.sendTo(run.ref, { type: 'job.linkRestored' });
    }),
    forgetRun: enqueueActions(({ context, enqueue }, params: { runId: string; leakedVm: string | null }) => {
      const run = find(context.runs, params.runId);
      if (run) enqueue.stopChild(actorIdOf(run));
      enqueue.assign({
        runs: context.runs.filter((run) => run.runId !== params.runId),
        leaked: params.leakedVm ? [...new Set([...context.leaked, params.leakedVm])] : context.leaked,
      });
    }),
    /** A machine that reached the run only when it had ended is nobody's: it is destroyed at once. */
    reclaimUnused: enqueueActions(({ context, enqueue }, params: { runId: string; vmName: string }) => {
      const handedVm = find(context.runs, params.runId)?.handedVm ?? null;
      if (handedVm === null || handedVm === params.vmName) return;
      enqueue.assign({ leaked: [...context.leaked, handedVm] });
      enqueue.raise({ type: 'leaks.noticed' });
    }),
    reportCrashedRun: enqueueActions(({ context, enqueue }, params: { runId: string }) => {
      const run = find(context.runs, params.runId);
      if (!run || run.phase === 'concluded') return;
      enqueue.assign({ concluded: { ...context.concluded, failed: context.concluded.failed + 1 } });
      enqueue.sendTo('hub', failed(run.jobId, assignmentOf(run), runCrashed));
    }),
    /** The slot stays taken until what the run left is swept away: its machine may still be alive. */
    sweepCrashedRun: enqueueActions(({ context, enqueue }, params: { runId: string }) => {
      const { runId } = params;
      const run = find(context.runs, runId);
      if (!run) return;
      enqueue.stopChild(actorIdOf(run));
      enqueue.assign({ runs: change(context.runs, runId, { phase: 'concluded' }) });
      enqueue.spawnChild('sweepRun', {
        id: sweepIdOf(run),
        input: {
          runId,
          assignmentIds: run.assignmentIds,
          awaitsReceipt: assignmentOf(run),
          vmName: vmOf(context, runId),
        },
      });
      enqueue.raise({ type: 'sweep.expired', runId }, { delay: 'sweepTimeout', id: sweepIdOf(run) });
    }),
    endSweep: enqueueActions(({ context, enqueue }, params: { runId: string }) => {
      const run = find(context.runs, params.runId);
      if (!run) return;
      enqueue.stopChild(sweepIdOf(run));
      enqueue.cancel(sweepIdOf(run));
    }),
  },
});

/** A job that goes back to the hub has no end here. */
function counted(concluded: SupervisorContext['concluded'], { outcome }: Conclusion) {
  return outcome === 'returned' ? concluded : { ...concluded, [outcome]: concluded[outcome] + 1 };
}
