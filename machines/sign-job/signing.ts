import type { SignJobContext } from './context.ts';
import { signJobSetup } from './setup.ts';
import { begin, faulted, guestStep, late, step } from './transitions.ts';

const beginSigning = {
  type: 'beginStage',
  params: ({ context }: { context: SignJobContext }) => ({
    name: 'signing' as const,
    message: `Signing precompiled bundle${context.pass > 0 ? ' for the store' : ''}`,
  }),
} as const;

export const beginningPass = signJobSetup.createStateConfig({
  description: 'One signature over the whole app begins; with two passes, on a fresh copy.',
  entry: beginSigning,
  always: [
    { guard: 'hasSeveralPasses', target: 'layingOutBundle' },
    { guard: 'embedsProfile', target: 'embeddingProfile' },
    { target: 'transferring' },
  ],
});

export const layingOutBundle = signJobSetup.createStateConfig({
  description:
    'The bundle as it is before its first signature is kept for the second pass, which takes it back.',
  invoke: {
    id: 'layOutBundle',
    src: 'layOutBundle',
    input: step,
    onDone: [{ guard: 'embedsProfile', target: 'embeddingProfile' }, { target: 'transferring' }],
    onError: faulted,
  },
  after: { layOutTimeout: late('copying the bundle') },
});

export const embeddingProfile = signJobSetup.createStateConfig({
  description: 'The provisioning profile is written into the bundle: its last change before signing.',
  invoke: {
    id: 'embedProfile',
    src: 'embedProfile',
    input: step,
    onDone: 'transferring',
    onError: faulted,
  },
  after: { embedTimeout: late('embedding the provisioning profile') },
});

export const transferring = signJobSetup.createStateConfig({
  description: 'The bundle goes into the guest as one tar stream.',
  invoke: {
    id: 'transferBundle',
    src: 'transferBundle',
    input: guestStep,
    onDone: 'codesigning',
    onError: faulted,
  },
  after: { transferTimeout: late('copying the bundle into the virtual machine') },
});

export const codesigning = signJobSetup.createStateConfig({
  description: 'rcodesign signs the bundle and all code in it, inside the guest.',
  invoke: {
    id: 'codesign',
    src: 'codesign',
    input: guestStep,
    onDone: 'takingSignatures',
    onError: faulted,
  },
  after: { codesignTimeout: late('signing') },
});

export const takingSignatures = signJobSetup.createStateConfig({
  description:
    'What signing has made, code and seals, travels back; everything else stays as it is on this host.',
  invoke: {
    id: 'takeSignatures',
    src: 'takeSignatures',
    input: guestStep,
    onDone: 'verifyingSignature',
    onError: faulted,
  },
  after: { takeSignaturesTimeout: late('taking the signatures back') },
});

export const verifyingSignature = signJobSetup.createStateConfig({
  description: 'This host checks every seal, while the guest verifies every signed Mach-O.',
  invoke: {
    id: 'verifySignature',
    src: 'verifySignature',
    input: guestStep,
    onDone: { target: 'packaging', actions: 'finishStage' },
    onError: faulted,
  },
  after: { verifyTimeout: late('verifying the signature') },
});

export const packaging = signJobSetup.createStateConfig({
  description: 'The signed bundle becomes an .ipa, or a .dmg or .pkg that is signed as well.',
  entry: begin('packaging', 'Packaging signed bundle'),
  invoke: {
    id: 'packageArtifact',
    src: 'packageArtifact',
    input: guestStep,
    onDone: {
      target: 'recordingSignature',
      actions: { type: 'keepArtifact', params: ({ event }) => event },
    },
    onError: faulted,
  },
  after: { packageTimeout: late('packaging') },
});
