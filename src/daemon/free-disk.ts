import type { DiskStanding } from '../live/messages.ts';
import type { DiskFacts } from '../obstacles/disks.ts';

/** Less is no news. */
const STEP_BYTES = 100e6;
/** Where little is free, less is news. */
const SMALL_STEP_BYTES = 1e6;
const LEVELS = ['full', 'low', 'enough'] as const;

/**
 * How the disks stand where machines and jobs lie: of several, the worst one. It says what the last question found, and asks
 * the next one; a disk that does not answer holds nothing up.
 */
export function freeDisk(disks: () => Promise<readonly DiskFacts[]>): () => DiskStanding | null {
  let known: DiskStanding | null = null;
  let asking: Promise<void> | undefined;
  const ask = async () => {
    known = worstOf(await disks());
    asking = undefined;
  };
  return () => {
    if (!asking) asking = ask();
    return known;
  };
}

/** By the limits of the obstacles and alarms; null when no disk has said anything. */
export function worstOf(disks: readonly DiskFacts[]): DiskStanding | null {
  const told = disks.flatMap(standingOf);
  const [worst] = told.sort(
    (one, other) =>
      LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level) || one.freeBytes - other.freeBytes,
  );
  return worst ?? null;
}

function standingOf({ freeBytes, wantedBytes, neededBytes }: DiskFacts): DiskStanding[] {
  if (freeBytes === undefined) return [];
  const step = freeBytes < 10 * STEP_BYTES ? SMALL_STEP_BYTES : STEP_BYTES;
  const level = freeBytes < neededBytes ? 'full' : freeBytes < wantedBytes ? 'low' : 'enough';
  return [{ freeBytes: Math.floor(freeBytes / step) * step, level }];
}
