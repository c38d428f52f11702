import { assign } from 'xstate';
import { claimExpired, queueTimedOut } from './failures.ts';
import { signJobSetup } from './setup.ts';
import { cancelOf, dropClaim, faulted, keep, late, step } from './transitions.ts';

export const admitting = signJobSetup.createStateConfig({
  description: 'Manifest and credentials are parsed and the plan is made.',
  invoke: {
    id: 'admitJob',
    src: 'admitJob',
    input: step,
    onDone: {
      target: 'waitingForSlot',
      actions: assign({
        job: ({ event }) => event.output,
        toolchain: ({ event }) => event.output.toolchain,
      }),
    },
    onError: faulted,
  },
  on: {
    'job.cancelRequested': {
      target: 'reporting',
      actions: { type: 'keepFailure', params: cancelOf },
    },
    'claim.expired': { target: 'dropping', actions: dropClaim(claimExpired) },
  },
  after: { admitTimeout: late('reading the job') },
});

export const waitingForSlot = signJobSetup.createStateConfig({
  description: 'The job is sound; it waits for its turn, because the hub may hand out more than fits.',
  entry: 'reportAwaitingSlot',
  on: {
    'slot.granted': {
      target: 'running',
      actions: assign({ vm: ({ context, event }) => event.vm ?? context.vm }),
    },
    'job.cancelRequested': {
      target: 'reporting',
      actions: { type: 'keepFailure', params: cancelOf },
    },
    'claim.expired': { target: 'dropping', actions: dropClaim(claimExpired) },
  },
  after: { queueTimeout: { target: 'reporting', actions: keep(queueTimedOut) } },
});
