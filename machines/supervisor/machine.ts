import {
  and,
  assign,
  type DoneActorEvent,
  type ErrorActorEvent,
  enqueueActions,
  sendTo,
  setup,
} from 'xstate';
import { port } from '../contracts/actors.ts';
import type { HubNews, HubReport } from '../contracts/hub.ts';
import type { Conclusion, JobOutput, JobReport } from '../contracts/job.ts';
import { freeNumber } from '../contracts/numbers.ts';
import type { PoolReport, VmClone } from '../contracts/vm.ts';
import { hubConnectionMachine } from '../hub-connection/machine.ts';
import { type InterruptedJobsEvent, interruptedJobsMachine } from '../interrupted-jobs/machine.ts';
import { signJobMachine } from '../sign-job/machine.ts';
import { vmPoolMachine } from '../vm-pool/machine.ts';
import { lineFull, NO_PLACE, notTaken, runCrashed } from './failures.ts';
import { MAX_WAITING_JOBS, supervisorLimits } from './limits.ts';
import { type ReturnedJob, returns } from './returns.ts';
import {
  actorIdOf,
  change,
  find,
  freePlaces,
  givingWay,
  inNewPlace,
  lostRuns,
  nextInLine,
  openRunOf,
  openRuns,
  type Runs,
  runOfActor,
  sweepIdOf,
} from './runs.ts';

/**
 * The root of the actor system: owns the hub link, starts one sign-job per assignment, and is the only one that
 * counts slots.
 *
 * Promises: nothing is accepted before what an earlier life left has been swept; never more than `maxConcurrent`
 * machines, whatever the hub hands out; a second assignment of a running job is adopted, not started; every
 * assignment ends in one conclusion, or goes back to the hub; no job that was not begun is failed because the daemon
 * ends, as long as the hub can be reached; *drain*, *cancel* and *shutdown* are three different wishes.
 */
export interface SupervisorInput {
  readonly maxConcurrent: number;
  readonly image: string;
  /** Identity of this installation, part of every clone's name, so that a sweep touches only its own. */
  readonly instance: string;
  /** Machines that are booted before a job needs one, where there are free places; 0 for none. */
  readonly standbySize: number;
  /** Jobs that the previous process was killed in and that the hub still counts as running there. */
  readonly interruptedJobIds?: readonly string[];
  /** Jobs that may wait for a slot; `MAX_WAITING_JOBS` when left out. */
  readonly maxWaiting?: number;
}

interface SupervisorContext extends SupervisorInput {
  readonly runs: Runs;
  /** Assignments that came unwanted, until it is known whether the hub took them back. */
  readonly returned: readonly ReturnedJob[];
  readonly leaked: readonly string[];
  /** How often in a row the leaks were looked after. */
  readonly leakSweeps: number;
  /** Standby machines that take a place on the host. */
  readonly standbys: number;
  /** Places that the host refused a machine: out of service for a while. One always stays. */
  readonly quarantined: number;
  readonly concluded: { readonly succeeded: number; readonly failed: number; readonly cancelled: number };
}

export interface SweepRunInput {
  readonly runId: string;
  readonly assignmentIds: readonly string[];
  readonly vmName: string;
}

type RunActorId = `run.${number}`;
type SweepActorId = `sweep.${number}`;
type SupervisorEvent =
  | HubNews
  | JobReport
  | PoolReport
  | { type: 'leaks.noticed' }
  | { type: 'place.refused' }
  | { type: 'job.returned' }
  /** The hub did not take this one back. */
  | ({ type: 'job.kept' } & ReturnedJob)
  | { type: 'returns.settled' }
  | { type: 'drain.requested' }
  | { type: 'shutdown.requested' }
  | { type: 'job.cancelRequested'; jobId: string }
  | { type: 'sweep.expired'; runId: string }
  | DoneActorEvent<JobOutput, RunActorId>
  | ErrorActorEvent<unknown, RunActorId>
  | DoneActorEvent<void, SweepActorId>
  | ErrorActorEvent<unknown, SweepActorId>;

type Ended = { context: SupervisorContext; event: { actorId: string } };
const brokenRun = ({ context, event }: Ended) => ({
  runId: runOfActor(context.runs, event.actorId)?.runId ?? '',
});
const sweptRun = (ended: Ended) => ({ ...brokenRun(ended), leakedVm: null });
const resistingRun = (ended: Ended) => {
  const { runId } = brokenRun(ended);
  return { runId, leakedVm: vmOf(ended.context, runId) };
};

const newsOf = ({ event }: { event: InterruptedJobsEvent }) => ({ news: event });

export const supervisorMachine = setup({
  types: {
    input: {} as SupervisorInput,
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    children: {} as { hub: 'hubConnection'; pool: 'vmPool'; interruptedJobs: 'interruptedJobs' } & Record<
      RunActorId,
      'signJob'
    > &
      Record<SweepActorId, 'sweepRun'>,
  },
  actors: {
    hubConnection: hubConnectionMachine,
    interruptedJobs: interruptedJobsMachine,
    signJob: signJobMachine,
    vmPool: vmPoolMachine,
    /** Destroys what earlier lives left; answers with the clones that resisted. */
    sweepLeftovers: port<readonly string[], { instance: string }>('sweepLeftovers'),
    /** Tries again to delete clones that leaked; answers with those that are gone now. */
    sweepLeaks: port<readonly string[], { names: readonly string[] }>('sweepLeaks'),
    /** Which of these assignments does the hub believe to run here? */
    probeReturned: port<readonly string[], { assignmentIds: readonly string[] }>('probeReturned'),
    /** What a crashed run left: its machine, its directory, its secrets. */
    sweepRun: port<void, SweepRunInput>('sweepRun'),
  },
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
        const assignmentIds = [...run.assignmentIds, params.assignmentId];
        enqueue.assign({ runs: change(context.runs, run.runId, { assignmentIds, claim: 'held' }) });
        enqueue.sendTo(run.ref, { type: 'job.adopted', assignmentId: params.assignmentId });
      },
    ),
    joinLine: assign({
      runs: ({ context }, params: { runId: string }) =>
        change(context.runs, params.runId, { phase: 'waiting' }),
    }),
    /** Slots go to the first in line; those who moved up hear their place. */
    grantSlots: enqueueActions(({ context, enqueue }) => {
      const places = context.maxConcurrent - context.quarantined;
      const next = nextInLine(context.runs, places);
      const granted = next.reduce(
        (all, { runId }) => change(all, runId, { phase: 'working', holdsSlot: true }),
        context.runs,
      );
      const moved = inNewPlace(granted);
      const runs = moved.reduce(
        (all, { runId, position }) => change(all, runId, { toldPosition: position }),
        granted,
      );
      enqueue.assign({ runs });
      const free = freePlaces(runs, places);
      for (const { runId } of next) enqueue.sendTo('pool', { type: 'machine.requested', runId, free });
      enqueue.sendTo('pool', { type: 'pool.resized', free });
      for (const { jobId, position } of moved)
        enqueue.sendTo('hub', noteOf(jobId, { kind: 'queued', position }));
    }),
    holdClaim: enqueueActions(({ context, enqueue }, params: { runId: string; jobId: string }) => {
      enqueue.assign({ runs: change(context.runs, params.runId, { claim: 'held' }) });
      enqueue.sendTo('hub', { type: 'hub.claimConfirmed', jobId: params.jobId });
    }),
    loseClaim: assign({
      runs: ({ context }, params: { runId: string }) => change(context.runs, params.runId, { claim: 'lost' }),
    }),
    /** Runs whose job the hub took back let those have their slots who wait for one. */
    clearSlots: enqueueActions(({ context, enqueue }) => {
      for (const { ref } of givingWay(context.runs, context.maxConcurrent - context.quarantined))
        enqueue.sendTo(ref, { type: 'job.giveWayRequested' });
    }),
    /** A job that the hub took back is not waited for any more. */
    endLostRuns: enqueueActions(({ context, enqueue }) => {
      for (const { ref } of lostRuns(context.runs)) enqueue.sendTo(ref, { type: 'job.giveWayRequested' });
    }),
    /** The host runs fewer machines than it should: the next jobs wait in line instead of failing like this one. */
    quarantinePlace: enqueueActions(({ context, enqueue }, params: { output: JobOutput }) => {
      if (params.output.failure?.code !== NO_PLACE) return;
      enqueue.assign({ quarantined: Math.min(context.quarantined + 1, context.maxConcurrent - 1) });
      enqueue.raise({ type: 'place.refused' });
    }),
    restorePlaces: assign({ quarantined: 0 }),
    /** The run starts, with the standby machine that was handed over, or with none. */
    equipRun: enqueueActions(
      ({ context, enqueue }, params: Extract<PoolReport, { type: 'pool.answered' }>) => {
        const { runId, vm } = params;
        const run = openRuns(context.runs).find((each) => each.runId === runId);
        if (run) {
          enqueue.assign({ runs: change(context.runs, run.runId, { handedVm: vm?.name ?? null }) });
          enqueue.sendTo(run.ref, vm ? { type: 'slot.granted', vm } : { type: 'slot.granted' });
        } else if (vm) {
          enqueue.assign({ leaked: [...context.leaked, vm.name] });
          enqueue.raise({ type: 'leaks.noticed' });
        }
      },
    ),
    withdrawRequest: sendTo('pool', (_, params: { runId: string }) => ({
      type: 'machine.withdrawn',
      runId: params.runId,
    })),
    noteStandbys: assign({ standbys: (_, params: { standbys: number }) => params.standbys }),
    closePool: sendTo('pool', { type: 'pool.closing' }),
    passNote: sendTo('hub', (_, params: Extract<JobReport, { type: 'job.noted' }>) =>
      noteOf(params.jobId, params.note),
    ),
    passConclusion: enqueueActions(
      ({ context, enqueue }, params: Extract<JobReport, { type: 'job.concluded' }>) => {
        const { runId, jobId, assignmentId, conclusion } = params;
        enqueue.assign({
          runs: change(context.runs, runId, { phase: 'concluded' }),
          concluded: {
            ...context.concluded,
            [conclusion.outcome]: context.concluded[conclusion.outcome] + 1,
          },
        });
        enqueue.sendTo('hub', conclusionOf(jobId, assignmentId, conclusion));
      },
    ),
    noteDropped: enqueueActions(({ context, enqueue }, params: { runId: string; jobId: string }) => {
      enqueue.assign({ runs: change(context.runs, params.runId, { phase: 'concluded' }) });
      enqueue.sendTo('hub', { type: 'hub.jobDropped', jobId: params.jobId });
    }),
    /** The link is closed: the hub takes its last assignment back, and hands out no more on the next link. */
    returnAssignment: enqueueActions(({ context, enqueue }, { jobId, assignmentId }: ReturnedJob) => {
      enqueue.assign({ returned: [...context.returned, { jobId, assignmentId }] });
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
    forgetReturned: assign({ returned: [] }),
    confirmKept: sendTo('hub', (_, params: { jobId: string }) => ({
      type: 'hub.claimConfirmed',
      jobId: params.jobId,
    })),
    closeIntake: sendTo('hub', { type: 'hub.intakeClosed' }),
    refuseAssignment: sendTo(
      'hub',
      (_, params: { jobId: string; assignmentId: string; failure: Conclusion }) =>
        conclusionOf(params.jobId, params.assignmentId, params.failure),
    ),
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
    /** The slot stays taken until what the run left is swept away: its machine may still be alive. */
    buryRun: enqueueActions(({ context, enqueue }, params: { runId: string }) => {
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
          vmName: vmOf(context, runId),
        },
      });
      enqueue.raise({ type: 'sweep.expired', runId }, { delay: 'sweepTimeout', id: sweepIdOf(run) });
    }),
    answerForRun: enqueueActions(({ context, enqueue }, params: { runId: string }) => {
      const run = find(context.runs, params.runId);
      if (!run || run.phase === 'concluded') return;
      enqueue.assign({ concluded: { ...context.concluded, failed: context.concluded.failed + 1 } });
      const assignmentId = run.assignmentIds.at(-1) ?? run.runId;
      const conclusion = { outcome: 'failed', failure: runCrashed, stage: null } as const;
      enqueue.sendTo('hub', conclusionOf(run.jobId, assignmentId, conclusion));
    }),
    endSweep: enqueueActions(({ context, enqueue }, params: { runId: string }) => {
      const run = find(context.runs, params.runId);
      if (!run) return;
      enqueue.stopChild(sweepIdOf(run));
      enqueue.cancel(sweepIdOf(run));
    }),
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
    closeHub: sendTo('hub', { type: 'hub.closeRequested' }),
    tellInterruptedJobs: sendTo(
      'interruptedJobs',
      (_, params: { news: InterruptedJobsEvent }) => params.news,
    ),
  },
  guards: {
    isOpenRun: ({ context }, params: { jobId: string }) =>
      openRunOf(context.runs, params.jobId) !== undefined,
    lineIsFull: ({ context }) =>
      openRuns(context.runs).length >= context.maxConcurrent + (context.maxWaiting ?? MAX_WAITING_JOBS),
    isIdle: ({ context }) => context.runs.length === 0 && context.standbys === 0,
    nothingReturned: ({ context }) => context.returned.length === 0,
    hasLeaks: ({ context }) => context.leaked.length > 0,
  },
  delays: { ...supervisorLimits },
}).createMachine({
  id: 'supervisor',
  description: 'Owns the hub link, starts one sign-job per assignment, counts the slots.',
  context: ({ input }) => ({
    ...input,
    runs: [],
    returned: [],
    leaked: [],
    leakSweeps: 0,
    standbys: 0,
    quarantined: 0,
    concluded: { succeeded: 0, failed: 0, cancelled: 0 },
  }),
  initial: 'sweeping',
  states: {
    sweeping: {
      description: 'Clones and run directories that an earlier life left are destroyed, only our own.',
      invoke: {
        id: 'sweepLeftovers',
        src: 'sweepLeftovers',
        input: ({ context }) => ({ instance: context.instance }),
        onDone: {
          target: 'serving',
          actions: { type: 'noteLeaks', params: ({ event }) => ({ names: event.output }) },
        },
        onError: 'blinded',
      },
      on: { 'shutdown.requested': 'stopped', 'drain.requested': 'stopped' },
      after: { sweepTimeout: 'blinded' },
    },
    blinded: {
      description:
        'It could not be seen what an earlier life left: machines of it may run, so no job is taken yet.',
      on: { 'shutdown.requested': 'stopped', 'drain.requested': 'stopped' },
      after: { sweepPause: 'sweeping' },
    },

    serving: {
      description: 'The link and the work, side by side.',
      type: 'parallel',
      invoke: [
        {
          id: 'hub',
          src: 'hubConnection',
          input: ({ self }) => ({ owner: self }),
          onDone: 'stopped',
          onError: 'stopped',
        },
        {
          id: 'pool',
          src: 'vmPool',
          input: ({ context, self }) => ({
            image: context.image,
            instance: context.instance,
            size: context.standbySize,
            free: context.maxConcurrent,
            owner: self,
          }),
          onError: 'stopped',
        },
      ],
      on: {
        'pool.answered': { actions: { type: 'equipRun', params: ({ event }) => event } },
        'pool.changed': { actions: { type: 'noteStandbys', params: ({ event }) => event } },
        'pool.leaked': { actions: { type: 'noteLeaks', params: ({ event }) => ({ names: [event.name] }) } },
        'job.awaitingSlot': {
          actions: [{ type: 'joinLine', params: ({ event }) => event }, 'grantSlots', 'clearSlots'],
        },
        'job.claimConfirmed': {
          actions: [{ type: 'holdClaim', params: ({ event }) => event }, 'grantSlots', 'clearSlots'],
        },
        'job.awaitingReassignment': {
          actions: [{ type: 'loseClaim', params: ({ event }) => event }, 'clearSlots'],
        },
        'job.noted': { actions: { type: 'passNote', params: ({ event }) => event } },
        'job.concluded': {
          actions: [
            { type: 'passConclusion', params: ({ event }) => event },
            { type: 'withdrawRequest', params: ({ event }) => event },
          ],
        },
        'job.dropped': {
          actions: [
            { type: 'noteDropped', params: ({ event }) => event },
            { type: 'withdrawRequest', params: ({ event }) => event },
          ],
        },
        'job.cancelRequested': { actions: { type: 'cancelRun', params: ({ event }) => event } },
        'hub.cancelRequested': { actions: { type: 'cancelRun', params: ({ event }) => event } },
        'hub.jobMalformed': {
          actions: {
            type: 'refuseAssignment',
            params: ({ event }) => ({
              ...event,
              failure: { outcome: 'failed', failure: event.failure, stage: null },
            }),
          },
        },
        'xstate.done.actor.run.*': {
          actions: [
            { type: 'quarantinePlace', params: ({ event }) => event },
            {
              type: 'reclaimUnused',
              params: ({ event }) => ({ runId: event.output.runId, vmName: event.output.vmName }),
            },
            {
              type: 'forgetRun',
              params: ({ event }) => ({ runId: event.output.runId, leakedVm: event.output.leakedVm }),
            },
            'grantSlots',
          ],
        },
        'xstate.error.actor.run.*': {
          actions: [
            { type: 'answerForRun', params: brokenRun },
            { type: 'withdrawRequest', params: brokenRun },
            { type: 'buryRun', params: brokenRun },
          ],
        },
        'xstate.done.actor.sweep.*': {
          actions: [
            { type: 'endSweep', params: sweptRun },
            { type: 'forgetRun', params: sweptRun },
            'grantSlots',
          ],
        },
        'xstate.error.actor.sweep.*': {
          actions: [
            { type: 'endSweep', params: sweptRun },
            { type: 'forgetRun', params: resistingRun },
            'grantSlots',
          ],
        },
        'sweep.expired': {
          actions: [
            { type: 'endSweep', params: ({ event }) => event },
            {
              type: 'forgetRun',
              params: ({ context, event: { runId } }) => ({
                runId,
                leakedVm: vmOf(context, runId),
              }),
            },
            'grantSlots',
          ],
        },
      },
      states: {
        link: {
          description: 'What the hub-connection last said.',
          initial: 'offline',
          on: {
            'hub.linkUp': { target: '.online', actions: 'tellLinkRestored' },
            'hub.linkLost': { target: '.offline', actions: 'tellLinkLost' },
            'hub.refused': '.refused',
          },
          states: {
            offline: { description: 'No link; running jobs go on, their results are kept.' },
            online: { description: 'The hub counts us among its workers.' },
            refused: { description: 'The hub refuses our secret: an operator must set the right one.' },
          },
        },
        work: {
          description: 'Whether new work is taken.',
          initial: 'accepting',
          states: {
            accepting: {
              description: 'Assignments are taken; those beyond the slots wait in line.',
              on: {
                'hub.jobAssigned': [
                  {
                    guard: { type: 'isOpenRun', params: ({ event }) => event },
                    actions: { type: 'adoptAssignment', params: ({ event }) => event },
                  },
                  {
                    guard: 'lineIsFull',
                    actions: {
                      type: 'refuseAssignment',
                      params: ({ event }) => ({
                        ...event,
                        failure: { outcome: 'failed', failure: lineFull, stage: null },
                      }),
                    },
                  },
                  { actions: { type: 'startRun', params: ({ event }) => event } },
                ],
                'drain.requested': { target: 'draining', actions: 'closePool' },
                'shutdown.requested': { target: 'draining', actions: 'closePool' },
              },
            },
            draining: {
              description:
                'No more work is taken; what runs may finish, for a while. What comes goes back to the hub.',
              entry: 'endLostRuns',
              on: {
                'hub.jobAssigned': [
                  {
                    guard: { type: 'isOpenRun', params: ({ event }) => event },
                    actions: { type: 'adoptAssignment', params: ({ event }) => event },
                  },
                  { actions: { type: 'returnAssignment', params: ({ event }) => event } },
                ],
                'job.awaitingReassignment': {
                  actions: [{ type: 'loseClaim', params: ({ event }) => event }, 'endLostRuns'],
                },
                'job.kept': {
                  actions: [
                    { type: 'startRun', params: ({ event }) => event },
                    { type: 'confirmKept', params: ({ event }) => event },
                  ],
                },
                'drain.requested': {},
                'shutdown.requested': 'stopping',
              },
              always: { guard: and(['isIdle', 'nothingReturned']), target: 'closing' },
              after: { drainTimeout: 'stopping' },
            },
            stopping: {
              description:
                'The hub takes back the job that it assigned last; what is left is cancelled and cleaned up.',
              entry: ['closeIntake', 'cancelAllRuns'],
              on: {
                'hub.jobAssigned': { actions: { type: 'returnAssignment', params: ({ event }) => event } },
                'job.kept': {
                  actions: {
                    type: 'refuseAssignment',
                    params: ({ event }) => ({
                      ...event,
                      failure: { outcome: 'failed', failure: notTaken, stage: null },
                    }),
                  },
                },
                'drain.requested': {},
                'shutdown.requested': {},
              },
              always: { guard: and(['isIdle', 'nothingReturned']), target: 'closing' },
              after: { stopTimeout: 'closing' },
            },
            closing: {
              description:
                'The last results are said and the link is closed; one that comes up only now is used for that.',
              entry: 'closeHub',
              on: {
                'hub.linkUp': { guard: 'nothingReturned', actions: 'closeHub' },
                'hub.jobAssigned': { actions: { type: 'returnAssignment', params: ({ event }) => event } },
                'job.kept': {
                  target: 'draining',
                  actions: [
                    { type: 'startRun', params: ({ event }) => event },
                    { type: 'confirmKept', params: ({ event }) => event },
                  ],
                },
                'returns.settled': { actions: 'closeHub' },
                'drain.requested': {},
                'shutdown.requested': {},
              },
              after: { closeTimeout: '#supervisor.stopped' },
            },
          },
        },
        interrupted: {
          description: 'Jobs that the previous process was killed in are answered for.',
          invoke: {
            id: 'interruptedJobs',
            src: 'interruptedJobs',
            input: ({ context }) => ({ jobIds: context.interruptedJobIds ?? [] }),
            onError: {},
          },
          on: {
            'hub.linkUp': { actions: { type: 'tellInterruptedJobs', params: newsOf } },
            'hub.linkLost': { actions: { type: 'tellInterruptedJobs', params: newsOf } },
            'hub.jobAssigned': { actions: { type: 'tellInterruptedJobs', params: newsOf } },
          },
        },
        returns,
        places: {
          description: 'Whether the host runs all the machines that it should.',
          initial: 'open',
          states: {
            open: {
              description: 'Every place is in service.',
              on: { 'place.refused': 'quarantined' },
            },
            quarantined: {
              description: 'The host refused a machine: a place less is used, but never none.',
              on: { 'place.refused': { target: 'quarantined', reenter: true } },
              after: { quarantineTime: { target: 'open', actions: ['restorePlaces', 'grantSlots'] } },
            },
          },
        },
        leaks: {
          description: 'Clones that could not be deleted.',
          initial: 'none',
          states: {
            none: {
              description: 'There are none.',
              always: { guard: 'hasLeaks', target: 'waiting' },
              on: { 'leaks.noticed': 'sweeping' },
            },
            waiting: {
              description: 'A pause, because what holds them may let go; longer with each attempt.',
              on: { 'leaks.noticed': 'sweeping' },
              after: { leakSweepPause: 'sweeping' },
            },
            sweeping: {
              description: 'Tries again to delete them.',
              entry: 'countLeakSweep',
              invoke: {
                id: 'sweepLeaks',
                src: 'sweepLeaks',
                input: ({ context }) => ({ names: context.leaked }),
                onDone: {
                  target: 'none',
                  actions: { type: 'forgetLeaks', params: ({ event }) => ({ names: event.output }) },
                },
                onError: 'none',
              },
              after: { sweepTimeout: 'none' },
            },
          },
        },
      },
    },

    stopped: { description: 'Nothing runs any more; the process may end.', type: 'final' },
  },
});

/** The machine of a run: the standby machine that it was handed, or its own clone. */
function vmOf(context: SupervisorContext, runId: string): string {
  return find(context.runs, runId)?.handedVm ?? vmNameOf(context.instance, runId);
}

/** Parsed back by the driver's side, which refuses to touch any other name. */
function vmNameOf(instance: string, runId: string): string {
  return `perry-ship-${instance}-${runId}`;
}

function noteOf(jobId: string, note: Extract<HubReport, { kind: 'note' }>['note']) {
  return { type: 'hub.report' as const, report: { kind: 'note' as const, jobId, note } };
}

function conclusionOf(jobId: string, assignmentId: string, conclusion: Conclusion) {
  return {
    type: 'hub.report' as const,
    report: { kind: 'conclusion' as const, jobId, assignmentId, conclusion },
  };
}
