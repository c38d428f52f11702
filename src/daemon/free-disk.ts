import type { Config } from '../config/load.ts';
import { freeBytesAt } from '../files/disk/usage.ts';
import { machinesFolder } from '../obstacles/disks.ts';

/** Less is no news. */
const STEP_BYTES = 100e6;

/**
 * What is free where machines and jobs lie, in bytes: of two volumes, the fuller one. It says what the last question found,
 * and asks the next one; a volume that does not answer holds nothing up.
 */
export function freeDisk(config: Config): () => number | null {
  const folders = [...new Set([config.stateDir, machinesFolder(config)])];
  let known: number | null = null;
  let asking: Promise<void> | undefined;
  const ask = async () => {
    const found = (await Promise.all(folders.map(freeBytesAt))).filter((bytes) => bytes !== undefined);
    known = found.length === 0 ? null : Math.floor(Math.min(...found) / STEP_BYTES) * STEP_BYTES;
    asking = undefined;
  };
  return () => {
    if (!asking) asking = ask();
    return known;
  };
}
