import { assign, enqueueActions, sendTo } from 'xstate';
import type { JobOutput } from '../contracts/job.ts';
import type { PoolReport } from '../contracts/vm.ts';
import { supervisorBase } from './base.ts';
import type { SupervisorContext } from './context.ts';
import { SLOT_REFUSED } from './failures.ts';
import { noteOf } from './hub-reports.ts';
import {
  change,
  freeSlots,
  givingWay,
  lostRuns,
  movedInLine,
  nextInLine,
  openRuns,
  waiting,
} from './runs.ts';

type Slots = Pick<SupervisorContext, 'maxConcurrent' | 'quarantined' | 'room' | 'followsRoom' | 'leaked'>;

/** Room is what hosts have for all machines of ours, and one that could not be deleted is still there. */
export const hubSlotsOf = ({ maxConcurrent, followsRoom, leaked }: Omit<Slots, 'quarantined'>): number =>
  Math.max(0, maxConcurrent - (followsRoom ? leaked.length : 0));

const slotsOf = (context: Slots): number => Math.max(0, hubSlotsOf(context) - context.quarantined);

/** A standby machine takes nobody's place: those that are too many for the hosts go. */
export const standbySlotsOf = (context: Slots): number =>
  Math.max(0, Math.min(slotsOf(context), (context.room ?? Infinity) - context.leaked.length));

/** One slot always stays. */
const quarantinable = (wanted: number, maxConcurrent: number): number =>
  Math.max(0, Math.min(wanted, maxConcurrent - 1));

/** The line of waiting runs, the slots, and the machines that go with them. */
export const withSlots = supervisorBase.extend({
  actions: {
    joinLine: assign({
      runs: ({ context }, params: { runId: string }) =>
        change(context.runs, params.runId, { phase: 'waiting' }),
    }),
    /** Slots go to the first in line, unless every job would fail; those who moved up hear their position. */
    grantSlots: enqueueActions(({ context, enqueue }) => {
      const slots = context.obstacles.length > 0 ? 0 : slotsOf(context);
      const next = nextInLine(context.runs, slots);
      const granted = next.reduce(
        (all, { runId }) => change(all, runId, { phase: 'working', holdsSlot: true }),
        context.runs,
      );
      const moved = movedInLine(granted);
      const runs = moved.reduce(
        (all, { runId, position }) => change(all, runId, { toldPosition: position }),
        granted,
      );
      enqueue.assign({ runs });
      const free = freeSlots(runs, standbySlotsOf(context));
      for (const { runId } of next) enqueue.sendTo('pool', { type: 'machine.requested', runId, free });
      enqueue.sendTo('pool', { type: 'pool.resized', free });
      for (const { jobId, position } of moved)
        enqueue.sendTo('hub', noteOf(jobId, { kind: 'queued', position }));
    }),
    /** Nobody waits at the end of the daemon for what may last for days: what has no slot goes back to the hub. */
    returnHindered: enqueueActions(({ context, enqueue }) => {
      if (context.obstacles.length === 0) return;
      for (const { ref } of waiting(context.runs))
        enqueue.sendTo(ref, { type: 'job.cancelRequested', why: 'shutdown' });
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
      for (const { ref } of givingWay(context.runs, slotsOf(context)))
        enqueue.sendTo(ref, { type: 'job.giveWayRequested' });
    }),
    /** A job that the hub took back is not waited for any more. */
    endLostRuns: enqueueActions(({ context, enqueue }) => {
      for (const { ref } of lostRuns(context.runs)) enqueue.sendTo(ref, { type: 'job.giveWayRequested' });
    }),
    /** The host runs fewer machines than it should: the next jobs wait in line instead of failing like this one. */
    quarantineSlot: enqueueActions(({ context, enqueue }, params: { output: JobOutput }) => {
      if (params.output.failure?.code !== SLOT_REFUSED) return;
      enqueue.assign({ quarantined: quarantinable(context.quarantined + 1, context.maxConcurrent) });
      enqueue.raise({ type: 'slot.refused' });
    }),
    restoreSlots: assign({ quarantined: 0 }),
    /** The hosts have room for more machines, or for fewer. What runs goes on. */
    noteRoom: enqueueActions(({ context, enqueue }, { slots }: { slots: number }) => {
      enqueue.assign({ room: slots });
      if (!context.followsRoom) return;
      enqueue.assign({ maxConcurrent: slots, quarantined: quarantinable(context.quarantined, slots) });
    }),
    /** One that leaks for a moment is gone before this is said. */
    tellSlots: enqueueActions(({ context, enqueue }) => {
      if (context.followsRoom)
        enqueue.sendTo('hub', { type: 'hub.slotsChanged', slots: hubSlotsOf(context) });
    }),
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
  },
});
