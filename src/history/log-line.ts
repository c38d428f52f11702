import type { LogEntry } from './record.ts';

/** A line of the log that is about a job, as long as nobody has said of which run. */
export interface HeardLine {
  readonly entry: LogEntry;
  readonly run: string | undefined;
  readonly job: string | undefined;
  readonly vm: string | undefined;
}

const MAX_MESSAGE_CHARACTERS = 4_000;
const MAX_FACTS_CHARACTERS = 8_000;

/** Saves the lines that are about the daemon itself from being read. */
const NAMES_A_JOB = ['"job":"', '"run":"', '"vm":"'];

/**
 * A finished line of the log, which has been redacted; `undefined` when it is about no job.
 *
 * @param line - one JSON object
 */
export function heardLine(line: string): HeardLine | undefined {
  if (!NAMES_A_JOB.some((name) => line.includes(name))) return undefined;
  const { level, time, msg, job, run, vm, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const named = { run: textOrNothing(run), job: textOrNothing(job), vm: textOrNothing(vm) };
  if (Object.values(named).every((name) => name === undefined)) return undefined;
  const entry = {
    atMs: typeof time === 'number' ? time : 0,
    level: typeof level === 'number' ? level : 30,
    message: String(msg ?? '').slice(0, MAX_MESSAGE_CHARACTERS),
    facts: bounded({ ...(named.vm !== undefined && { vm: named.vm }), ...facts }),
  };
  return { entry, ...named };
}

const textOrNothing = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** What is too long is kept as the beginning of its text. */
function bounded(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const text = JSON.stringify(facts);
  return text.length <= MAX_FACTS_CHARACTERS ? facts : { cut: text.slice(0, MAX_FACTS_CHARACTERS) };
}
