import type { Logger } from '../observability/logger.ts';
import { JOB_NOT_TAKEN } from '../observability/redact-line.ts';
import type { JobRecord, JobResult } from './record.ts';

const TEXTS: Readonly<Record<JobResult, readonly [level: 'info' | 'warn' | 'error', text: string]>> = {
  running: ['info', 'job runs'],
  succeeded: ['info', 'job succeeded'],
  failed: ['error', 'job failed'],
  cancelled: ['info', 'job cancelled'],
  returned: ['info', 'job returned to the hub'],
  dropped: ['warn', 'job dropped: the hub gave it to somebody else'],
  notTaken: ['warn', JOB_NOT_TAKEN],
  interrupted: ['warn', 'job interrupted: the previous process was killed'],
};

/** One line for each run that has ended. */
export function logFinished(logger: Logger, record: JobRecord): void {
  const [level, text] = TEXTS[record.result];
  logger[level](factsOf(record), text);
}

function factsOf(record: JobRecord): object {
  const { runId, jobId, result, durationMs, failure } = record;
  const known = { job: jobId, run: runId, durationMs, ...(failure && { code: failure.code }) };
  // said in floods as well: no text that would have to be redacted
  if (result === 'notTaken') return known;
  const { appName, target, stage, waits, retries, bytes, machine, artifacts } = record;
  return {
    ...known,
    ...{ app: appName, target, stage, stageMs: stageMsOf(record), waits, retries, bytes, machine },
    ...(artifacts.length > 0 && { artifacts }),
    ...(failure && { failure }),
  };
}

/** `{ signing: 2100, … }`; a stage that came twice counts with both times. */
export function stageMsOf({ stages }: Pick<JobRecord, 'stages'>): Record<string, number> {
  const times: Record<string, number> = {};
  for (const { stage, durationMs } of stages) times[stage] = (times[stage] ?? 0) + durationMs;
  return times;
}
