import { assign } from 'xstate';
import { signJobSetup } from './setup.ts';
import { begin, faulted, late, step } from './transitions.ts';

export const inspecting = signJobSetup.createStateConfig({
  description: 'The bundle is found, its Info.plist and every Mach-O are read, modes are corrected.',
  invoke: {
    id: 'inspectBundle',
    src: 'inspectBundle',
    input: step,
    onDone: {
      target: 'checkingCredentials',
      actions: assign({ bundle: ({ event }) => event.output }),
    },
    onError: faulted,
  },
  after: { inspectTimeout: late('inspecting the bundle') },
});

export const checkingCredentials = signJobSetup.createStateConfig({
  description: 'Identity, provisioning profile and entitlements are held against the bundle.',
  invoke: {
    id: 'checkCredentials',
    src: 'checkCredentials',
    input: step,
    onDone: [
      { guard: 'isResumable', target: 'recallingArtifact', actions: 'finishStage' },
      { target: 'drawingIcons', actions: 'finishStage' },
    ],
    onError: faulted,
  },
  after: { credentialsTimeout: late('checking the credentials') },
});

export const recallingArtifact = signJobSetup.createStateConfig({
  description: 'Did a previous process sign this job and begin its notarization? Then that file is used.',
  invoke: {
    id: 'recallArtifact',
    src: 'recallArtifact',
    input: step,
    onDone: [
      {
        guard: { type: 'isRecalled', params: ({ event }) => event },
        target: 'checkingArtifact',
        actions: { type: 'keepRecalled', params: ({ event }) => event },
      },
      { target: 'drawingIcons' },
    ],
    onError: 'drawingIcons',
  },
  after: { recallTimeout: 'drawingIcons' },
});

export const drawingIcons = signJobSetup.createStateConfig({
  description: 'The app icon is drawn in every size that the platform wants.',
  entry: begin('generating_assets', 'Generating icons and Info.plist'),
  invoke: {
    id: 'drawIcons',
    src: 'drawIcons',
    input: step,
    onDone: {
      target: 'mergingInfoPlist',
      actions: { type: 'keepCatalog', params: ({ event }) => event },
    },
    onError: faulted,
  },
  after: { iconsTimeout: late('drawing the icons') },
});

export const mergingInfoPlist = signJobSetup.createStateConfig({
  description: 'What the platform wants and the compiler left out is added to Info.plist.',
  invoke: {
    id: 'mergeInfoPlist',
    src: 'mergeInfoPlist',
    input: step,
    onDone: 'awaitingMachine',
    onError: faulted,
  },
  after: { mergeTimeout: late('merging Info.plist') },
});
