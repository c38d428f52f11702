import { align, plain } from '../observability/columns.ts';
import { renderLog } from './log-text.ts';
import type { FoundRun } from './read-history.ts';
import type { JobLog, JobRecord } from './record.ts';
import { moment, size, took } from './words.ts';

const MAX_SENTENCE_CHARACTERS = 2_000;
type Fact = readonly [name: string, value: string | null];

/**
 * Everything that is known of one run, for a person.
 *
 * @param isWhole - all lines of the log that are kept, and not the last ones alone
 */
export function renderJob({ record, others }: FoundRun, log: JobLog, isWhole: boolean): string {
  return [
    ...shown([...factsOf(record), ...endOf(record), ...workOf(record), ...madeBy(record)]),
    ...others.map((other) => `another run  ${plain(other.runId, 80)}, ${resultOf(other)}`),
    '',
    ...renderLog(log, isWhole),
  ].join('\n');
}

/** Without those that are not known. */
const shown = (facts: readonly Fact[]): string[] =>
  align(facts.flatMap(([name, value]) => (value === null ? [] : [[name, value]])));

const factsOf = ({ jobId, runId, appName, version, bundleId, target }: JobRecord): Fact[] => [
  ['job', plain(jobId, 256)],
  ['run', plain(runId, 256)],
  ['app', appName && plain([appName, version, bundleId && `(${bundleId})`].filter(Boolean).join(' '), 600)],
  ['target', target],
];

function endOf(record: JobRecord): Fact[] {
  const { failure, receivedAtMs, startedAtMs, durationMs } = record;
  const sentence = (text: string | undefined) => (text ? plain(text, MAX_SENTENCE_CHARACTERS) : null);
  return [
    ['result', resultOf(record)],
    ['error', failure && plain(failure.code)],
    ['what', sentence(failure?.summary)],
    ['why', sentence(failure?.reason)],
    ['next step', sentence(failure?.nextStep)],
    ['received', moment(receivedAtMs ?? startedAtMs)],
    ['took', took(durationMs)],
  ];
}

function resultOf({ result, stage, endedAtMs }: JobRecord): string {
  const during = stage === null || result === 'succeeded' ? '' : ` at "${stage}"`;
  return `${result}${during}${endedAtMs === null ? '' : `, ${moment(endedAtMs)}`}`;
}

function workOf({ stages, waits, retries, isResumed }: JobRecord): Fact[] {
  const times = stages.map(({ stage, durationMs }) => `${stage} ${took(durationMs)}`);
  const waited = [
    `slot ${took(waits.slotMs)}`,
    `machine ${took(waits.machineMs)}`,
    `Apple ${took(waits.appleMs)}`,
  ];
  return [
    ['stages', times.length > 0 ? times.join(', ') : null],
    ['waited for', waited.join(', ')],
    ['retries', String(retries)],
    ['resumed', isResumed ? 'the app was signed before a restart' : null],
  ];
}

function madeBy(record: JobRecord): Fact[] {
  const { bytes, artifacts, machine, leakedMachine, submissions, publishedAs } = record;
  return [
    ['bundle', bytes.bundle === null ? null : `${size(bytes.bundle)} unpacked`],
    ...artifacts.map(
      ({ name, sizeBytes, sha256Hex }): Fact => [
        'artifact',
        `${plain(name, 256)}, ${size(sizeBytes)}, SHA-256 ${sha256Hex}`,
      ],
    ),
    ['machine', machine && `${plain(machine, 80)}${leakedMachine === null ? '' : ', could not be deleted'}`],
    ['submitted', submissions.length > 0 ? plain(submissions.join(', '), 1_000) : null],
    ['published', publishedAs && `as upload ${plain(publishedAs, 256)}`],
  ];
}
