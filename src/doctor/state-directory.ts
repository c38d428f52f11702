import type { Stats } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/load.ts';
import { unfitFor } from '../control/private-folder.ts';
import { holderOf } from '../control/state-lock.ts';
import { ShipError } from '../errors.ts';
import { freeBytesAt } from '../files/disk/usage.ts';
import { formatOf, refusal } from '../journal/state-format.ts';
import { disksOf } from '../obstacles/disks.ts';
import { type Check, failed, ok, remark } from './check.ts';

/** Two of the largest bundles that are accepted, unpacked and packed again. */
const WANTED_FREE_GB = 10;
const GB = 1e9;

/** Run directories with bundles and artifacts lie there, and the journal. */
export const stateDirectory = (config: Config): Check => ({
  question: 'Can the state directory be used?',
  ask: async () => {
    const { stateDir } = config;
    const { path, stats } = await nearest(stateDir);
    const unfit = path === stateDir ? unfitFor(stateDir, stats) : undefined;
    if (unfit) return failed(`${unfit.summary} ${unfit.reason}`, unfit.nextStep);
    if (!(await isWritable(path)))
      return failed(
        `This user may not write to "${path}"`,
        'Give the folder to the user of the daemon, or set PERRY_STATE_DIR to a folder of its own.',
      );
    const format = await formatProblem(stateDir);
    return format ? failed(`${format.summary} ${format.reason}`, format.nextStep) : spaceAt(config, path);
  },
});

/** All that a program that is not installed yet need know of it; whoever asks may be another user. */
export const stateFormat = ({ stateDir }: Config): Check => ({
  question: 'Can this version read the state directory?',
  ask: async () => {
    const format = await formatProblem(stateDir);
    return format ? failed(`${format.summary} ${format.reason}`, format.nextStep) : ok(stateDir);
  },
});

async function formatProblem(stateDir: string): Promise<ShipError['failure'] | undefined> {
  try {
    const noted = await formatOf(stateDir);
    return noted && refusal(stateDir, noted)?.failure;
  } catch (error) {
    if (error instanceof ShipError) return error.failure;
    throw error;
  }
}

async function spaceAt(config: Config, existing: string) {
  const { stateDir } = config;
  const freeBytes = await freeBytesAt(existing);
  const { neededBytes = 0 } = (await disksOf(config)()).find(({ folder }) => folder === stateDir) ?? {};
  const free = freeBytes === undefined ? '' : `, ${(freeBytes / GB).toFixed(0)} GB free`;
  const evidence = `${stateDir}${existing === stateDir ? '' : ' will be made'}${free}`;
  if (freeBytes === undefined || freeBytes >= WANTED_FREE_GB * GB) return ok(evidence);
  if (freeBytes === 0 || freeBytes < neededBytes)
    return failed(evidence, `Free space there: no job is taken with less than ${neededBytes / GB} GB.`);
  return remark(evidence, `Free space there: two jobs with large apps take up to ${WANTED_FREE_GB} GB.`);
}

/** The folder, or the first one above it that exists. */
async function nearest(path: string): Promise<{ readonly path: string; readonly stats: Stats }> {
  const stats = await stat(path).catch(() => undefined);
  if (stats) return { path, stats };
  return nearest(dirname(path));
}

const isWritable = (path: string): Promise<boolean> =>
  access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );

export const runningDaemon = ({ stateDir }: Config): Check => ({
  question: 'Does a daemon run on it?',
  ask: async () => {
    const holder = await holderOf(stateDir);
    return ok(holder ? `Yes, process ${holder.pid}; "perry-ship status" shows more` : 'No');
  },
});
