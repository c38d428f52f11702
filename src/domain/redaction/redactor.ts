import { formsOf, soughtPart } from './secret-forms.ts';
import { compileMatcher, isWholeWord, type Replace } from './text-matcher.ts';

const MASK = '[redacted]';

/** Takes known secrets out of a text that people wrote for people. Never for names, codes and ids. */
export type Redact = Replace;

/** Takes exactly these secrets out of a text; compiled once, linear in the text. */
export function redactWith(secrets: readonly string[]): Redact {
  const { words, texts } = formsOf(secrets);
  const replaceTexts = compileMatcher(texts, MASK);
  const replaceWords = compileMatcher(words, MASK, isWholeWord);
  return (text) => replaceWords(replaceTexts(text));
}

/** Knows which secrets are in force, and in whose texts: one job never blanks the words of another. */
export interface Redactor {
  /**
   * @param owner - groups secrets, so that all of one assignment or run are forgotten at once
   * @param jobId - in whose texts they are hidden; left out, they are the worker's own and hidden in all; an owner
   *   belongs to one job for good
   */
  add(owner: string, secrets: readonly string[], jobId?: string): void;
  forget(owner: string): void;
  /** For texts of one job. */
  ofJob(jobId: string): Redact;
  /** For texts of the worker itself. */
  readonly ofWorker: Redact;
  /** For texts of which nobody knows whose they are, such as an error that nobody caught. */
  readonly ofAnyJob: Redact;
}

type Owner = string;

/** Of more jobs than speak at the same time; the one unused for longest is compiled again when it speaks. */
const MAX_COMPILED = 16;

export function createRedactor(): Redactor {
  const secretsOf = new Map<string | undefined, Map<Owner, readonly string[]>>([[undefined, new Map()]]);
  const jobOf = new Map<Owner, string | undefined>();
  const compiled = new Map<string | undefined, Redact>();
  const redactFor = (jobId: string | undefined): Redact => {
    const known = compiled.get(jobId);
    if (known) {
      // moved to the end: the first is the one that has not been used for longest
      compiled.delete(jobId);
      compiled.set(jobId, known);
      return known;
    }
    const mine = secretsOf.get(jobId);
    if (!mine) return redactFor(undefined);
    const workers = secretsOf.get(undefined)?.values() ?? [];
    const redact = redactWith([...workers, ...mine.values()].flat());
    compiled.set(jobId, redact);
    if (compiled.size > MAX_COMPILED) compiled.delete(compiled.keys().next().value);
    return redact;
  };
  const outdate = (jobId: string | undefined) =>
    jobId === undefined ? compiled.clear() : compiled.delete(jobId);
  return {
    add: (owner, secrets, jobId) => {
      const mine = secretsOf.get(jobId) ?? new Map<Owner, readonly string[]>();
      mine.set(owner, [...(mine.get(owner) ?? []), ...secrets.map(soughtPart)]);
      secretsOf.set(jobId, mine);
      jobOf.set(owner, jobId);
      outdate(jobId);
    },
    forget: (owner) => {
      if (!jobOf.has(owner)) return;
      const jobId = jobOf.get(owner);
      const mine = secretsOf.get(jobId);
      mine?.delete(owner);
      if (jobId !== undefined && mine?.size === 0) secretsOf.delete(jobId);
      jobOf.delete(owner);
      outdate(jobId);
    },
    ofJob: (jobId) => (text) => redactFor(jobId)(text),
    ofWorker: (text) => redactFor(undefined)(text),
    ofAnyJob: (text) => [...secretsOf.keys()].reduce<string>((clean, jobId) => redactFor(jobId)(clean), text),
  };
}
