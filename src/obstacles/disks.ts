import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/load.ts';
import { waitFor } from '../deadline.ts';
import { vmDrivers } from '../domain/vm-driver.ts';
import { freeBytesAt } from '../files/disk/usage.ts';

/** A disk that jobs need: what is free on it, and how much that should be. */
export interface DiskFacts {
  readonly folder: string;
  /** As it was told last; `undefined` when the system never said. */
  readonly freeBytes: number | undefined;
  /** With less the operator is warned. */
  readonly wantedBytes: number;
  /** With less every job must fail; 0 where none needs it. */
  readonly neededBytes: number;
}

/** Of the state directory and of temporary files: one job with a large app. */
const WANTED_GB = 5;
/** Of the state directory: with less, not even a small app has room beside journal, history and account. */
const NEEDED_GB = 0.1;
/** The operator hears of it before no machine is made any more. */
const EARLIER = 1.5;
const GB = 1e9;

/** Where the machines of this host grow. */
const machinesFolder = ({ stateDir, vmDriver, tartHome }: Config): string =>
  vmDriver === 'tart' ? (tartHome ?? join(homedir(), '.tart')) : stateDir;

/** A disk of the network that hangs: all else is judged meanwhile. */
const PATIENCE_MS = 5_000;

export interface DiskOptions {
  /** Told when a disk does not answer, once, and when it answers again. */
  readonly onSilent?: (folder: string, isSilent: boolean) => void;
  readonly freeBytes?: typeof freeBytesAt;
  readonly patienceMs?: number;
}

/** What jobs need of the disks, and machines where the driver refuses to make one without it. @returns looks at them */
export function disksOf(config: Config, options: DiskOptions = {}): () => Promise<DiskFacts[]> {
  const needs = needsOf(config);
  const disks = [...new Set(needs.map(({ folder }) => folder))].map((folder) => {
    const here = needs.filter((need) => need.folder === folder);
    const facts = {
      folder,
      wantedBytes: Math.max(...here.map(({ wantedGb }) => wantedGb)) * GB,
      neededBytes: Math.max(...here.map(({ neededGb }) => neededGb)) * GB,
    };
    return { facts, freeBytes: lastKnown(folder, options) };
  });
  return () =>
    Promise.all(disks.map(async ({ facts, freeBytes }) => ({ ...facts, freeBytes: await freeBytes() })));
}

function needsOf(config: Config) {
  const { vmDriver, minFreeDiskGb, stateDir } = config;
  const least = (gb: number): number => Math.min(gb, minFreeDiskGb ?? gb);
  const usualGb = vmDrivers[vmDriver].minFreeDiskGb;
  const machinesGb = minFreeDiskGb ?? usualGb;
  return [
    { folder: tmpdir(), wantedGb: least(WANTED_GB), neededGb: 0 },
    { folder: stateDir, wantedGb: least(WANTED_GB), neededGb: least(NEEDED_GB) },
    {
      folder: machinesFolder(config),
      wantedGb: EARLIER * machinesGb,
      neededGb: usualGb > 0 ? machinesGb : 0,
    },
  ];
}

/** Of a disk that does not answer in time, what it said last; until it answers nobody waits for it again. */
function lastKnown(folder: string, options: DiskOptions): () => Promise<number | undefined> {
  const { onSilent = () => {}, freeBytes = freeBytesAt, patienceMs = PATIENCE_MS } = options;
  let [known, isSilent]: [number | undefined, boolean] = [undefined, false];
  const tell = (silent: boolean): void => {
    if (isSilent !== silent) onSilent(folder, silent);
    isSilent = silent;
  };
  return async () => {
    if (isSilent) return known;
    const answer = freeBytes(folder).then((bytes) => {
      known = bytes;
      tell(false);
    });
    await waitFor(answer, AbortSignal.timeout(patienceMs)).catch(() => tell(true));
    return known;
  };
}
