import type { UpgradeNote, UpgradeOutput } from '../../machines/upgrade/machine.ts';
import { runUpgrade } from '../actors/upgrade.ts';
import { type UpgradeOptions, UpgradeWork } from './effects.ts';
import { versionIn } from './place.ts';

export interface UpgradeWatcher {
  readonly onPhase: (note: UpgradeNote) => void;
  readonly signal: AbortSignal;
}

export interface Upgraded extends UpgradeOutput {
  /** Of the daemon that was found, if one was. */
  readonly pid: number | null;
}

/** Upgrades the program that npm has installed at this place, and its daemon; or says what it would do. */
export async function upgrade(
  options: UpgradeOptions,
  { onPhase, signal }: UpgradeWatcher,
): Promise<Upgraded> {
  const { place, mayChange } = options;
  const work = new UpgradeWork(options);
  const from = versionIn(place.current) ?? versionIn(place.previous) ?? '';
  try {
    const output = await runUpgrade({ effects: work, from, mayChange, onPhase, signal });
    // of the lock alone nothing need stay
    if (mayChange && output.outcome === 'current') await work.clearAway();
    return { ...output, pid: work.pid };
  } finally {
    await work.close();
  }
}
