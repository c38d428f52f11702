import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { workerRestarted } from '../../machines/interrupted-jobs/failures.ts';
import { logFolderOf } from './log-file.ts';
import type { JobRecord, RecordedFailure } from './record.ts';
import { lasted } from './stopwatch.ts';

/** Some of these jobs the hub hands out again by itself, and then there is a later run of them. */
const killed: RecordedFailure = {
  code: workerRestarted.code,
  kind: workerRestarted.kind,
  summary: 'perry-ship ended without notice while it worked on this job.',
  reason: 'Its process was killed, or the host went down.',
  nextStep:
    'Look for a later run of this job: the hub hands some out again; of the others their senders are told to try again.',
};

/** What is known of runs that a process left behind which is not there any more; other records stay as they are. */
export function withInterrupted(stateDir: string, records: readonly JobRecord[]): Promise<JobRecord[]> {
  return Promise.all(
    records.map((record) => (record.result === 'running' ? interrupted(stateDir, record) : record)),
  );
}

async function interrupted(stateDir: string, record: JobRecord): Promise<JobRecord> {
  const { receivedAtMs, startedAtMs, durationMs, runId } = record;
  const beganAtMs = receivedAtMs ?? startedAtMs;
  const endedAtMs = Math.max(beganAtMs + durationMs, await lastLineAtMs(logFolderOf(stateDir), runId));
  return {
    ...record,
    ...{ result: 'interrupted', failure: killed, endedAtMs },
    durationMs: lasted(beganAtMs, endedAtMs),
  };
}

/** When the log of a run was written to; 0 without one. */
export async function lastLineAtMs(folder: string, runId: string): Promise<number> {
  const times = ['', '.last'].map(async (part) => {
    const file = await stat(join(folder, `${runId}${part}.jsonl`)).catch(() => undefined);
    return Math.floor(file?.mtimeMs ?? 0);
  });
  return Math.max(...(await Promise.all(times)));
}
