import type { DoneActorEvent } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import type { Failure } from '../contracts/failure.ts';
import type { DaemonWatchOutput } from '../daemon-watch/machine.ts';
import { type UpgradeContext, type UpgradePhase, versionsOf } from './context.ts';
import { stepTimedOut, upgradeCancelled } from './failures.ts';

export const RETURNING = '#upgrade.returning';
export const STRANDED = '#upgrade.stranded';

export const began = (phase: UpgradePhase) => ({ type: 'tell' as const, params: { phase } });
export const failedBy = (failure: Failure) => ({ type: 'fail' as const, params: { failure } });
export const fault = { type: 'fail' as const, params: errorOf };
export const versions = ({ context }: { context: UpgradeContext }) => versionsOf(context);
export const watched = ({ event }: { event: DoneActorEvent<DaemonWatchOutput> }) => event.output;

/** Nothing was changed yet. */
export const givenUp = { target: 'discarding', actions: fault } as const;
export const late = (doing: string) =>
  ({ target: 'discarding', actions: failedBy(stepTimedOut(doing)) }) as const;
export const stoppable = {
  'cancel.requested': { target: 'discarding', actions: failedBy(upgradeCancelled) },
} as const;

/** The daemon has ended, or the new program is in place. */
export const back = { target: RETURNING, actions: fault } as const;
export const lateBack = (doing: string) =>
  ({ target: RETURNING, actions: failedBy(stepTimedOut(doing)) }) as const;
export const stoppedBack = {
  'cancel.requested': { target: RETURNING, actions: failedBy(upgradeCancelled) },
} as const;

/** Not even the way back is open. */
export const stranded = { target: STRANDED, actions: fault } as const;
export const lateStranded = (doing: string) =>
  ({ target: STRANDED, actions: failedBy(stepTimedOut(doing)) }) as const;
