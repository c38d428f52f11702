import { dirname, join } from 'node:path';
import type { Config } from '../config/load.ts';
import { freeBytesAt, type Usage, usageOf } from '../files/disk/usage.ts';
import { type Check, ok, remark } from './check.ts';

/** What of this host's disk is ours. */
export interface DiskUse {
  /** The state directory: all of it, and what of it stays when no job runs. */
  readonly state: Usage;
  readonly kept: Usage;
  /** Golden images of QEMU; those of Tart are Tart's. */
  readonly images: Usage;
  /** Null when the log goes to standard error. */
  readonly logs: Usage | null;
  readonly freeBytes: number | null;
}

export type DiskPlaces = Pick<Config, 'stateDir' | 'imageDir' | 'logFile'>;

/** What stays: history, journal with what is on its way to Apple, and the account of signatures. */
const KEPT = ['history', 'journal', 'signatures.jsonl'];
/** More than the history of 500 jobs and some artifacts that Apple looks at. */
const MOST_KEPT_BYTES = 20e9;
const MOST_LOG_BYTES = 1e9;

export async function diskUse({ stateDir, imageDir, logFile }: DiskPlaces): Promise<DiskUse> {
  const [state, images, logs, freeBytes, ...kept] = await Promise.all([
    usageOf(stateDir),
    usageOf(imageDir),
    logFile === undefined ? null : usageOf(dirname(logFile)),
    freeBytesAt(stateDir),
    ...KEPT.map((name) => usageOf(join(stateDir, name))),
  ]);
  return { state, kept: sum(kept), images, logs, freeBytes: freeBytes ?? null };
}

const sum = (parts: readonly Usage[]): Usage => ({
  bytes: parts.reduce((bytes, part) => bytes + part.bytes, 0),
  isWhole: parts.every(({ isWhole }) => isWhole),
});

/** One line, e.g. `state 1.2 GB (3 MB kept), images 70 MB, logs 12 MB, 80.0 GB free`. */
export function diskText({ state, kept, images, logs, freeBytes }: DiskUse): string {
  return [
    `state ${size(state)} (${size(kept)} kept)`,
    `images ${size(images)}`,
    ...(logs === null ? [] : [`logs ${size(logs)}`]),
    ...(freeBytes === null ? [] : [`${inUnits(freeBytes)} free`]),
  ].join(', ');
}

const size = ({ bytes, isWhole }: Usage): string => `${isWhole ? '' : 'more than '}${inUnits(bytes)}`;

const inUnits = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;

/** What grows although it should not. */
export const diskInUse = (config: Config): Check => ({
  question: 'How much of the disk is in use?',
  ask: async () => {
    const use = await diskUse(config);
    const { kept, logs } = use;
    if (kept.bytes > MOST_KEPT_BYTES) return remark(diskText(use), FEWER_KEPT);
    if (logs !== null && logs.bytes > MOST_LOG_BYTES) return remark(diskText(use), ROTATE);
    return ok(diskText(use));
  },
});

const FEWER_KEPT =
  'Set PERRY_HISTORY_JOBS lower; what the folder journal/artifacts has is on its way to Apple, and goes by itself after 30 days.';
const ROTATE =
  'Rotate the log: "perry-ship service install" writes what newsyslog needs, and the daemon follows a file that is renamed.';
