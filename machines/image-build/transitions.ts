import type { DoneActorEvent, ErrorActorEvent } from 'xstate';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type { VmOutput } from '../contracts/vm.ts';
import type { ImageBuildContext, ImageBuildPhase } from './context.ts';
import { stepTimedOut } from './failures.ts';
import type { GuestOfBuild } from './ports.ts';

export const began = (phase: ImageBuildPhase) => ({ type: 'tell' as const, params: { phase } });
export const failedBy = (failure: Failure) => ({ type: 'fail' as const, params: { failure } });
export const fault = {
  type: 'fail' as const,
  params: ({ event }: { event: ErrorActorEvent }) => ({ failure: toFailure(event.error) }),
};
export const late = (doing: string) => failedBy(stepTimedOut(doing));
export const outputOf = ({ event }: { event: DoneActorEvent<VmOutput> }) => ({ output: event.output });

export const guestOfBuild = ({ context }: { context: ImageBuildContext }): GuestOfBuild => ({
  vmName: context.vm.name,
});
export const guestOfTrial = ({ context }: { context: ImageBuildContext }): GuestOfBuild => ({
  vmName: context.trialName,
});
