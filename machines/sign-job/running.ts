import { raise } from 'xstate';
import { checkingArtifact, checkingWhileSending } from './checking.ts';
import { delivered, delivering } from './delivering.ts';
import { awaitingProcess, downloading } from './downloading.ts';
import {
  askingForMachine,
  awaitingMachine,
  compilingAssets,
  compilingIcon,
  enteringMachine,
  equipped,
  learningToolchain,
  namingCatalog,
} from './equipping.ts';
import { claimExpired, jobTimedOut, machineAwaitedTooLong } from './failures.ts';
import {
  awaitingClaim,
  checkingStapled,
  keepingArtifact,
  notarizing,
  readyToSubmit,
  restoringApp,
  stapled,
  validatingStaple,
} from './notarizing.ts';
import {
  checkingCredentials,
  drawingIcons,
  inspecting,
  mergingInfoPlist,
  recallingArtifact,
} from './preparing.ts';
import { distributing, publishing } from './publishing.ts';
import { recordingChange, recordingSignature } from './recording.ts';
import { checkingRemade, packagingAnew, updatingBundle } from './remaking.ts';
import { signJobSetup } from './setup.ts';
import {
  beginningPass,
  codesigning,
  embeddingProfile,
  layingOutBundle,
  packaging,
  takingSignatures,
  transferring,
  verifyingSignature,
} from './signing.ts';
import { cancelOf, dropClaim, keep } from './transitions.ts';

/** The way of the bundle through its slot: each state stands in the file of its phase. */
export const running = signJobSetup.createStateConfig({
  description: 'The job has a slot: the bundle is prepared while the machine boots.',
  entry: [raise({ type: 'process.wanted' }), raise({ type: 'machine.wanted' })],
  on: {
    'job.cancelRequested': {
      target: 'reporting',
      actions: { type: 'keepFailure', params: cancelOf },
    },
    'claim.expired': { target: 'dropping', actions: dropClaim(claimExpired) },
    'vm.lost': {
      target: 'reporting',
      actions: { type: 'keepFailure', params: ({ event }) => event },
    },
    'process.lost': {
      target: 'reporting',
      actions: { type: 'keepFailure', params: ({ event }) => event },
    },
    'step.progressed': { actions: { type: 'passProgress', params: ({ event }) => event } },
    'step.logged': { actions: { type: 'passLog', params: ({ event }) => event } },
    'submission.received': { actions: { type: 'keepJudged', params: ({ event }) => event } },
  },
  after: {
    jobTimeout: [
      { guard: 'awaitsMachine', target: 'reporting', actions: keep(machineAwaitedTooLong) },
      { target: 'reporting', actions: keep(jobTimedOut) },
    ],
  },
  initial: 'awaitingProcess',
  states: {
    awaitingProcess,
    downloading,
    inspecting,
    checkingCredentials,
    recallingArtifact,
    drawingIcons,
    mergingInfoPlist,
    awaitingMachine,
    askingForMachine,
    enteringMachine,
    learningToolchain,
    equipped,
    compilingAssets,
    compilingIcon,
    namingCatalog,
    beginningPass,
    layingOutBundle,
    embeddingProfile,
    transferring,
    codesigning,
    takingSignatures,
    verifyingSignature,
    packaging,
    recordingSignature,
    checkingArtifact,
    checkingWhileSending,
    awaitingClaim,
    recordingChange,
    keepingArtifact,
    readyToSubmit,
    restoringApp,
    notarizing,
    stapled,
    updatingBundle,
    packagingAnew,
    checkingRemade,
    validatingStaple,
    checkingStapled,
    publishing,
    delivering,
    delivered,
    distributing,
  },
});
