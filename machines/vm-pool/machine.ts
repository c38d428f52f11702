import { assign, type DoneActorEvent, type ErrorActorEvent, enqueueActions, setup } from 'xstate';
import { port, type Recipient } from '../contracts/actors.ts';
import { freeNumber } from '../contracts/numbers.ts';
import type { PoolReport, VmOutput, VmReport } from '../contracts/vm.ts';
import { vmLifecycleMachine } from '../vm-lifecycle/machine.ts';
import { vmPoolLimits } from './limits.ts';
import { bestFor, changeStandby, nameOfActor, type Standbys, standbyIdOf, unpromised } from './standbys.ts';

/**
 * Machines that are booted and connected before a job needs one.
 *
 * Promises: a machine is handed over once and never comes back; it is asked whether it still answers before it is
 * handed over; standby machines and those of jobs together are never more than the host may run, because the
 * owner says how many slots are free and a machine keeps its slot until it has ended.
 */
export interface VmPoolInput {
  readonly image: string;
  /** Identity of this installation, part of every clone's name. */
  readonly instance: string;
  /** Machines to keep, where there are slots. */
  readonly size: number;
  readonly free: number;
  readonly owner: Recipient<PoolReport>;
}

interface VmPoolContext extends VmPoolInput {
  readonly standbys: Standbys;
  /** Runs that wait for an answer, in order. */
  readonly requests: readonly string[];
}

type StandbyActorId = `standby.${number}`;
type VmPoolEvent =
  /** `free`: the slots that are left when this run has its own. */
  | { type: 'machine.requested'; runId: string; free: number }
  | { type: 'machine.withdrawn'; runId: string }
  | { type: 'pool.resized'; free: number }
  /** No more standby machines; requests are answered on. */
  | { type: 'pool.closing' }
  | VmReport
  | DoneActorEvent<VmOutput, StandbyActorId>
  | ErrorActorEvent<unknown, StandbyActorId>;

export const vmPoolMachine = setup({
  types: {
    input: {} as VmPoolInput,
    context: {} as VmPoolContext,
    events: {} as VmPoolEvent,
    children: {} as Record<StandbyActorId, 'vmLifecycle'>,
  },
  actors: {
    vmLifecycle: vmLifecycleMachine,
    /** An unguessable name for the next clone. */
    makeVmName: port<string, { instance: string }>('makeVmName'),
  },
  actions: {
    startStandby: assign({
      standbys: ({ context, spawn, self }, params: { name: string }) => {
        const input = { name: params.name, image: context.image, owner: self };
        const number = freeNumber(context.standbys.map((standby) => standby.number));
        const ref = spawn('vmLifecycle', { id: standbyIdOf({ number }), input });
        return [
          ...context.standbys,
          { name: params.name, number, phase: 'warming' as const, reservedFor: null, ref },
        ];
      },
    }),
    noteRequest: assign({
      requests: ({ context }, params: { runId: string }) => [...context.requests, params.runId],
    }),
    withdraw: assign({
      requests: ({ context }, params: { runId: string }) =>
        context.requests.filter((id) => id !== params.runId),
      standbys: ({ context }, params: { runId: string }) =>
        context.standbys.map((standby) =>
          standby.reservedFor === params.runId ? { ...standby, reservedFor: null } : standby,
        ),
    }),
    noteFree: assign({ free: (_, params: { free: number }) => params.free }),
    keepNone: assign({ size: 0 }),
    /** A machine that has just got ready goes to the run it is promised to, or waits for one. */
    noteReady: enqueueActions(({ context, enqueue }, params: { name: string }) => {
      const standby = context.standbys.find(({ name }) => name === params.name);
      if (!standby || standby.phase === 'leaving') return;
      const phase = standby.reservedFor === null ? 'ready' : 'leaving';
      enqueue.assign({ standbys: changeStandby(context.standbys, standby.name, { phase }) });
      if (phase === 'leaving') enqueue.sendTo(standby.ref, { type: 'vm.handOverRequested' });
    }),
    noteLost: assign({
      standbys: ({ context }, params: { name: string }) =>
        changeStandby(context.standbys, params.name, { phase: 'leaving' }),
    }),
    /** It has ended: handed over, deleted or leaked. A run that was promised a lost one goes first in line. */
    forgetStandby: enqueueActions(
      ({ context, enqueue }, params: { name: string; output: VmOutput | null }) => {
        const { name, output } = params;
        const ended = context.standbys.find((standby) => standby.name === name);
        const runId = ended?.reservedFor ?? null;
        if (ended) enqueue.stopChild(standbyIdOf(ended));
        enqueue.assign({ standbys: context.standbys.filter((standby) => standby.name !== name) });
        if (output?.outcome === 'handedOver')
          enqueue.sendTo(context.owner, {
            type: 'pool.answered',
            runId,
            vm: { name, image: context.image, isBooted: true },
          });
        else {
          if (runId !== null) enqueue.assign({ requests: [runId, ...context.requests] });
          if (output?.outcome !== 'deleted') enqueue.sendTo(context.owner, { type: 'pool.leaked', name });
        }
      },
    ),
    /** The first in line gets the machine that is ready soonest, or is told to make one where there is a slot. */
    serve: enqueueActions(({ context, enqueue }) => {
      let { standbys } = context;
      const unanswered = context.requests.filter((runId) => {
        const best = bestFor(standbys);
        if (best) {
          const phase = best.phase === 'ready' ? 'checking' : best.phase;
          standbys = changeStandby(standbys, best.name, { reservedFor: runId, phase });
          if (phase === 'checking') enqueue.sendTo(best.ref, { type: 'vm.checkRequested' });
          return false;
        }
        if (unpromised(standbys).length > context.free) return true;
        enqueue.sendTo(context.owner, { type: 'pool.answered', runId, vm: null });
        return false;
      });
      enqueue.assign({ standbys, requests: unanswered });
    }),
    /** More than there are slots for: the youngest are let go. */
    shrink: enqueueActions(({ context, enqueue }) => {
      const kept = unpromised(context.standbys).filter(({ phase }) => phase !== 'leaving');
      const surplus = kept.slice(Math.min(context.size, context.free));
      const names = new Set(surplus.map(({ name }) => name));
      for (const { ref } of surplus) enqueue.sendTo(ref, { type: 'vm.releaseRequested' });
      enqueue.assign({
        standbys: context.standbys.map((standby) =>
          names.has(standby.name) ? { ...standby, phase: 'leaving' as const } : standby,
        ),
      });
    }),
    reportCount: enqueueActions(({ context, enqueue }) => {
      enqueue.sendTo(context.owner, { type: 'pool.changed', standbys: context.standbys.length });
    }),
  },
  guards: {
    wantsMore: ({ context }) =>
      context.requests.length === 0 &&
      unpromised(context.standbys).length < Math.min(context.size, context.free),
    wasLost: (_, params: { output: VmOutput }) => params.output.outcome !== 'handedOver',
  },
  delays: { ...vmPoolLimits },
}).createMachine({
  id: 'vmPool',
  description: 'Keeps machines booted and connected while there are free slots, and hands each over once.',
  context: ({ input }) => ({ ...input, standbys: [], requests: [] }),
  on: {
    'machine.requested': {
      actions: [
        { type: 'noteFree', params: ({ event }) => event },
        { type: 'noteRequest', params: ({ event }) => event },
        'serve',
        'reportCount',
      ],
    },
    'machine.withdrawn': {
      actions: [{ type: 'withdraw', params: ({ event }) => event }, 'shrink', 'serve', 'reportCount'],
    },
    'pool.resized': {
      actions: [{ type: 'noteFree', params: ({ event }) => event }, 'shrink', 'serve', 'reportCount'],
    },
    'pool.closing': { actions: ['keepNone', 'shrink', 'serve', 'reportCount'] },
    'vm.ready': { actions: [{ type: 'noteReady', params: ({ event }) => event }, 'shrink', 'serve'] },
    'vm.lost': { actions: { type: 'noteLost', params: ({ event }) => event } },
  },
  initial: 'keeping',
  states: {
    keeping: {
      description: 'As many machines stand by as are wanted and as there are slots for.',
      on: {
        'xstate.done.actor.standby.*': [
          {
            guard: { type: 'wasLost', params: ({ event }) => event },
            target: 'recovering',
            actions: [{ type: 'forgetStandby', params: ended }, 'serve', 'reportCount'],
          },
          { actions: [{ type: 'forgetStandby', params: ended }, 'serve', 'reportCount'] },
        ],
        'xstate.error.actor.standby.*': {
          target: 'recovering',
          actions: [{ type: 'forgetStandby', params: broken }, 'serve', 'reportCount'],
        },
      },
      always: { guard: 'wantsMore', target: 'naming' },
    },
    naming: {
      description: 'The next standby machine gets a name.',
      on: {
        'xstate.done.actor.standby.*': {
          actions: [{ type: 'forgetStandby', params: ended }, 'serve', 'reportCount'],
        },
        'xstate.error.actor.standby.*': {
          actions: [{ type: 'forgetStandby', params: broken }, 'serve', 'reportCount'],
        },
      },
      invoke: {
        id: 'makeVmName',
        src: 'makeVmName',
        input: ({ context }) => ({ instance: context.instance }),
        onDone: [
          {
            guard: 'wantsMore',
            target: 'keeping',
            actions: [
              { type: 'startStandby', params: ({ event }) => ({ name: event.output }) },
              'reportCount',
            ],
          },
          { target: 'keeping' },
        ],
        onError: 'recovering',
      },
      after: { nameTimeout: 'recovering' },
    },
    recovering: {
      description:
        'A standby machine ended before it was used: no new one for a while; requests are answered.',
      on: {
        'xstate.done.actor.standby.*': {
          actions: [{ type: 'forgetStandby', params: ended }, 'serve', 'reportCount'],
        },
        'xstate.error.actor.standby.*': {
          actions: [{ type: 'forgetStandby', params: broken }, 'serve', 'reportCount'],
        },
      },
      after: { recoveryPause: 'keeping' },
    },
  },
});

function ended({ event }: { event: { output: VmOutput } }) {
  return { name: event.output.name, output: event.output };
}

function broken({ context, event }: { context: VmPoolContext; event: { actorId: string } }) {
  return { name: nameOfActor(context.standbys, event.actorId), output: null };
}
