import { holderOf } from '../control/state-lock.ts';
import { renderJob } from '../history/job-text.ts';
import { renderJobs } from '../history/jobs-text.ts';
import { selected } from '../history/kept-records.ts';
import { logFolderOf, readLog } from '../history/log-file.ts';
import { findRun, readHistory } from '../history/read-history.ts';
import type { JobRecord, ListOptions } from '../history/record.ts';
import { counted } from '../text.ts';
import { printJson } from './print-json.ts';
import { usage } from './sign-files.ts';
import { sinceMsOf } from './since.ts';
import { type StateDirFlags, stateDirOf } from './state-dir.ts';

export interface JobsFlags extends StateDirFlags {
  readonly failed?: true;
  readonly since?: string;
  readonly limit: string;
  readonly json?: true;
}

export interface JobFlags extends StateDirFlags {
  readonly log?: true;
  readonly json?: true;
}

/** What became of the last jobs; the files of the daemon are read, whether it runs or not. */
export async function jobs(flags: JobsFlags): Promise<void> {
  const nowMs = Date.now();
  const options = optionsOf(flags, nowMs);
  const stateDir = await stateDirOf(flags);
  const all = await historyIn(stateDir);
  const found = selected(all, options);
  const shown = found.slice(0, limitOf(flags));
  if (flags.json)
    return printJson({
      ok: true,
      stateDir,
      kept: all.length,
      found: found.length,
      jobs: shown.map(summaryOf),
    });
  if (shown.length === 0) return print(nothing(stateDir, all));
  const left = found.length - shown.length;
  const more = left > 0 ? `\n\n${counted(left, 'older run')}: --limit N shows more.` : '';
  print(`${renderJobs(shown, nowMs)}${more}`);
}

/**
 * One job, with its log.
 *
 * @param name - of the job or of a run of it, or the first letters
 * @throws ShipError COMMAND_USAGE_WRONG · JOB_UNKNOWN · JOB_AMBIGUOUS · HISTORY_UNREADABLE
 */
export async function job(name: string, flags: JobFlags): Promise<void> {
  requireName(name);
  const stateDir = await stateDirOf(flags);
  const found = findRun(await historyIn(stateDir), name);
  const log = await readLog(logFolderOf(stateDir), found.record.runId);
  if (!flags.json) return print(renderJob(found, log, flags.log === true));
  const otherRuns = found.others.map(({ runId }) => runId);
  printJson({ ok: true, ...found.record, otherRuns, ...(flags.log && { log }) });
}

/** With nothing in it, it is the beginning of every job. */
export function requireName(name: string): void {
  if (name.trim() === '')
    throw usage(
      'The name of the job is empty.',
      'A job is named by its id, or by the first letters of it.',
      'Take one from the list of "perry-ship jobs".',
    );
}

/** The way of each is in the answer of `job`. */
const summaryOf = ({ path: _, moves: __, ...record }: JobRecord) => record;

const historyIn = async (stateDir: string): Promise<JobRecord[]> =>
  readHistory(stateDir, (await holderOf(stateDir)) !== undefined);

function optionsOf({ failed, since }: JobsFlags, nowMs: number): ListOptions {
  return {
    failedOnly: failed === true,
    ...(since !== undefined && { sinceMs: sinceMsOf(since, nowMs) }),
  };
}

function limitOf({ limit }: JobsFlags): number {
  if (/^\d{1,6}$/.test(limit) && Number(limit) > 0) return Number(limit);
  throw usage(
    `"--limit ${limit.slice(0, 40)}" cannot be used.`,
    'It is no whole number above 0.',
    'Write --limit 50.',
  );
}

const nothing = (stateDir: string, all: readonly JobRecord[]): string =>
  all.length === 0
    ? `No job is recorded in ${stateDir}. Jobs are, once a daemon has had one there, unless PERRY_HISTORY_JOBS is 0.`
    : `None of the ${counted(all.length, 'run')} that are kept is meant by these flags.`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);
