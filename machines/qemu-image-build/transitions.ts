import { errorOf } from '../contracts/attempts.ts';
import { stepTimedOut } from '../image-build/failures.ts';
import type { QemuImageBuildPhase } from './context.ts';

export const began = (phase: QemuImageBuildPhase) => ({ type: 'tell' as const, params: { phase } });

/** Nothing is kept of a step that failed. */
export const faulted = {
  target: 'clearing',
  actions: {
    type: 'fail' as const,
    params: errorOf,
  },
} as const;

/** @param doing - completes "The build did not finish … before its deadline." */
export const late = (doing: string) =>
  ({
    target: 'clearing',
    actions: { type: 'fail' as const, params: { failure: stepTimedOut(doing) } },
  }) as const;

/** The step is stopped at once. */
export const stoppable = { 'cancel.requested': { target: 'clearing', actions: 'cancel' } } as const;
