import { assign, sendTo, setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import { errorOf } from '../contracts/attempts.ts';
import { type Failure, failureOf } from '../contracts/failure.ts';
import type { VmClone, VmOutput, VmReport } from '../contracts/vm.ts';
import { vmLifecycleMachine } from '../vm-lifecycle/machine.ts';
import { imageCheckLimits } from './limits.ts';

/**
 * The trial of one golden image: a clone is booted as for a job, asked, and destroyed.
 *
 * Promises: it ends only when the clone is gone or known to have leaked; a wish to cancel is heard in every state.
 */
export interface ImageCheckInput {
  readonly vm: VmClone;
}

export interface ImageCheckOutput {
  /** What kept the guest from being asked, or from answering in time. */
  readonly failure: Failure | null;
  readonly isCancelled: boolean;
  /** Name of the clone that could not be deleted, if any. */
  readonly leakedVm: string | null;
}

type ImageCheckContext = ImageCheckInput & ImageCheckOutput;
type ImageCheckEvent = VmReport | { type: 'cancel.requested' };

export const imageCheckMachine = setup({
  types: {
    input: {} as ImageCheckInput,
    context: {} as ImageCheckContext,
    events: {} as ImageCheckEvent,
    output: {} as ImageCheckOutput,
    children: {} as { trial: 'trialVm' },
  },
  actors: {
    trialVm: vmLifecycleMachine,
    /** Asks the questions, each of which may have a bad answer; fails only when none can be asked. */
    examineGuest: port<void, { vmName: string }>('examineGuest'),
  },
  actions: {
    cancel: assign({ isCancelled: true }),
    fail: assign({
      failure: ({ context }, params: { failure: Failure }) => context.failure ?? params.failure,
    }),
    releaseTrial: sendTo('trial', { type: 'vm.releaseRequested' }),
    noteEnd: assign({
      failure: ({ context }, params: { output: VmOutput }) => context.failure ?? params.output.failure,
      leakedVm: (_, params: { output: VmOutput }) =>
        params.output.outcome === 'leaked' ? params.output.name : null,
    }),
    noteDefect: assign({ leakedVm: ({ context }) => context.vm.name }),
  },
  delays: { ...imageCheckLimits },
}).createMachine({
  id: 'imageCheck',
  description: 'One golden image, tried by a clone that is booted, asked, and destroyed.',
  context: ({ input }) => ({ ...input, failure: null, isCancelled: false, leakedVm: null }),
  output: ({ context: { failure, isCancelled, leakedVm } }) => ({ failure, isCancelled, leakedVm }),
  initial: 'trying',
  states: {
    trying: {
      description: 'The clone exists, from before it is made until it is gone.',
      invoke: {
        id: 'trial',
        src: 'trialVm',
        input: ({ context, self }) => ({ ...context.vm, owner: self }),
        onDone: { target: 'ended', actions: { type: 'noteEnd', params: ({ event }) => event } },
        onError: {
          target: 'ended',
          actions: [{ type: 'fail', params: errorOf }, 'noteDefect'],
        },
      },
      on: {
        'cancel.requested': { target: '.releasing', actions: 'cancel' },
        'vm.lost': { target: '.releasing', actions: { type: 'fail', params: ({ event }) => event } },
      },
      initial: 'booting',
      states: {
        booting: {
          description: 'Until the clone lets us in.',
          on: { 'vm.ready': 'examining' },
        },
        examining: {
          description: 'The guest is asked.',
          invoke: {
            id: 'examineGuest',
            src: 'examineGuest',
            input: ({ context }) => ({ vmName: context.vm.name }),
            onDone: 'releasing',
            onError: {
              target: 'releasing',
              actions: { type: 'fail', params: errorOf },
            },
          },
          after: {
            examineTimeout: {
              target: 'releasing',
              actions: { type: 'fail', params: () => ({ failure: answersTooSlowly() }) },
            },
          },
        },
        releasing: {
          description: 'The clone has served its purpose: it is powered off and deleted.',
          entry: 'releaseTrial',
          on: { 'cancel.requested': { actions: 'cancel' }, 'vm.lost': {} },
        },
      },
    },
    ended: { description: 'The clone is gone, or named as leaked.', type: 'final' },
  },
});

const answersTooSlowly = (): Failure =>
  failureOf({
    kind: 'host',
    code: 'VM_TIMED_OUT',
    summary: 'The guest did not answer all questions in time.',
    reason: 'It booted and let us in, and some small commands did not end before their deadline.',
    nextStep: 'Look what keeps this host busy, and try again.',
    retryable: true,
  });
