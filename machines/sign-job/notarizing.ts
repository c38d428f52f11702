import { and } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import { subjectNamed } from '../contracts/job.ts';
import { artifactOf, nextStaple, notarizedPass, type SignJobContext, staplesOf } from './context.ts';
import { afterFirstSubmission } from './failures.ts';
import { signJobSetup } from './setup.ts';
import {
  begin,
  FAULT,
  failureIn,
  faulted,
  inGuest,
  late,
  MACHINE_NOT_NEEDED,
  stepAbout,
} from './transitions.ts';

export const awaitingClaim = signJobSetup.createStateConfig({
  description: 'What cannot be undone is not begun for a job that the hub may have given to somebody else.',
  on: MACHINE_NOT_NEEDED,
  always: [
    { guard: 'mustRecord', target: 'recordingChange' },
    {
      guard: and(['claimIsValid', 'mustNotarize', 'mustBeKept']),
      target: 'keepingArtifact',
    },
    { guard: and(['claimIsValid', 'mustNotarize']), target: 'readyToSubmit' },
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
    input: (scope) => ({
      ...stepAbout(notarizedPass)(scope),
      acceptedAs: scope.context.acceptedAs,
    }),
    onDone: 'readyToSubmit',
    // a restart would cost one more submission, and nothing else
    onError: 'readyToSubmit',
  },
  on: MACHINE_NOT_NEEDED,
  after: { recallTimeout: 'readyToSubmit' },
});

export const readyToSubmit = signJobSetup.createStateConfig({
  description: 'An app that gets a ticket of its own has to be on this host as it was signed.',
  always: [{ guard: 'appIsElsewhere', target: 'restoringApp' }, { target: 'notarizing' }],
});

export const restoringApp = signJobSetup.createStateConfig({
  description:
    'The signed app is taken out of its artifact: it was signed before a restart, or the next pass has its place.',
  invoke: {
    id: 'restoreApp',
    src: 'restoreApp',
    input: stepAbout(notarizedPass),
    onDone: 'notarizing',
    onError: faulted,
  },
  on: MACHINE_NOT_NEEDED,
  after: { restoreTimeout: late('reading the signed app') },
});

const subjectOf = (context: SignJobContext): string =>
  subjectNamed(artifactOf(context, notarizedPass(context)).name, nextStaple(context));

/** Which of how many is said where there are several: the user is not to take the first verdict for the last. */
const beginNotarizing = {
  type: 'beginStage',
  params: ({ context }: { context: SignJobContext }) => {
    const [count, index] = [staplesOf(context).length, context.acceptedAs.length];
    const which = count > 1 ? `, submission ${index + 1} of ${count}` : '';
    return { name: 'notarizing' as const, message: `Notarizing ${subjectOf(context)}${which}` };
  },
} as const;

/** The user sees the second packaging begin; this says why. */
const tellAnew = {
  type: 'passLog',
  params: ({ context }: { context: SignJobContext }) => ({
    line: `Apple accepted the app, and its ticket is in it. It is packed anew with that${nextStaple(context) ? ', and Apple judges the new disk image as well' : ''}.`,
  }),
} as const;

/** When the second of two was not accepted, the first was: nobody is to look for the fault in the app. */
const ofSubmission = ({
  context,
  event,
}: {
  context: SignJobContext;
  event: { output: { failure: Failure | null } };
}): { failure: Failure } => {
  const { failure } = failureIn({ event });
  const [first] = context.acceptedAs;
  return { failure: first === undefined ? failure : afterFirstSubmission(failure, first) };
};

export const notarizing = signJobSetup.createStateConfig({
  description:
    'Apple judges the artifact, and a ticket is stapled: that of the app in it, or its own. No machine is needed for that.',
  entry: beginNotarizing,
  invoke: {
    id: 'notarization',
    src: 'notarization',
    input: ({ context, self }) => ({
      runId: context.runId,
      artifact: artifactOf(context, notarizedPass(context)),
      staples: staplesOf(context).slice(context.acceptedAs.length, context.acceptedAs.length + 1),
      owner: self,
    }),
    onDone: [
      {
        guard: { type: 'isAccepted', params: ({ event }) => event },
        target: 'stapled',
        actions: { type: 'keepAccepted', params: ({ event }) => event },
      },
      { target: FAULT, actions: { type: 'keepFailure', params: ofSubmission } },
    ],
    onError: faulted,
  },
  on: MACHINE_NOT_NEEDED,
  after: { notarizationTimeout: late('the notarization') },
});

export const stapled = signJobSetup.createStateConfig({
  description: 'The disk image carries its ticket, or the app does and is packed anew with it.',
  always: [
    {
      guard: 'appWasStapled',
      target: 'awaitingMachine',
      actions: ['finishStage', begin('packaging', 'Packaging the app anew with its ticket'), tellAnew],
    },
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
