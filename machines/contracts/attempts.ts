import type { ErrorActorEvent } from 'xstate';
import { type Failure, toFailure } from './failure.ts';

/** What was thrown, for actions and guards that take a failure. */
export const errorOf = ({ event }: { event: ErrorActorEvent }) => ({ failure: toFailure(event.error) });

export const failWith = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });

/** An attempt has failed: worth another one after a pause, or the end. */
export const againOr = <const Failed extends string>(failed: Failed) =>
  [
    {
      guard: { type: 'mayTryAgain', params: errorOf },
      target: 'pausing',
      actions: { type: 'noteWait', params: errorOf },
    },
    { target: failed, actions: { type: 'keepFailure', params: errorOf } },
  ] as const;

/** An attempt has not ended before its deadline: another one after a pause, or the end. */
export const pauseOr = <const Failed extends string>(failed: Failed, failure: Failure) =>
  [
    { guard: 'hasAttemptsLeft', target: 'pausing', actions: 'clearWait' },
    { target: failed, actions: failWith(failure) },
  ] as const;

export const pausing = {
  description: 'Backs off before the next attempt.',
  after: { retryPause: 'attempting' },
} as const;
