import { notarizedPass } from './context.ts';
import { signJobSetup } from './setup.ts';
import { faulted, inGuest, late, MACHINE_NOT_NEEDED, stepAbout } from './transitions.ts';

const guestStep = inGuest(stepAbout(notarizedPass));

export const updatingBundle = signJobSetup.createStateConfig({
  description: 'The machine gets the ticket of the app, or the whole app when it is another machine.',
  invoke: {
    id: 'updateBundle',
    src: 'updateBundle',
    input: guestStep,
    onDone: 'packagingAnew',
    onError: faulted,
  },
  after: { transferTimeout: late('copying the stapled app into the virtual machine') },
});

export const packagingAnew = signJobSetup.createStateConfig({
  description: 'The artifact is made once more, with the stapled app in it, and signed.',
  invoke: {
    id: 'packageAnew',
    src: 'packageArtifact',
    input: guestStep,
    onDone: {
      target: 'checkingRemade',
      actions: { type: 'replaceArtifact', params: ({ event }) => event },
    },
    onError: faulted,
  },
  after: { packageTimeout: late('packaging') },
});

export const checkingRemade = signJobSetup.createStateConfig({
  description: 'The new artifact is read back as a stranger would read it.',
  invoke: {
    id: 'checkRemade',
    src: 'checkArtifact',
    input: stepAbout(notarizedPass),
    onDone: { target: 'awaitingClaim', actions: 'finishStage' },
    onError: faulted,
  },
  on: MACHINE_NOT_NEEDED,
  after: { checkTimeout: late('checking the artifact') },
});
