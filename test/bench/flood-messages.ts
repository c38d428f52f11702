import type { Silence } from './ping-watch.ts';

/** Kinds of floods, by what each frame of them is like. */
export const floods = {
  'small assignments': { count: 12_000, quickCount: 3_000 },
  'credentials of 1 MB': { count: 300, quickCount: 60 },
  'lists of 8 MB': { count: 30, quickCount: 6 },
  'frames of 60 MB': { count: 8, quickCount: 2 },
} as const;

export type Flood = keyof typeof floods;

/** What the bench asks of the process of the flooding hub. */
export type FloodQuestion =
  | { readonly ask: 'untilWorker' }
  | { readonly ask: 'flood'; readonly flood: Flood; readonly count: number; readonly workerPid: number }
  /** Cancels every job that has no result, and waits for the results. */
  | { readonly ask: 'cancelAll' };

export interface FloodAnswer {
  /** While the flood was sent and until it was answered. */
  readonly silence: Silence;
  /** Until every job was either answered or taken. */
  readonly answeredMs: number;
  readonly refused: number;
}
