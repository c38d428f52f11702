import type { Redactor } from '../domain/redaction/index.ts';

export type LineRedactor = Pick<Redactor, 'ofJob' | 'ofWorker' | 'ofAnyJob'>;
type Redact = (text: string) => string;

/** Fields that hold names, codes and ids: a program may look for them. Everything else is text for people. */
const AS_IS = new Set(
  'level time job run app target vm machine machines actor step state stage code kind outcome type name sha256Hex image instance'.split(
    ' ',
  ),
);
/** What is said of each assignment, in a flood of them as well: texts of ours that cost no redaction. */
export const JOB_ASSIGNED = 'job assigned';
export const JOB_NOT_TAKEN = 'job not taken in';
const OWN_TEXTS = new Set<unknown>([JOB_ASSIGNED, JOB_NOT_TAKEN]);
const LEFT_OUT = JSON.stringify({
  level: 50,
  msg: 'a line of the log could not be redacted and was left out',
});

/**
 * Redacts a finished line of the log, one JSON object. A line of a job is freed from the secrets of that job; of a line
 * that belongs to none, the error may hold those of any. Never throws: whoever logs has something else to do.
 */
export function redactLine(line: string, redactor: LineRedactor): string {
  try {
    const { err, ...entry } = JSON.parse(line) as { err?: unknown; job?: unknown };
    const ofJob = typeof entry.job === 'string' ? redactor.ofJob(entry.job) : undefined;
    const clean = redacted(entry, ofJob ?? redactor.ofWorker) as object;
    if (err !== undefined) Object.assign(clean, { err: redacted(err, ofJob ?? redactor.ofAnyJob) });
    return `${JSON.stringify(clean)}\n`;
  } catch {
    return `${LEFT_OUT}\n`;
  }
}

function redacted(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redacted(item, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isAsIs(name, inner) ? inner : redacted(inner, redact),
    ]),
  );
}

const isAsIs = (name: string, value: unknown): boolean =>
  (AS_IS.has(name) && (typeof value !== 'object' || Array.isArray(value))) ||
  (name === 'msg' && OWN_TEXTS.has(value));
