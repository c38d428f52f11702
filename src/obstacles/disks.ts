import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/load.ts';
import { vmDrivers } from '../domain/vm-driver.ts';
import { freeBytesAt } from '../files/disk/usage.ts';

/** A disk that jobs need: what is free on it, and how much that should be. */
export interface DiskFacts {
  readonly folder: string;
  /** `undefined` when the system does not say. */
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
export const machinesFolder = ({ stateDir, vmDriver, tartHome }: Config): string =>
  vmDriver === 'tart' ? (tartHome ?? join(homedir(), '.tart')) : stateDir;

/** What jobs need of the disks, and machines where the driver refuses to make one without it. */
export function disksOf(config: Config): Promise<DiskFacts[]> {
  const { vmDriver, minFreeDiskGb, stateDir } = config;
  const least = (gb: number): number => Math.min(gb, minFreeDiskGb ?? gb);
  const usualGb = vmDrivers[vmDriver].minFreeDiskGb;
  const machinesGb = minFreeDiskGb ?? usualGb;
  const needs = [
    { folder: tmpdir(), wantedGb: least(WANTED_GB), neededGb: 0 },
    { folder: stateDir, wantedGb: least(WANTED_GB), neededGb: least(NEEDED_GB) },
    {
      folder: machinesFolder(config),
      wantedGb: EARLIER * machinesGb,
      neededGb: usualGb > 0 ? machinesGb : 0,
    },
  ];
  const folders = [...new Set(needs.map(({ folder }) => folder))];
  return Promise.all(
    folders.map(async (folder) => {
      const here = needs.filter((need) => need.folder === folder);
      return {
        folder,
        freeBytes: await freeBytesAt(folder),
        wantedBytes: Math.max(...here.map(({ wantedGb }) => wantedGb)) * GB,
        neededBytes: Math.max(...here.map(({ neededGb }) => neededGb)) * GB,
      };
    }),
  );
}
