import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from './records.ts';

const takenJob = z.object({
  jobId: z.string(),
  assignmentId: z.string(),
  takenAtMs: z.number(),
  /**
   * How the hub sees the job. `open`: running here. `answered`: its result is written to the link, or about to be.
   * `requeued`: taken back when a link broke. `interrupted`: running in a process of ours that was killed.
   */
  standing: z.enum(['open', 'answered', 'requeued', 'interrupted']),
});
const journal = z.object({ lastAssigned: z.string().nullable(), jobs: z.array(takenJob) });

type TakenJob = z.output<typeof takenJob>;
type Standing = TakenJob['standing'];
/** A job that the previous process was killed in and that the hub still counts as running there. */
export type InterruptedJob = Omit<TakenJob, 'standing'>;

/**
 * What the hub has given to this worker and not heard the result of: on the disk before any work begins, so that a
 * killed process leaves no job without an answer. Holds ids and times, never a secret.
 *
 * The hub takes back one job of a link that breaks: the one it assigned last, unless a result of any job was said after
 * that. This mirrors the same slot, which decides what becomes of each job when this process is killed.
 */
export interface TakenJobs {
  /** The hub assigned this job; it takes the place of an earlier assignment of the same one. On the disk when it returns. */
  taken(assignmentId: string, jobId: string): Promise<void>;
  /** Results are about to be said. On the disk when it returns: a killed process never says one twice. */
  answering(assignmentIds: readonly string[]): Promise<void>;
  /** The link to the hub broke, or was closed. */
  linkLost(): void;
  /** What was said of interrupted jobs, on a link of its own, is not known to have arrived. */
  notHeard(assignmentIds: readonly string[]): void;
  /** The hub has the result, or the job is somebody else's now. */
  settled(assignmentId: string): void;
  readonly interrupted: readonly InterruptedJob[];
  /** Resolves when everything so far is on the disk. */
  written(): Promise<void>;
}

/** The journal in `<stateDir>/journal/jobs.json`, as the previous process left it; written when something changes. */
export async function openTakenJobs(stateDir: string): Promise<TakenJobs> {
  const path = join(stateDir, 'journal', 'jobs.json');
  const ledger = new Ledger(leftBehind(await readFile(path, 'utf8').catch(() => '')));
  const save = coalesced(async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeWhole(path, `${ledger.text()}\n`, `${path}.draft`);
  });
  const saveLater = (isChanged: boolean): void => {
    // what could not be written is part of the next attempt
    if (isChanged) void save().catch(() => {});
  };
  return {
    taken: (assignmentId, jobId) => {
      ledger.take({ assignmentId, jobId, takenAtMs: Date.now(), standing: 'open' });
      return save();
    },
    answering: (assignmentIds) => {
      ledger.answer(assignmentIds);
      return save();
    },
    linkLost: () => saveLater(ledger.loseLink()),
    notHeard: (assignmentIds) => saveLater(ledger.interrupt(assignmentIds)),
    settled: (assignmentId) => saveLater(ledger.settle(assignmentId)),
    get interrupted() {
      return ledger.jobs.filter(({ standing }) => standing === 'interrupted');
    },
    written: () => save().catch(() => {}),
  };
}

/** The hub's view of our jobs; each method says whether it changed anything. */
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

  text(): string {
    return JSON.stringify({ lastAssigned: this.#lastAssigned, jobs: this.jobs });
  }

  take(job: TakenJob): void {
    const earlier = this.#byJob.get(job.jobId);
    if (earlier) this.settle(earlier.assignmentId);
    this.#put(job);
    this.#lastAssigned = job.jobId;
  }

  answer(assignmentIds: readonly string[]): void {
    for (const id of assignmentIds) this.#stand(id, 'answered');
    this.#lastAssigned = null;
  }

  interrupt(assignmentIds: readonly string[]): boolean {
    return assignmentIds.filter((id) => this.#stand(id, 'interrupted')).length > 0;
  }

  /** Results that the link has not proven to have arrived are open again. */
  loseLink(): boolean {
    const last = this.#byJob.get(this.#lastAssigned ?? '');
    if (last) this.#stand(last.assignmentId, 'requeued');
    const unproven = this.jobs.filter(({ standing }) => standing === 'answered');
    for (const { assignmentId } of unproven) this.#stand(assignmentId, 'open');
    this.#lastAssigned = null;
    return last !== undefined || unproven.length > 0;
  }

  settle(assignmentId: string): boolean {
    const jobId = this.#jobOf.get(assignmentId);
    if (jobId === undefined) return false;
    this.#jobOf.delete(assignmentId);
    return this.#byJob.delete(jobId);
  }

  #put(job: TakenJob): void {
    this.#byJob.set(job.jobId, job);
    this.#jobOf.set(job.assignmentId, job.jobId);
  }

  #stand(assignmentId: string, standing: Standing): boolean {
    const job = this.#byJob.get(this.#jobOf.get(assignmentId) ?? '');
    if (job) this.#byJob.set(job.jobId, { ...job, standing });
    return job !== undefined;
  }
}

/** A kill is the end of a link as well: what the hub took back then, and what it was told, is no business of ours. */
function leftBehind(text: string): TakenJob[] {
  const { lastAssigned, jobs } = parsed(text);
  return jobs
    .filter(({ jobId, standing }) => jobId !== lastAssigned && /^(open|interrupted)$/.test(standing))
    .map((job) => ({ ...job, standing: 'interrupted' }));
}

function parsed(text: string): z.output<typeof journal> {
  try {
    return journal.parse(JSON.parse(text));
  } catch {
    return { lastAssigned: null, jobs: [] };
  }
}

/** One write at a time, of how things stand when it begins: calls that come meanwhile share the next one. */
function coalesced(write: () => Promise<void>): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const writing = write();
      running = writing.catch(() => {});
      return writing;
    });
    return next;
  };
}
