import { ShipError } from '../errors.ts';
import { withInterrupted } from './interrupted.ts';
import { selected } from './kept-records.ts';
import type { JobRecord } from './record.ts';
import { readRecords } from './record-file.ts';
import { lasted } from './stopwatch.ts';

/**
 * What a daemon has kept, newest first, for a command: from its files, whether it runs or not.
 *
 * @param isAlive - whether a daemon works on this directory; without one nothing goes on
 * @throws ShipError HISTORY_UNREADABLE
 */
export async function readHistory(
  stateDir: string,
  isAlive: boolean,
  nowMs = Date.now(),
): Promise<JobRecord[]> {
  try {
    const records = await readRecords(stateDir);
    return selected(isAlive ? records.map(countedUntil(nowMs)) : await withInterrupted(stateDir, records));
  } catch (cause) {
    throw unreadable(stateDir, cause);
  }
}

/** A run that goes on was written down when its stage began. */
const countedUntil =
  (nowMs: number) =>
  (record: JobRecord): JobRecord =>
    record.result === 'running'
      ? { ...record, durationMs: lasted(record.receivedAtMs ?? record.startedAtMs, nowMs) }
      : record;

function unreadable(stateDir: string, cause: unknown): ShipError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new ShipError('HISTORY_UNREADABLE', {
    summary: `The history of jobs in "${stateDir}" cannot be read.`,
    reason: code === undefined ? `${message}.` : `The operating system says ${code}.`,
    nextStep:
      'Ask as the user that runs the daemon; a file that is damaged the daemon moves aside when it starts.',
    cause,
  });
}

/** One run, and the others of the same job, newest first. */
export interface FoundRun {
  readonly record: JobRecord;
  readonly others: readonly JobRecord[];
}

/**
 * The run, or the newest run of the job, that has this name.
 *
 * @param records - newest first
 * @param name - of a run or of a job, or its first letters
 * @throws ShipError JOB_UNKNOWN · JOB_AMBIGUOUS
 */
export function findRun(records: readonly JobRecord[], name: string): FoundRun {
  const record = theRun(records, name) ?? theNewest(records, name);
  if (!record) throw unknown(name, records);
  return {
    record,
    others: records.filter(({ jobId, runId }) => jobId === record.jobId && runId !== record.runId),
  };
}

function theRun(records: readonly JobRecord[], name: string): JobRecord | undefined {
  const whole = records.find(({ runId }) => runId === name);
  const begun = records.filter(({ runId, jobId }) => runId.startsWith(name) && jobId !== name);
  return whole ?? (begun.length === 1 && !records.some(hasJob(name)) ? begun[0] : undefined);
}

const hasJob =
  (name: string) =>
  ({ jobId }: JobRecord): boolean =>
    jobId.startsWith(name);

function theNewest(records: readonly JobRecord[], name: string): JobRecord | undefined {
  const exact = records.find(({ jobId }) => jobId === name);
  if (exact) return exact;
  const named = records.filter(({ runId, jobId }) => jobId.startsWith(name) || runId.startsWith(name));
  const jobs = [...new Set(named.map(({ jobId }) => jobId))];
  if (jobs.length > 1) throw ambiguous(name, jobs);
  return named[0];
}

const MAX_LISTED = 10;

const unknown = (name: string, records: readonly JobRecord[]): ShipError =>
  new ShipError('JOB_UNKNOWN', {
    summary: `No job "${name.slice(0, 80)}" is in the history.`,
    reason:
      records.length === 0
        ? 'Nothing is recorded here; PERRY_HISTORY_JOBS=0 switches that off.'
        : `The last ${records.length} runs are kept, and it is none of them.`,
    nextStep: 'Take the job, or the first letters of it, from the list of "perry-ship jobs".',
  });

const ambiguous = (name: string, jobs: readonly string[]): ShipError =>
  new ShipError('JOB_AMBIGUOUS', {
    summary: `"${name.slice(0, 80)}" may be any of ${jobs.length} jobs.`,
    reason: `They are: ${jobs.slice(0, MAX_LISTED).join(', ')}${jobs.length > MAX_LISTED ? ', …' : ''}.`,
    nextStep: 'Give enough letters of the job to tell it from the others.',
  });
