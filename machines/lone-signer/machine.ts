import { assign, emit, sendTo, setup } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import type { AppleIds, Conclusion, JobNote, JobOutput, JobReport } from '../contracts/job.ts';
import type { VmClone } from '../contracts/vm.ts';
import { signJobMachine } from '../sign-job/machine.ts';

/**
 * The owner of one sign-job that came from a person and not from a hub: it grants the slot, passes on what the job
 * says, and ends with it.
 *
 * Promises: ends only when the job's machine is gone or known to have leaked; a wish to cancel reaches the job in
 * every state.
 */
export interface LoneSignerInput {
  readonly runId: string;
  readonly jobId: string;
  readonly vm: VmClone;
}

export interface LoneSignerOutput {
  readonly conclusion: Conclusion | null;
  /** Name of the clone that could not be deleted, if any. */
  readonly leakedVm: string | null;
  readonly atApple: AppleIds | null;
  /** Set when the job broke instead of ending. */
  readonly failure: Failure | null;
}

type LoneSignerContext = LoneSignerInput & LoneSignerOutput;
type LoneSignerEvent = JobReport | { type: 'cancel.requested' };

/** What the job says on its way, for whoever shows it. */
export type LoneSignerNote = { type: 'noted'; note: JobNote };

export const loneSignerMachine = setup({
  types: {
    input: {} as LoneSignerInput,
    context: {} as LoneSignerContext,
    events: {} as LoneSignerEvent,
    emitted: {} as LoneSignerNote,
    output: {} as LoneSignerOutput,
    children: {} as { job: 'signJob' },
  },
  actors: { signJob: signJobMachine },
  actions: {
    grantSlot: sendTo('job', { type: 'slot.granted' }),
    cancelJob: sendTo('job', { type: 'job.cancelRequested', why: 'user' }),
    showNote: emit((_, params: { note: JobNote }) => ({ type: 'noted', note: params.note })),
    keepConclusion: assign({ conclusion: (_, params: { conclusion: Conclusion }) => params.conclusion }),
    keepOutput: assign({
      leakedVm: (_, params: { output: JobOutput }) => params.output.leakedVm,
      atApple: (_, params) => params.output.atApple,
    }),
    keepFailure: assign({
      failure: (_, params: { failure: Failure }) => params.failure,
      leakedVm: ({ context }) => context.vm.name,
    }),
  },
}).createMachine({
  id: 'loneSigner',
  description: 'One bundle, one person, no hub: the same sign-job, with everything it needs granted at once.',
  context: ({ input }) => ({ ...input, conclusion: null, leakedVm: null, atApple: null, failure: null }),
  output: ({ context: { conclusion, leakedVm, atApple, failure } }) => ({
    conclusion,
    leakedVm,
    atApple,
    failure,
  }),
  initial: 'signing',
  states: {
    signing: {
      description: 'The job runs; its own deadlines are the only ones.',
      invoke: {
        id: 'job',
        src: 'signJob',
        input: ({ context: { runId, jobId, vm }, self }) => ({ runId, jobId, vm, owner: self }),
        onDone: { target: 'ended', actions: { type: 'keepOutput', params: ({ event }) => event } },
        onError: { target: 'ended', actions: { type: 'keepFailure', params: errorOf } },
      },
      on: {
        'job.awaitingSlot': { actions: 'grantSlot' },
        'job.noted': { actions: { type: 'showNote', params: ({ event }) => event } },
        'job.concluded': { actions: { type: 'keepConclusion', params: ({ event }) => event } },
        'job.dropped': {},
        'cancel.requested': { actions: 'cancelJob' },
      },
    },
    ended: { description: 'The job is over, and so is its machine.', type: 'final' },
  },
});
