import { raise } from 'xstate';
import { signJobSetup } from './setup.ts';
import { step } from './transitions.ts';

/** Region of `engaged`. */
export const claim = signJobSetup.createStateConfig({
  description: 'Whether the hub still counts this job as ours.',
  initial: 'valid',
  states: {
    valid: {
      description: 'The token of the newest assignment is good.',
      on: { 'job.linkLost': 'doubtful' },
    },
    doubtful: {
      description:
        'The link broke, and the hub gives one job of a lost link away: work goes on, nothing is delivered.',
      on: { 'job.adopted': 'valid', 'job.linkRestored': 'asking' },
    },
    asking: {
      description: 'The link is back; the hub is asked whether the token is still good, until it answers.',
      on: { 'job.adopted': 'valid', 'job.linkLost': 'doubtful' },
      // without an answer the job is taken to be ours: the next transfer shows whether that is so
      after: { claimTimeout: { target: 'valid', actions: 'tellClaimConfirmed' } },
      initial: 'probing',
      states: {
        probing: {
          description: 'One question.',
          invoke: {
            id: 'probeClaim',
            src: 'probeClaim',
            input: step,
            onDone: [
              {
                guard: { type: 'isOpen', params: ({ event }) => ({ state: event.output }) },
                target: '#signJob.engaged.claim.valid',
                actions: 'tellClaimConfirmed',
              },
              { target: '#signJob.engaged.claim.awaitingReassignment' },
            ],
            onError: 'pausing',
          },
        },
        pausing: {
          description: 'The hub gave no clear answer; it may have just been started.',
          after: { claimPause: 'probing' },
        },
      },
    },
    awaitingReassignment: {
      description:
        'The job is queued again, or forgotten; the hub may hand it to us once more, unless the slot is needed.',
      entry: 'tellAwaitingReassignment',
      on: { 'job.adopted': 'valid', 'job.linkLost': 'doubtful', 'job.giveWayRequested': 'expired' },
      after: { reassignmentTimeout: 'expired' },
    },
    expired: {
      description: 'Somebody else has the job.',
      entry: raise({ type: 'claim.expired' }),
    },
  },
});
