import type { JobOutput } from '../contracts/job.ts';
import { admitting, waitingForSlot } from './admission.ts';
import { claim } from './claim.ts';
import { dropping, purging, releasing, reporting, settling } from './ending.ts';
import { runProcess } from './process.ts';
import { running } from './running.ts';
import { signJobSetup } from './setup.ts';
import { machine } from './vm.ts';

export type { SignJobInput } from './context.ts';

/**
 * One assignment from the hub, from its arrival to its one answer and to the last file it left.
 *
 * Five things run side by side: the **work** itself, the **process** that does it on this host, the **machine** that
 * signs, the **claim** (whether the hub still counts the job as ours) and the **pulse** that repeats the stage in long
 * waits.
 *
 * An app that is notarized is submitted to Apple twice, unless it is wanted otherwise: the first verdict gives the app its
 * ticket, and the artifact is made anew with it, signed, and submitted again. That needs the machine once more; one that
 * was lost while Apple judged is replaced.
 *
 * The plan has one pass or two; each signs a fresh copy of the bundle, packs and checks it. Only when all of that has
 * been done does anything go to Apple, so that what can fail here has not cost a submission or a build number. Of two
 * passes the first one's disk image is delivered as soon as it is notarized, so that a refusal of the store does not
 * lose it, and once more at the end: the hub's link to it is good for ten minutes, App Store Connect may think for
 * longer, and the last artifact that was uploaded is the one that counts.
 *
 * Promises: exactly one `job.concluded`, unless the hub gave the job to somebody else (`dropped`); the end of the worker
 * fails no job of which nothing has left this host; every way out releases the machine, ends the process and purges the
 * run's files and secrets; no step waits without a deadline.
 */
export const signJobMachine = signJobSetup.createMachine({
  id: 'signJob',
  description: 'One assignment: prepare, sign in a machine of its own, package, deliver, clean up.',
  context: ({ input }) => ({
    ...input,
    assignmentIds: [input.runId],
    job: null,
    bundle: null,
    toolchain: null,
    hasCatalog: false,
    pass: 0,
    artifacts: [],
    recalledFor: null,
    recorded: [],
    delivered: null,
    acceptedAs: [],
    judgedAs: null,
    publishedAs: null,
    distributedAs: null,
    uploadId: null,
    stage: null,
    attempts: 0,
    rebuff: null,
    attemptedWith: null,
    failure: null,
    leakedVm: null,
  }),
  output: ({ context, event }) => ({
    runId: context.runId,
    jobId: context.jobId,
    outcome: (event as unknown as { output: JobOutput['outcome'] }).output,
    failure: context.failure,
    vmName: context.vm.name,
    leakedVm: context.leakedVm,
    atApple: {
      submissionIds: context.acceptedAs,
      uploadId: context.publishedAs || null,
      buildId: context.distributedAs || null,
    },
  }),
  initial: 'engaged',
  states: {
    engaged: {
      description: 'The run exists: work, process, machine, claim and pulse run side by side.',
      type: 'parallel',
      states: {
        work: {
          description: 'The way of the bundle.',
          initial: 'admitting',
          on: { 'job.adopted': { actions: { type: 'adopt', params: ({ event }) => event } } },
          states: {
            admitting,
            waitingForSlot,
            running,
            reporting,
            dropping,
            releasing,
            purging,
            settling,
          },
        },
        process: runProcess,
        machine,
        claim,
        pulse: {
          description: 'Says the current stage again now and then, as long as there is more to come.',
          initial: 'beating',
          states: {
            beating: {
              description: 'Waits for the next beat.',
              after: {
                pulseInterval: [
                  { guard: 'isRunning', target: 'beating', reenter: true, actions: 'repeatStage' },
                  { target: 'beating', reenter: true },
                ],
              },
            },
          },
        },
      },
    },

    succeeded: { description: 'The artifact was delivered.', type: 'final', output: 'succeeded' },
    failed: { description: 'One clear error was reported.', type: 'final', output: 'failed' },
    cancelled: { description: 'Stopped on request.', type: 'final', output: 'cancelled' },
    dropped: {
      description: 'The job belongs to somebody else; nothing was reported.',
      type: 'final',
      output: 'dropped',
    },
  },
});
