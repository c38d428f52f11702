import { createActor, fromPromise } from 'xstate';
import type { Recipient } from '../../machines/contracts/actors.ts';
import type { VmClone } from '../../machines/contracts/vm.ts';
import { imageBuildLimits } from '../../machines/image-build/limits.ts';
import {
  type ImageBuildInput,
  type ImageBuildOutput,
  type ImageBuildPhase,
  imageBuildMachine,
} from '../../machines/image-build/machine.ts';
import type { GuestOfBuild, HostSurvey } from '../../machines/image-build/ports.ts';
import { createNameLocks } from './name-locks.ts';
import { untilEnds } from './until-ends.ts';
import { provideVmLifecycle, type VmServices } from './vm-lifecycle.ts';

interface NamedImage {
  /** Name of the machine that becomes the image. */
  readonly vmName: string;
  readonly name: string;
  readonly hostKeyFingerprint: string;
  readonly osVersion: string;
}

/** What a build does, each with the signal that ends it. */
export interface ImageBuildEffects {
  surveyHost(signal: AbortSignal): Promise<HostSurvey>;
  /** @param onMoved - called whenever something has come */
  pullBase(onMoved: () => void, signal: AbortSignal): Promise<void>;
  inspectGuest(vmName: string, signal: AbortSignal): Promise<{ osVersion: string }>;
  installRcodesign(vmName: string, signal: AbortSignal): Promise<void>;
  setPower(vmName: string, signal: AbortSignal): Promise<void>;
  installXcode(vmName: string, signal: AbortSignal): Promise<void>;
  authoriseKey(vmName: string, signal: AbortSignal): Promise<void>;
  secureSsh(vmName: string, signal: AbortSignal): Promise<{ hostKeyFingerprint: string }>;
  shutDownGuest(vmName: string, signal: AbortSignal): Promise<void>;
  examineTrial(vmName: string, signal: AbortSignal): Promise<void>;
  nameImage(image: NamedImage, signal: AbortSignal): Promise<void>;
  discardVm(vmName: string, signal: AbortSignal): Promise<void>;
}

export interface ImageBuildMachines {
  /** For the machine that becomes the image: let in as the base image lets in. */
  readonly build: VmServices;
  /** For the clone that is tried out: let in as the image will let in a daemon. */
  readonly trial: VmServices;
}

/** Deadlines that take the place of the built-in ones, in milliseconds. */
export type ImageBuildLimits = Partial<Record<keyof typeof imageBuildLimits, number>>;

export interface ImageBuildRun {
  readonly effects: ImageBuildEffects;
  readonly machines: ImageBuildMachines;
  readonly input: ImageBuildInput;
  readonly limits: ImageBuildLimits;
  readonly onPhase: (phase: ImageBuildPhase) => void;
  /** Aborting cancels the build; what was made is undone before the promise settles. */
  readonly signal: AbortSignal;
}

/** One build from its beginning to its end. */
export async function runImageBuild(run: ImageBuildRun): Promise<ImageBuildOutput> {
  const { effects, machines, input, limits, onPhase, signal } = run;
  const actor = createActor(provideImageBuild(effects, machines, limits), { id: 'image-build', input });
  actor.on('began', ({ phase }) => onPhase(phase));
  return untilEnds(actor, signal);
}

/** The image-build with its ports filled in. */
function provideImageBuild(
  effects: ImageBuildEffects,
  { build, trial }: ImageBuildMachines,
  limits: ImageBuildLimits,
) {
  const locks = createNameLocks();
  const inGuest = <T>(effect: (vmName: string, signal: AbortSignal) => Promise<T>) =>
    fromPromise<T, GuestOfBuild>(({ input, signal }) => effect(input.vmName, signal));
  return imageBuildMachine.provide({
    delays: { ...imageBuildLimits, ...limits },
    actors: {
      surveyHost: fromPromise<HostSurvey, void>(({ signal }) => effects.surveyHost(signal)),
      pullBase: fromPromise<void, { owner: Recipient<{ type: 'base.moved' }> }>(({ input, signal }) =>
        effects.pullBase(() => input.owner.send({ type: 'base.moved' }), signal),
      ),
      buildVm: provideVmLifecycle(build, locks).provide({
        actors: {
          shutDownGuest: fromPromise<void, VmClone>(({ input, signal }) =>
            effects.shutDownGuest(input.name, signal),
          ),
        },
      }),
      trialVm: provideVmLifecycle(trial, locks),
      inspectGuest: inGuest(effects.inspectGuest),
      installRcodesign: inGuest(effects.installRcodesign),
      setPower: inGuest(effects.setPower),
      installXcode: inGuest(effects.installXcode),
      authoriseKey: inGuest(effects.authoriseKey),
      secureSsh: inGuest(effects.secureSsh),
      examineTrial: inGuest(effects.examineTrial),
      nameImage: fromPromise<void, NamedImage>(({ input, signal }) => effects.nameImage(input, signal)),
      discardVm: fromPromise<void, { vmName: string }>(({ input, signal }) =>
        effects.discardVm(input.vmName, signal),
      ),
    },
  });
}
