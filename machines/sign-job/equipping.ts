import { and, not, raise } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import type { SignJobContext } from './context.ts';
import { machineStuck, stepTimedOut } from './failures.ts';
import { signJobSetup } from './setup.ts';
import { FAULT, faulted, guestStep, keep, late, step } from './transitions.ts';

/** After its deadline, with what the last attempt has met. */
const enteredInVain = {
  type: 'keepFailure' as const,
  params: ({ context }: { context: SignJobContext }) => ({
    failure: stepTimedOut('logging into the virtual machine', context.rebuff),
  }),
};

export const awaitingMachine = signJobSetup.createStateConfig({
  description: 'Nothing more can be done without the machine, which may still be booting.',
  always: [
    { guard: and(['machineIsGone', 'machineHasLeaked']), target: FAULT, actions: keep(machineStuck) },
    { guard: 'machineIsGone', target: 'askingForMachine' },
    { guard: 'machineIsReady', target: 'enteringMachine' },
  ],
  after: { machineTimeout: late('starting the virtual machine') },
});

export const askingForMachine = signJobSetup.createStateConfig({
  description: 'The machine was lost while Apple judged: it is replaced.',
  entry: raise({ type: 'machine.wanted' }),
  always: { guard: not('machineIsGone'), target: 'awaitingMachine' },
});

export const enteringMachine = signJobSetup.createStateConfig({
  description:
    'The process of the run logs into the machine. No work is in it yet, so this may be tried again.',
  entry: ['resetAttempts', 'forgetRebuff'],
  after: { enterTimeout: { target: FAULT, actions: enteredInVain } },
  initial: 'attempting',
  states: {
    attempting: {
      description:
        'One attempt, with the host key pinned; done at once when the process is logged in already.',
      entry: 'countAttempt',
      invoke: {
        id: 'enterGuest',
        src: 'enterGuest',
        input: guestStep,
        onDone: [
          { guard: 'toolchainIsUnknown', target: '#signJob.engaged.work.running.learningToolchain' },
          { target: '#signJob.engaged.work.running.equipped' },
        ],
        onError: [
          {
            guard: { type: 'mayEnterAgain', params: errorOf },
            target: 'pausing',
            actions: { type: 'noteRebuff', params: errorOf },
          },
          faulted,
        ],
      },
    },
    pausing: { description: 'Backs off before the next attempt.', after: { enterPause: 'attempting' } },
  },
});

export const learningToolchain = signJobSetup.createStateConfig({
  description: "The guest is asked whether it has Apple's tools; some plans need them.",
  invoke: {
    id: 'learnToolchain',
    src: 'learnToolchain',
    input: guestStep,
    onDone: {
      target: 'equipped',
      actions: { type: 'keepToolchain', params: ({ event }) => event },
    },
    onError: faulted,
  },
  after: { toolchainTimeout: late('asking the virtual machine for its tools') },
});

export const equipped = signJobSetup.createStateConfig({
  description: 'The machine is ready, and what it can do is known.',
  always: [
    { guard: 'appWasStapled', target: 'updatingBundle' },
    { guard: and(['hasCatalog', 'toolchainIsXcode']), target: 'compilingAssets' },
    { guard: 'hasCatalog', target: 'compilingIcon' },
    { target: 'beginningPass', actions: 'finishStage' },
  ],
});

export const compilingAssets = signJobSetup.createStateConfig({
  description: 'actool compiles the icon in the guest; the catalog goes into the bundle.',
  invoke: {
    id: 'compileAssets',
    src: 'compileAssets',
    input: guestStep,
    onDone: [
      { guard: { type: 'isCompiled', params: ({ event }) => event }, target: 'namingCatalog' },
      { target: 'compilingIcon' },
    ],
    onError: faulted,
  },
  after: { assetsTimeout: late('compiling the asset catalog') },
});

export const compilingIcon = signJobSetup.createStateConfig({
  description: "The icon is compiled on this host, without Apple's tools; the catalog goes into the bundle.",
  invoke: {
    id: 'compileIcon',
    src: 'compileIcon',
    input: step,
    onDone: 'namingCatalog',
    onError: faulted,
  },
  after: { iconsTimeout: late('compiling the icon') },
});

export const namingCatalog = signJobSetup.createStateConfig({
  description: 'Info.plist is merged once more: now it names the icon in the compiled catalog.',
  invoke: {
    id: 'nameCatalog',
    src: 'mergeInfoPlist',
    input: step,
    onDone: { target: 'beginningPass', actions: 'finishStage' },
    onError: faulted,
  },
  after: { mergeTimeout: late('merging Info.plist') },
});
