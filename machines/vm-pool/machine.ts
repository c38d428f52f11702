import type { VmOutput } from '../contracts/vm.ts';
import type { VmPoolContext, VmPoolEvent } from './context.ts';
import { vmPoolSetup } from './setup.ts';
import { nameOfActor } from './standbys.ts';

export type { VmPoolInput } from './context.ts';

type Requested = { readonly event: Extract<VmPoolEvent, { type: 'machine.requested' }> };
type Ended = { readonly event: { readonly output: VmOutput } };

const takeRequest = [
  { type: 'noteFree', params: ({ event }: Requested) => event },
  { type: 'noteRequest', params: ({ event }: Requested) => event },
  'serve',
  'reportCount',
] as const;
const forgetEnded = [{ type: 'forgetStandby', params: ended }, 'serve', 'reportCount'] as const;
const forgetBroken = [{ type: 'forgetStandby', params: broken }, 'serve', 'reportCount'] as const;

/** What a standby machine that is lost does to a pool that boots them. */
const recovers = {
  'xstate.done.actor.standby.*': {
    guard: { type: 'wasLost', params: ({ event }: Ended) => event },
    target: 'recovering',
    actions: forgetEnded,
  },
  'xstate.error.actor.standby.*': { target: 'recovering', actions: forgetBroken },
} as const;

/**
 * Machines that are booted and connected before a job needs one.
 *
 * Promises: a machine is handed over once and never comes back; it is asked whether it still answers before it is
 * handed over; no more of them boot at once than the host has processors for, and none while a job begins on those; standby
 * machines and those of jobs together are never more than the host may run, because the owner says how many slots are
 * free and a machine keeps its slot until it has ended.
 */
export const vmPoolMachine = vmPoolSetup.createMachine({
  id: 'vmPool',
  description: 'Keeps machines booted and connected while there are free slots, and hands each over once.',
  context: ({ input }) => ({ ...input, standbys: [], requests: [] }),
  on: {
    'machine.requested': { actions: takeRequest },
    'machine.withdrawn': {
      actions: [{ type: 'withdraw', params: ({ event }) => event }, 'shrink', 'serve', 'reportCount'],
    },
    'pool.resized': {
      actions: [{ type: 'noteFree', params: ({ event }) => event }, 'shrink', 'serve', 'reportCount'],
    },
    'pool.closing': { actions: ['keepNone', 'shrink', 'serve', 'reportCount'] },
    'vm.ready': { actions: [{ type: 'noteReady', params: ({ event }) => event }, 'shrink', 'serve'] },
    'vm.lost': { actions: { type: 'noteLost', params: ({ event }) => event } },
    'xstate.done.actor.standby.*': { actions: forgetEnded },
    'xstate.error.actor.standby.*': { actions: forgetBroken },
  },
  initial: 'keeping',
  states: {
    keeping: {
      description: 'As many machines stand by as are wanted and as there are slots for.',
      on: {
        'machine.requested': { guard: 'sparesProcessors', target: 'resting', actions: takeRequest },
        ...recovers,
      },
      always: { guard: 'wantsMore', target: 'naming' },
    },
    resting: {
      description:
        'A job begins, on the same processors: no new machine is booted for a moment; requests are answered.',
      on: recovers,
      after: { refillPause: 'keeping' },
    },
    naming: {
      description: 'The next standby machine gets a name.',
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
      after: { recoveryPause: 'keeping' },
    },
  },
});

function ended({ event }: Ended) {
  return { name: event.output.name, output: event.output };
}

function broken({ context, event }: { context: VmPoolContext; event: { actorId: string } }) {
  return { name: nameOfActor(context.standbys, event.actorId), output: null };
}
