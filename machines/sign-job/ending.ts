import { and, not, raise } from 'xstate';
import { newest } from './context.ts';
import { claimExpired, NOT_OURS } from './failures.ts';
import { signJobSetup } from './setup.ts';
import { dropClaim } from './transitions.ts';

export const reporting = signJobSetup.createStateConfig({
  description:
    'The one answer is given, unless the hub gave the job to somebody else; a job that the end of the worker stops before anything of it has left this host goes back to the hub.',
  // what still goes to the hub when its job is over would come after the answer
  entry: raise({ type: 'process.unwanted' }),
  always: [
    { guard: 'claimIsLost', target: 'dropping', actions: dropClaim(claimExpired) },
    // while the link is down it waits in the outbox, which asks the hub before it is said
    {
      guard: and(['processIsGone', not('claimIsAskedFor')]),
      target: 'releasing',
      actions: 'conclude',
    },
  ],
});

export const dropping = signJobSetup.createStateConfig({
  description: 'Nothing is reported; should the hub hand the job to us again, a new run begins.',
  entry: [raise({ type: 'process.unwanted' }), 'tellDropped'],
  always: 'releasing',
});

export const releasing = signJobSetup.createStateConfig({
  description: 'The machine is let go; the slot stays taken until it is gone.',
  entry: raise({ type: 'machine.unwanted' }),
  on: { 'job.cancelRequested': {} },
  always: { guard: 'machineIsGone', target: 'purging' },
});

export const purging = signJobSetup.createStateConfig({
  description: 'The run directory and every secret of the run are removed.',
  invoke: {
    id: 'purgeRun',
    src: 'purgeRun',
    input: ({ context }) => ({
      runId: context.runId,
      assignmentIds: context.assignmentIds,
      awaitsReceipt: context.failure?.code === NOT_OURS ? null : newest(context),
    }),
    onDone: 'settling',
    onError: 'settling',
  },
  on: { 'job.cancelRequested': {} },
  after: { purgeTimeout: 'settling' },
});

export const settling = signJobSetup.createStateConfig({
  description: 'The outcome decides the final state.',
  always: [
    { guard: 'hasSucceeded', target: '#signJob.succeeded' },
    { guard: 'wasDropped', target: '#signJob.dropped' },
    { guard: 'wasCancelled', target: '#signJob.cancelled' },
    { target: '#signJob.failed' },
  ],
});
