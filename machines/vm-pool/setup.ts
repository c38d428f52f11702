import { assign, enqueueActions, setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import { freeNumber } from '../contracts/numbers.ts';
import type { VmOutput } from '../contracts/vm.ts';
import { vmLifecycleMachine } from '../vm-lifecycle/machine.ts';
import type { StandbyActorId, VmPoolContext, VmPoolEvent, VmPoolInput } from './context.ts';
import { vmPoolLimits } from './limits.ts';
import { bestFor, changeStandby, standbyIdOf, unpromised, unsettled } from './standbys.ts';

/** What the states of the vm-pool are made of. */
export const vmPoolSetup = setup({
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
      unsettled(context.standbys).length < (context.bootsAtOnce ?? Number.POSITIVE_INFINITY) &&
      unpromised(context.standbys).length < Math.min(context.size, context.free),
    sparesProcessors: ({ context }) => context.bootsAtOnce !== undefined,
    wasLost: (_, params: { output: VmOutput }) => params.output.outcome !== 'handedOver',
  },
  delays: { ...vmPoolLimits },
});
