import { and } from 'xstate';
import { artifactOf, notarizedPass, passesOf } from './context.ts';
import { signJobSetup } from './setup.ts';
import {
  begin,
  errorOf,
  FAULT,
  failureIn,
  faulted,
  inGuest,
  late,
  MACHINE_NOT_NEEDED,
  step,
  stepAbout,
} from './transitions.ts';

export const awaitingClaim = signJobSetup.createStateConfig({
  description: 'What cannot be undone is not begun for a job that the hub may have given to somebody else.',
  on: MACHINE_NOT_NEEDED,
  always: [
    {
      guard: and(['claimIsValid', 'mustNotarize', 'mustBeKept']),
      target: 'keepingArtifact',
    },
    { guard: and(['claimIsValid', 'mustNotarize']), target: 'notarizing' },
    { guard: and(['claimIsValid', 'mustPublish', 'isUnsecured']), target: 'delivering' },
    { guard: and(['claimIsValid', 'mustPublish']), target: 'publishing' },
    { guard: 'claimIsValid', target: 'delivering' },
  ],
});

export const keepingArtifact = signJobSetup.createStateConfig({
  description: 'What Apple is about to get is kept: after a restart the worker goes on with this very file.',
  invoke: {
    id: 'keepArtifact',
    src: 'keepArtifact',
    input: step,
    onDone: 'notarizing',
    // a restart would cost a second submission, and nothing else
    onError: 'notarizing',
  },
  on: MACHINE_NOT_NEEDED,
  after: { recallTimeout: 'notarizing' },
});

export const notarizing = signJobSetup.createStateConfig({
  description: 'Apple judges the disk image, and its ticket is stapled; the machine is not needed any more.',
  entry: begin('notarizing', 'Notarizing disk image'),
  invoke: {
    id: 'notarization',
    src: 'notarization',
    input: ({ context, self }) => ({
      runId: context.runId,
      artifact: artifactOf(context, notarizedPass(context)),
      staples: passesOf(context)[notarizedPass(context)]?.staples ?? [],
      owner: self,
    }),
    onDone: [
      {
        guard: { type: 'isAccepted', params: ({ event }) => event },
        target: 'stapled',
        actions: { type: 'keepAccepted', params: ({ event }) => event },
      },
      { target: FAULT, actions: { type: 'keepFailure', params: failureIn } },
    ],
    onError: faulted,
  },
  on: MACHINE_NOT_NEEDED,
  after: { notarizationTimeout: late('the notarization') },
});

export const stapled = signJobSetup.createStateConfig({
  description: 'The disk image carries its ticket.',
  always: [
    { guard: and(['toolchainIsXcode', 'machineIsReady']), target: 'validatingStaple' },
    { target: 'checkingStapled' },
  ],
});

export const validatingStaple = signJobSetup.createStateConfig({
  description:
    "Apple's stapler gives a second opinion, if the machine is still there; without one the job goes on.",
  invoke: {
    id: 'validateStaple',
    src: 'validateStaple',
    input: inGuest(stepAbout(notarizedPass)),
    onDone: 'checkingStapled',
    onError: [
      { guard: { type: 'isTicketRefused', params: errorOf }, ...faulted },
      { target: 'checkingStapled' },
    ],
  },
  on: { 'vm.lost': 'checkingStapled' },
  after: { validateTimeout: 'checkingStapled' },
});

export const checkingStapled = signJobSetup.createStateConfig({
  description: 'The artifact is read back once more: a ticket was added to it.',
  invoke: {
    id: 'checkStapled',
    src: 'checkArtifact',
    input: stepAbout(notarizedPass),
    onDone: { target: 'awaitingClaim', actions: 'finishStage' },
    onError: faulted,
  },
  on: MACHINE_NOT_NEEDED,
  after: { checkTimeout: late('checking the artifact') },
});
