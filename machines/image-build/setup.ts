import { assign, emit, sendTo, setup } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import type { VmOutput } from '../contracts/vm.ts';
import {
  type ImageBuildContext,
  type ImageBuildEvent,
  type ImageBuildInput,
  type ImageBuildNote,
  type ImageBuildOutput,
  type ImageBuildPhase,
  leakedIn,
} from './context.ts';
import { endedOddly } from './failures.ts';
import { imageBuildLimits } from './limits.ts';
import { imageBuildPorts } from './ports.ts';

/** What the states of the image-build are made of. */
export const imageBuildSetup = setup({
  types: {
    input: {} as ImageBuildInput,
    context: {} as ImageBuildContext,
    events: {} as ImageBuildEvent,
    emitted: {} as ImageBuildNote,
    output: {} as ImageBuildOutput,
    children: {} as { machine: 'buildVm'; trial: 'trialVm' },
  },
  actors: imageBuildPorts,
  actions: {
    tell: emit((_, params: { phase: ImageBuildPhase }) => ({ type: 'began' as const, phase: params.phase })),
    fail: assign({
      failure: ({ context }, params: { failure: Failure }) => context.failure ?? params.failure,
    }),
    cancel: assign({ isCancelled: true }),
    keepMachine: sendTo('machine', { type: 'vm.keepRequested' }),
    releaseMachine: sendTo('machine', { type: 'vm.releaseRequested' }),
    releaseTrial: sendTo('trial', { type: 'vm.releaseRequested' }),
    keepVersion: assign({ osVersion: (_, params: { osVersion: string }) => params.osVersion }),
    keepHostKey: assign({
      hostKeyFingerprint: (_, params: { hostKeyFingerprint: string }) => params.hostKeyFingerprint,
    }),
    noteTrial: assign({ wasTried: true }),
    keepName: assign({ currentName: ({ context }) => context.name }),
    noteEnd: assign({
      leaked: ({ context }, params: { output: VmOutput }) => [...context.leaked, ...leakedIn(params.output)],
      failure: ({ context }, params: { output: VmOutput }) => context.failure ?? params.output.failure,
    }),
    /** Nobody asked it to end so. */
    noteOddEnd: assign({
      failure: ({ context }, params: { output: VmOutput }) =>
        context.failure ?? (context.isCancelled ? null : endedOddly(params.output.outcome)),
    }),
    noteLeak: assign({ leaked: ({ context }) => [...context.leaked, context.currentName] }),
  },
  guards: {
    needsPull: (_, params: { needsPull: boolean }) => params.needsPull,
    installsXcode: ({ context }) => context.installsXcode,
    authorisesKey: ({ context }) => context.authorisesKey,
    wasKept: (_, params: { output: VmOutput }) => params.output.outcome === 'kept',
    isProvisioned: ({ context }) => context.hostKeyFingerprint !== null,
    wasTried: ({ context }) => context.wasTried,
    isUnwanted: ({ context }) => context.isCancelled || context.failure !== null,
    isCancelled: ({ context }) => context.isCancelled && context.failure === null,
  },
  delays: { ...imageBuildLimits },
});
