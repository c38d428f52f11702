import { ago, align, plain } from '../observability/columns.ts';
import type { JobRecord, RecordedFailure } from './record.ts';
import { took } from './words.ts';

const HEAD = ['ENDED', 'JOB', 'APP', 'TARGET', 'RESULT', 'STAGE', 'TOOK'];
const MAX_SENTENCE_CHARACTERS = 400;

/** A line for each run, and what to do below each that ended badly. */
export function renderJobs(records: readonly JobRecord[], nowMs: number): string {
  const [head = '', ...rows] = align([HEAD, ...records.map((record) => cellsOf(record, nowMs))]);
  const lines = records.flatMap(({ failure }, index) => [rows[index] ?? '', ...whatToDo(failure)]);
  return [head, ...lines].join('\n');
}

function cellsOf(record: JobRecord, nowMs: number): string[] {
  const { endedAtMs, jobId, appName, target, result, stage, durationMs } = record;
  return [
    endedAtMs === null ? '-' : ago((nowMs - endedAtMs) / 1_000),
    plain(jobId, 80),
    plain(appName ?? '-'),
    target ?? '-',
    result,
    stage ?? '-',
    took(durationMs),
  ];
}

function whatToDo(failure: RecordedFailure | null): string[] {
  if (!failure) return [];
  const { code, summary, reason, nextStep } = failure;
  return [`${code}: ${summary} ${reason}`, nextStep]
    .filter((text) => text !== '')
    .map((text) => `    ${plain(text.trim(), MAX_SENTENCE_CHARACTERS)}`);
}
