import type { Recipient } from '../contracts/actors.ts';
import { errorOf } from '../contracts/attempts.ts';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type { Stage, StepReport } from '../contracts/job.ts';
import { newest, type SignJobContext } from './context.ts';
import { cancelledAtApple, jobCancelled, stepTimedOut, workerStopping } from './failures.ts';
import type { GuestStepInput, StepInput } from './ports.ts';

type Scope = { context: SignJobContext; self: Recipient<StepReport> };

/** Input of a step about the pass that `passOf` names. */
export const stepAbout =
  (passOf: (context: SignJobContext) => number) =>
  ({ context, self }: Scope): StepInput => ({
    runId: context.runId,
    assignmentId: newest(context),
    pass: passOf(context),
    reportTo: self,
  });

/** The same for a step that needs the machine of the run. */
export const inGuest =
  (input: (scope: Scope) => StepInput) =>
  (scope: Scope): GuestStepInput => ({
    ...input(scope),
    vmName: scope.context.vm.name,
    toolchain: scope.context.toolchain,
  });

/** Of the pass at work. */
export const step = stepAbout(({ pass }) => pass);
export const guestStep = inGuest(step);

/** The error of a port, as a failure. */

/** Where every fault, deadline and cancellation goes. */
export const FAULT = '#signJob.engaged.work.reporting';
/** Where a run goes whose job is not ours any more. */
export const DROP = '#signJob.engaged.work.dropping';

export const keep = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });
export const dropClaim = (failure: Failure) => ({ type: 'dropClaim' as const, params: { failure } });
/** For a step that missed its deadline; `doing` says which, as in "because codesigning took too long". */
export const late = (doing: string) => ({ target: FAULT, actions: keep(stepTimedOut(doing)) }) as const;
/** For a port that failed. */
export const faulted = { target: FAULT, actions: { type: 'keepFailure', params: errorOf } } as const;
export const begin = (name: Stage, message: string) => ({
  type: 'beginStage' as const,
  params: { name, message },
});
/** All that is left to do is done by this host: a machine that is lost now is no matter. */
export const MACHINE_NOT_NEEDED = { 'vm.lost': {} } as const;

/** On request of the user, or because the worker ends. */
export function cancelOf({
  context: { judgedAs },
  event,
}: {
  context: Pick<SignJobContext, 'judgedAs'>;
  event: { why: 'user' | 'shutdown' };
}): { failure: Failure } {
  if (event.why === 'shutdown') return { failure: workerStopping };
  return { failure: judgedAs === null ? jobCancelled : cancelledAtApple(judgedAs) };
}

/** Of a child that ended badly. */
export function failureIn({ event }: { event: { output: { failure: Failure | null } } }): {
  failure: Failure;
} {
  return { failure: event.output.failure ?? toFailure(undefined) };
}
