import { and, not } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import { deliveredPass } from './context.ts';
import { reassigned, uploadStalled, uploadUnanswered } from './failures.ts';
import { signJobSetup } from './setup.ts';
import {
  begin,
  DROP,
  dropClaim,
  FAULT,
  faulted,
  keep,
  late,
  MACHINE_NOT_NEEDED,
  stepAbout,
} from './transitions.ts';

/** An upload that stands still is given up and started again, as often as any upload that fails. */
const sayAgain = (failure: Failure) =>
  [
    {
      guard: { type: 'mayTryAgain', params: { failure } },
      target: '#signJob.engaged.work.running.delivering.pausing',
      actions: {
        type: 'passLog',
        params: { line: `${failure.summary} ${failure.reason} It is tried again.` },
      },
    },
    { target: FAULT, actions: keep(failure) },
  ] as const;

export const delivering = signJobSetup.createStateConfig({
  description: 'The artifact goes to the hub as one base64 stream; the machine is not needed any more.',
  entry: ['resetAttempts', begin('uploading', 'Uploading artifact')],
  on: MACHINE_NOT_NEEDED,
  after: { uploadTimeout: late('uploading the artifact') },
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One upload; a second one is harmless, the last one counts.',
      entry: 'countAttempt',
      invoke: {
        id: 'deliverArtifact',
        src: 'deliverArtifact',
        input: stepAbout(deliveredPass),
        onDone: {
          target: '#signJob.engaged.work.running.delivered',
          actions: 'keepDelivered',
        },
        onError: [
          { guard: { type: 'isNotOurs', params: errorOf }, target: 'doubting' },
          { guard: { type: 'mayTryAgain', params: errorOf }, target: 'pausing' },
          faulted,
        ],
      },
      initial: 'beginning',
      states: {
        beginning: {
          description: 'Nothing has left yet; who connects has deadlines of its own.',
          on: { 'step.moved': 'sending', 'step.sent': 'awaitingAnswer' },
          after: { stallTimeout: sayAgain(uploadStalled) },
        },
        sending: {
          description: 'Each piece that leaves starts the wait anew.',
          on: {
            'step.moved': { target: 'sending', reenter: true },
            'step.sent': 'awaitingAnswer',
          },
          after: { stallTimeout: sayAgain(uploadStalled) },
        },
        awaitingAnswer: {
          description: 'Everything has left this process; the hub decodes it before it answers.',
          after: { answerTimeout: sayAgain(uploadUnanswered) },
        },
      },
    },
    pausing: { description: 'Backs off before the next attempt.', after: { retryPause: 'attempting' } },
    doubting: {
      description: 'The hub refuses the token: a newer one, a job on its way back to us, or not ours.',
      always: [
        { guard: 'hasNewerToken', target: 'attempting' },
        { guard: not('claimIsValid'), target: '#signJob.engaged.work.running.awaitingClaim' },
        { target: DROP, actions: dropClaim(reassigned) },
      ],
    },
  },
});

export const delivered = signJobSetup.createStateConfig({
  description: 'The hub took the artifact; if the link was down, it is found out whether under a good token.',
  // should there be more to do, that fails
  on: { ...MACHINE_NOT_NEEDED, 'process.lost': {} },
  always: [
    { guard: 'mustPublish', target: 'awaitingClaim', actions: 'finishStage' },
    { guard: and(['claimIsValid', 'hasNewerToken']), target: 'delivering' },
    { guard: and(['claimIsValid', 'mustDistribute']), target: 'distributing', actions: 'finishStage' },
    {
      guard: 'claimIsValid',
      target: '#signJob.engaged.work.reporting',
      actions: 'finishStage',
    },
  ],
});
