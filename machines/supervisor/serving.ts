import { ability } from './ability.ts';
import { capacity } from './capacity.ts';
import { vmOf } from './context.ts';
import { leaks } from './leaks.ts';
import { returns } from './returns.ts';
import { supervisorSetup } from './setup.ts';
import { hubSlotsOf, standbySlotsOf } from './slot-actions.ts';
import { slots } from './slots.ts';
import { brokenRun, joining, newsOf, resistingRun, sweptRun } from './transitions.ts';
import { work } from './work.ts';

export const serving = supervisorSetup.createStateConfig({
  description: 'The link and the work, side by side.',
  type: 'parallel',
  invoke: [
    {
      id: 'hub',
      src: 'hubConnection',
      input: ({ context, self }) => ({ owner: self, slots: hubSlotsOf(context) }),
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
        free: standbySlotsOf(context),
        bootsAtOnce: context.bootsAtOnce,
        owner: self,
      }),
      onError: 'stopped',
    },
  ],
  on: {
    'pool.answered': { actions: { type: 'equipRun', params: ({ event }) => event } },
    'pool.changed': { actions: { type: 'noteStandbys', params: ({ event }) => event } },
    'pool.leaked': {
      actions: [{ type: 'noteLeaks', params: ({ event }) => ({ names: [event.name] }) }, 'grantSlots'],
    },
    'job.awaitingSlot': { actions: joining },
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
        { type: 'suspectObstacle', params: ({ event }) => event },
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
      actions: { type: 'refuseAssignment', params: ({ event }) => event },
    },
    'xstate.done.actor.run.*': {
      actions: [
        { type: 'quarantineSlot', params: ({ event }) => event },
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
        { type: 'reportCrashedRun', params: brokenRun },
        { type: 'withdrawRequest', params: brokenRun },
        { type: 'sweepCrashedRun', params: brokenRun },
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
    work,
    interrupted: {
      description: 'Jobs that the previous process was killed in are answered for.',
      invoke: {
        id: 'interruptedJobs',
        src: 'interruptedJobs',
        input: ({ context, self }) => ({
          jobIds: context.interruptedJobIds ?? [],
          unsureIds: context.unsureJobIds ?? [],
          owner: self,
        }),
        onError: { actions: 'forgetInterrupted' },
      },
      on: {
        'interrupted.answered': { actions: 'forgetInterrupted' },
        'hub.linkUp': { actions: { type: 'tellInterruptedJobs', params: newsOf } },
        'hub.linkLost': { actions: { type: 'tellInterruptedJobs', params: newsOf } },
        'hub.jobAssigned': { actions: { type: 'tellInterruptedJobs', params: newsOf } },
      },
    },
    returns,
    slots,
    capacity,
    ability,
    leaks,
  },
});
