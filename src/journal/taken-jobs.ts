import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { setAside } from '../files/disk/set-aside.ts';
import { openLineFile } from './line-file.ts';

const takenJob = z.object({
  jobId: z.string(),
  assignmentId: z.string(),
  takenAtMs: z.number(),
  /**
   * How the hub sees the job. `open`: running here. `answered`: its result is written to the link, or about to be.
   * `requeued`: taken back when a link broke. `interrupted`: running in a process of ours that was killed. `unsure`: it
   * may run there still, or be over, or have been taken back.
   */
  standing: z.enum(['open', 'answered', 'requeued', 'interrupted', 'unsure']),
});
const ids = z.array(z.string());
/** One line of the journal. */
const entry = z.discriminatedUnion('type', [
  z.object({ type: z.literal('taken'), job: takenJob }),
  z.object({ type: z.literal('answering'), ids }),
  z.object({ type: z.literal('notHeard'), ids }),
  z.object({ type: z.literal('linkLost') }),
  z.object({ type: z.literal('settled'), id: z.string() }),
  /** At the end of what stands for many lines: the hub's slot. */
  z.object({ type: z.literal('last'), jobId: z.string().nullable() }),
]);

type TakenJob = z.output<typeof takenJob>;
type Standing = TakenJob['standing'];
type Entry = z.output<typeof entry>;
/** A job that the previous process was killed in and that the hub still counts as running there. */
export type InterruptedJob = Omit<TakenJob, 'standing'>;

/**
 * What the hub has given to this worker and not heard the result of, so that a killed process leaves no job without an
 * answer. Holds ids and times, never a secret.
 *
 * The hub takes back one job of a link that breaks: the one it assigned last, unless a result of any job was said after
 * that. This mirrors the same slot, which decides what becomes of each job when this process is killed.
 *
 * Every change is with the system when its call returns, at once and in order: a kill between the arrival of a job and
 * its line would lose it.
 */
export interface TakenJobs {
  /**
   * The hub assigned this job; it takes the place of an earlier assignment of the same one. Survives a loss of power
   * as well when it resolves.
   */
  taken(assignmentId: string, jobId: string): Promise<void>;
  /** Results are about to be said: a killed process never says one twice. */
  answering(assignmentIds: readonly string[]): void;
  /** The link to the hub broke, or was closed. */
  linkLost(): void;
  /** What was said of interrupted jobs, on a link of its own, is not known to have arrived. */
  notHeard(assignmentIds: readonly string[]): void;
  /** The hub has the result, or the job is somebody else's now. */
  settled(assignmentIds: readonly string[]): void;
  readonly interrupted: readonly InterruptedJob[];
  /**
   * Jobs that the hub took back, when a link broke or a process was killed, unless it had assigned one more that was not
   * read; and those whose result was written to a link, which may have been dead by then.
   */
  readonly unsure: readonly InterruptedJob[];
  /** Lets go of the file; a change that comes after all is written as well. */
  close(): void;
}

/**
 * The journal in `<stateDir>/journal/jobs.jsonl`, as the previous process left it; written when something changes. One that
 * cannot be read in full is moved aside.
 *
 * @param onFault told when a change could not be written: until the next one that can, a kill may lose jobs
 * @param onMoved told where what could not be read is kept
 * @throws ShipError STATE_UNREADABLE when it cannot be moved aside
 */
export function openTakenJobs(
  stateDir: string,
  onFault: (error: unknown) => void = () => {},
  onMoved: (place: string) => void = () => {},
): TakenJobs {
  const path = join(stateDir, 'journal', 'jobs.jsonl');
  const { entries, isWhole } = entriesIn(path);
  if (!isWhole) onMoved(setAside(path));
  const ledger = new Ledger(leftBehind(entries));
  const lines = openLineFile(path, () => ledger.summary());
  const write = (made: readonly Entry[]): void => {
    try {
      lines.append(made);
    } catch (error) {
      onFault(error);
    }
  };
  const note = (changes: readonly Entry[]): void => {
    const made = changes.filter((change) => ledger.apply(change));
    if (made.length > 0) write(made);
  };
  // what could be read is kept for the process after this one too
  if (!isWhole) write([]);
  return {
    taken: (assignmentId, jobId) => {
      note([{ type: 'taken', job: { assignmentId, jobId, takenAtMs: Date.now(), standing: 'open' } }]);
      return lines.onDisk().catch(onFault);
    },
    answering: (assignmentIds) => note([{ type: 'answering', ids: [...assignmentIds] }]),
    notHeard: (assignmentIds) => note([{ type: 'notHeard', ids: [...assignmentIds] }]),
    linkLost: () => note([{ type: 'linkLost' }]),
    settled: (assignmentIds) => note(assignmentIds.map((id) => ({ type: 'settled', id }))),
    get interrupted() {
      return ledger.jobs.filter(({ standing }) => standing === 'interrupted');
    },
    get unsure() {
      return ledger.jobs.filter(({ standing }) => standing === 'unsure');
    },
    close: () => lines.close(),
  };
}

/** The hub's view of our jobs. */
class Ledger {
  readonly #byJob = new Map<string, TakenJob>();
  readonly #jobOf = new Map<string, string>();
  /** Mirror of the hub's slot for this worker. */
  #lastAssigned: string | null = null;

  constructor(jobs: readonly TakenJob[]) {
    for (const job of jobs) this.#put(job);
  }

  get jobs(): readonly TakenJob[] {
    return [...this.#byJob.values()];
  }

  /** False when nothing changed. */
  apply(change: Entry): boolean {
    switch (change.type) {
      case 'taken':
        return this.#take(change.job);
      case 'answering':
        return this.#answer(change.ids);
      case 'notHeard':
        return this.#standAll(change.ids, 'interrupted');
      case 'linkLost':
        return this.#loseLink();
      case 'settled':
        return this.#settle(change.id);
      case 'last':
        this.#lastAssigned = change.jobId;
        return true;
    }
  }

  summary(): Entry[] {
    const taken = this.jobs.map((job): Entry => ({ type: 'taken', job }));
    return [...taken, { type: 'last', jobId: this.#lastAssigned }];
  }

  get lastAssigned(): string | null {
    return this.#lastAssigned;
  }

  #take(job: TakenJob): boolean {
    const earlier = this.#byJob.get(job.jobId);
    if (earlier) this.#settle(earlier.assignmentId);
    this.#put(job);
    this.#lastAssigned = job.jobId;
    return true;
  }

  /** Interrupted jobs are answered on a link of their own, which leaves the slot of this one alone. */
  #answer(assignmentIds: readonly string[]): boolean {
    const isOnThisLink = assignmentIds.some((id) => !isOfEarlierProcess(this.#jobNamed(id)));
    if (isOnThisLink) this.#lastAssigned = null;
    return this.#standAll(assignmentIds, 'answered') || isOnThisLink;
  }

  /** Results that the link has not proven to have arrived are open again. */
  #loseLink(): boolean {
    const last = this.#byJob.get(this.#lastAssigned ?? '');
    if (last) this.#stand(last.assignmentId, 'requeued');
    const unproven = this.jobs.filter(({ standing }) => standing === 'answered');
    for (const { assignmentId } of unproven) this.#stand(assignmentId, 'open');
    this.#lastAssigned = null;
    return last !== undefined || unproven.length > 0;
  }

  #settle(assignmentId: string): boolean {
    const jobId = this.#jobOf.get(assignmentId);
    if (jobId === undefined) return false;
    this.#jobOf.delete(assignmentId);
    return this.#byJob.delete(jobId);
  }

  #put(job: TakenJob): void {
    this.#byJob.set(job.jobId, job);
    this.#jobOf.set(job.assignmentId, job.jobId);
  }

  #jobNamed(assignmentId: string): TakenJob | undefined {
    return this.#byJob.get(this.#jobOf.get(assignmentId) ?? '');
  }

  #standAll(assignmentIds: readonly string[], standing: Standing): boolean {
    return assignmentIds.filter((id) => this.#stand(id, standing)).length > 0;
  }

  #stand(assignmentId: string, standing: Standing): boolean {
    const job = this.#jobNamed(assignmentId);
    if (job) this.#byJob.set(job.jobId, { ...job, standing });
    return job !== undefined;
  }
}

const isOfEarlierProcess = (job: TakenJob | undefined): boolean =>
  job?.standing === 'interrupted' || job?.standing === 'unsure';

function leftBehind(entries: readonly Entry[]): TakenJob[] {
  const ledger = new Ledger([]);
  for (const change of entries) ledger.apply(change);
  return ledger.jobs.map((job) => {
    const isSure = job.standing === 'open' || job.standing === 'interrupted';
    const isLost = isSure && job.jobId !== ledger.lastAssigned;
    return { ...job, standing: isLost ? 'interrupted' : 'unsure' };
  });
}

/** Lines that a disk lost are left out; `isWhole`: it has lost none but the last, which a kill may tear. */
function entriesIn(path: string): { readonly entries: readonly Entry[]; readonly isWhole: boolean } {
  try {
    // a pipe would never answer
    if (!statSync(path).isFile()) return { entries: [], isWhole: false };
    const lines = readFileSync(path, 'utf8').split('\n');
    const read = lines.map(entryIn);
    const isWhole = read.slice(0, -1).every((entries) => entries.length > 0) && isTorn(lines.at(-1));
    return { entries: read.flat(), isWhole };
  } catch (error) {
    return { entries: [], isWhole: (error as NodeJS.ErrnoException).code === 'ENOENT' };
  }
}

/** What a kill leaves of the last line: nothing, or its beginning. */
const isTorn = (line = ''): boolean => line === '' || line.startsWith('{');

function entryIn(line: string): Entry[] {
  try {
    return [entry.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
