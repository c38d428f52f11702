import type { ErrorActorEvent } from 'xstate';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type { TestflightContext } from './context.ts';
import { followUpTimedOut } from './failures.ts';
import type { BuildInput, BuildNews, RunInput } from './ports.ts';

export const FAILED = '#testflight.failed';

export const runOf = ({ context }: { context: TestflightContext }): RunInput => ({
  runId: context.runId,
  artifact: context.artifact,
});
export const buildOf = ({ context }: { context: TestflightContext }): BuildInput => ({
  ...runOf({ context }),
  buildId: context.buildId ?? '',
});
export const errorOf = ({ event }: { event: ErrorActorEvent }) => ({ failure: toFailure(event.error) });
export const newsOf = ({ event }: { event: { output: BuildNews } }) => ({ news: event.output });
export const failWith = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });
/** Worth another try after a pause, or the end. */
export const againOrFail = [
  {
    guard: { type: 'mayTryAgain', params: errorOf },
    target: 'pausing',
    actions: { type: 'noteWait', params: errorOf },
  },
  { target: FAILED, actions: { type: 'keepFailure', params: errorOf } },
] as const;
export const lateOrFail = (doing: string) =>
  [
    { guard: 'hasAttemptsLeft', target: 'pausing', actions: 'clearWait' },
    { target: FAILED, actions: failWith(followUpTimedOut(doing)) },
  ] as const;
export const pausing = {
  description: 'Backs off before the next attempt.',
  after: { retryPause: 'attempting' },
} as const;
