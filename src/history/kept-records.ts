import type { JobRecord, ListOptions } from './record.ts';

/** Refused assignments may come in floods, and are not to push out what became of jobs that ran. */
const NOT_TAKEN_SHARE = 5;

export const isFailure = ({ result }: JobRecord): boolean =>
  result === 'failed' || result === 'notTaken' || result === 'interrupted';

/** The newest records, as many as are to be kept, in memory. */
export class KeptRecords {
  readonly #limit: number;
  /** In the order of their ends; runs that go on are where they began. */
  readonly #byRun = new Map<string, JobRecord>();
  #notTaken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns those that are not kept any more */
  put(record: JobRecord): JobRecord[] {
    this.#remove(record.runId);
    this.#byRun.set(record.runId, record);
    if (record.result === 'notTaken') this.#notTaken += 1;
    return this.#evicted();
  }

  has(runId: string): boolean {
    return this.#byRun.has(runId);
  }

  /** In the order in which they were put last. */
  get all(): readonly JobRecord[] {
    return [...this.#byRun.values()];
  }

  #evicted(): JobRecord[] {
    const gone: JobRecord[] = [];
    for (let oldest = this.#tooMuch(); oldest; oldest = this.#tooMuch()) {
      this.#remove(oldest.runId);
      gone.push(oldest);
    }
    return gone;
  }

  #tooMuch(): JobRecord | undefined {
    if (this.#notTaken > this.#limit / NOT_TAKEN_SHARE)
      return this.#oldest(({ result }) => result === 'notTaken');
    return this.#byRun.size > this.#limit ? this.#oldest(({ result }) => result !== 'running') : undefined;
  }

  #oldest(isMeant: (record: JobRecord) => boolean): JobRecord | undefined {
    for (const record of this.#byRun.values()) if (isMeant(record)) return record;
    return undefined;
  }

  #remove(runId: string): void {
    if (this.#byRun.get(runId)?.result === 'notTaken') this.#notTaken -= 1;
    this.#byRun.delete(runId);
  }
}

/** Newest first: what goes on, then what ended last. */
export function selected(
  records: readonly JobRecord[],
  { limit = Number.POSITIVE_INFINITY, failedOnly = false, endedOnly = false, sinceMs = 0 }: ListOptions = {},
): JobRecord[] {
  const endOf = ({ endedAtMs }: JobRecord): number => endedAtMs ?? Number.POSITIVE_INFINITY;
  return records
    .filter((record) => !failedOnly || isFailure(record))
    .filter((record) => (!endedOnly || record.result !== 'running') && endOf(record) >= sinceMs)
    .sort((a, b) => compare(endOf(b), endOf(a)) || compare(b.startedAtMs, a.startedAtMs))
    .slice(0, limit);
}

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
