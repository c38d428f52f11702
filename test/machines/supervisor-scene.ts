import { expect } from 'vitest';
import type { HubReport } from '../../machines/contracts/hub.ts';
import type { JobOutput } from '../../machines/contracts/job.ts';
import { type SupervisorInput, supervisorMachine } from '../../machines/supervisor/machine.ts';
import { vmPoolMachine } from '../../machines/vm-pool/machine.ts';
import { failure } from './samples.ts';
import { type Call, Stage } from './stage.ts';

/** The supervisor with the link and every run played by the test. */
export function beginSupervisor(maxConcurrent = 2, more: Partial<SupervisorInput> = {}) {
  const stage = new Stage();
  const supervisor = stage.start(stage.fill(supervisorMachine, { vmPool: stage.fill(vmPoolMachine) }), {
    maxConcurrent,
    image: 'golden',
    instance: '0a1b2c3d',
    standbySize: 0,
    ...more,
  });
  const hub = () => stage.the('hubConnection');
  const run = (runId: string): Call => {
    const found = stage.calls.filter(({ port, input }) => port === 'signJob' && input.runId === runId);
    expect(found).toHaveLength(1);
    return found[0] as Call;
  };
  const outputOf = (runId: string, more: Partial<JobOutput> = {}): JobOutput => ({
    ...{
      runId,
      jobId: jobIdOf(runId),
      outcome: 'failed',
      failure: failure('A'),
      vmName: 'v',
      leakedVm: null,
      atApple: { submissionIds: [], uploadId: null, buildId: null },
    },
    ...more,
  });
  const scene = {
    stage,
    clock: stage.clock,
    supervisor,
    hub,
    run,
    serve: (leaked: readonly string[] = []) => {
      stage.the('sweepLeftovers').answer(leaked);
      expect(supervisor.is('serving')).toBe(true);
      hub().say({ type: 'hub.linkUp' });
      return scene;
    },
    /** Job `job-a` under the assignment `a`, which becomes the run's id. */
    assign: (assignmentId: string, jobId = jobIdOf(assignmentId)) =>
      hub().say({ type: 'hub.jobAssigned', jobId, assignmentId }),
    /** The job turned out to be sound. */
    awaitSlot: (runId: string) => run(runId).say({ type: 'job.awaitingSlot', runId }),
    assignAndWait: (...ids: string[]) => {
      for (const id of ids) {
        scene.assign(id);
        scene.awaitSlot(id);
      }
    },
    conclude: (runId: string, assignmentId = runId, jobId = jobIdOf(runId)) =>
      run(runId).say({
        ...{ type: 'job.concluded', runId, jobId, assignmentId },
        conclusion: { outcome: 'failed', failure: failure('A'), stage: null },
      }),
    /** The machine is gone and the files are removed. */
    end: (runId: string, more: Partial<JobOutput> = {}) => run(runId).answer(outputOf(runId, more)),
    finish: (runId: string, more: Partial<JobOutput> = {}) => {
      scene.conclude(runId);
      scene.end(runId, more);
    },
    heard: (runId: string) => run(runId).heard.map(({ type }) => type),
    hasSlot: (runId: string) => scene.heard(runId).includes('slot.granted'),
    /** Actors of runs and of what is swept after them. */
    runActors: () =>
      Object.keys(supervisor.actor.getSnapshot().children).filter((id) => /^(run|sweep)\./.test(id)),
    started: () => stage.calls.filter(({ port }) => port === 'signJob').map(({ input }) => input.runId),
    reports: (): HubReport[] =>
      stage.calls
        .filter(({ port }) => port === 'hubConnection')
        .flatMap(({ heard }) =>
          heard.flatMap((event) => (event.type === 'hub.report' ? [event.report] : [])),
        ),
    conclusions: () =>
      scene
        .reports()
        .flatMap((report) =>
          report.kind === 'conclusion'
            ? [`${report.jobId} ${report.assignmentId} ${codeOf(report.conclusion)}`]
            : [],
        ),
    positions: () =>
      scene
        .reports()
        .flatMap((report) =>
          report.kind === 'note' && report.note.kind === 'queued'
            ? [`${report.jobId} ${report.note.position}`]
            : [],
        ),
    /** What the hub-connection was told besides reports. */
    wishes: () =>
      hub()
        .heard.map(({ type }) => type)
        .filter((type) => type !== 'hub.report'),
    /** A link that was closed to give a job back is made anew; the hub believes these to run here. */
    relink: (...stillOurs: string[]) => {
      hub().say({ type: 'hub.linkLost', reason: 'closed by the worker', requeuedJobId: null });
      hub().say({ type: 'hub.linkUp' });
      stage.the('probeReturned').answer(stillOurs);
    },
    closeAsked: () => hub().heard.filter(({ type }) => type === 'hub.closeRequested').length,
    /** The hub-connection ends as it was asked to, and the daemon with it. */
    expectStopped: () => {
      for (const call of stage.open('hubConnection')) call.answer();
      expect(supervisor.status).toBe('done');
      expect(supervisor.crash).toBeUndefined();
      expect(supervisor.scheduled).toEqual([]);
      expect(stage.clock.pending).toBe(0);
      expect(stage.open()).toEqual([]);
    },
  };
  return scene;
}

export type SupervisorScene = ReturnType<typeof beginSupervisor>;

export const jobIdOf = (assignmentId: string): string => `job-${assignmentId}`;
export const vmOf = (runId: string): string => `perry-ship-0a1b2c3d-${runId}`;

const codeOf = (conclusion: Extract<HubReport, { kind: 'conclusion' }>['conclusion']): string =>
  conclusion.outcome === 'failed' || conclusion.outcome === 'cancelled'
    ? conclusion.failure.code
    : conclusion.outcome;
