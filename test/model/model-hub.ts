import type { HubReport } from '../../machines/contracts/hub.ts';

interface ModelJob {
  readonly jobId: string;
  status: 'queued' | 'running' | 'done';
  /** The assignment whose token is alive. */
  token: string | null;
  /** Tokens under which an artifact was taken. */
  readonly uploads: string[];
}

type Conclusion = Extract<HubReport, { kind: 'conclusion' }>;

/**
 * What a hub does with its jobs, as far as a worker can tell: one slot for the last assigned job, emptied by every
 * conclusion; a broken link gives that job back to the queue and kills its token, and all others stay running.
 */
export class ModelHub {
  /** What went wrong, in the eyes of the users. */
  readonly complaints: string[] = [];
  readonly #jobs = new Map<string, ModelJob>();
  /** Runs whose uploads ahead of the check may end. */
  readonly #released = new Set<string>();
  #slot: string | null = null;
  #lastId = 0;

  submit(): void {
    this.#lastId += 1;
    const jobId = `job${this.#lastId}`;
    this.#jobs.set(jobId, { jobId, status: 'queued', token: null, uploads: [] });
  }

  get queued(): string[] {
    return this.#with('queued');
  }

  get running(): string[] {
    return this.#with('running');
  }

  #with(status: ModelJob['status']): string[] {
    return [...this.#jobs.values()].filter((job) => job.status === status).map(({ jobId }) => jobId);
  }

  /** The one job that can be cancelled. */
  get cancellable(): string | null {
    return this.#slot;
  }

  /** Also a job that is running: then its earlier token dies. */
  assign(jobId: string): string {
    this.#lastId += 1;
    const token = `a${this.#lastId}`;
    const job = this.#jobs.get(jobId) as ModelJob;
    job.status = 'running';
    job.token = token;
    this.#slot = jobId;
    return token;
  }

  knows(token: string): boolean {
    return [...this.#jobs.values()].some((job) => job.token === token);
  }

  /** The last bytes of what a run sends ahead of its check may leave. */
  release(runId: string): void {
    this.#released.add(runId);
  }

  isReleased(runId: string): boolean {
    return this.#released.has(runId);
  }

  /** False: the token is dead. */
  upload(token: string): boolean {
    const job = [...this.#jobs.values()].find((known) => known.token === token);
    job?.uploads.push(token);
    return job !== undefined;
  }

  hear({ jobId, assignmentId, conclusion }: Conclusion, isExcused: boolean): void {
    this.#slot = null;
    const job = this.#jobs.get(jobId);
    if (!job) return;
    if (conclusion.outcome === 'returned' && job.status === 'running') return this.#takeBack(job, isExcused);
    const said = `${conclusion.outcome} for ${jobId} under ${assignmentId}`;
    if (conclusion.outcome === 'succeeded' && !job.uploads.includes(assignmentId))
      this.complaints.push(`${said}, without an artifact`);
    if (job.status === 'done' && !isExcused) this.complaints.push(`${said}, which was done`);
    if (job.status !== 'done' && job.token !== assignmentId && !isExcused)
      this.complaints.push(`${said}, which is under ${job.token} now`);
    job.status = 'done';
    job.token = null;
  }

  /** One that does not run would be completed by that. */
  #takeBack(job: ModelJob, isExcused: boolean): void {
    if (job.uploads.length > 0 && !isExcused)
      this.complaints.push(`${job.jobId} was handed back, with its artifact as its bundle`);
    job.status = 'queued';
    job.token = null;
  }

  /** The connection of the worker ended. */
  lose(): void {
    const job = this.#slot === null ? undefined : this.#jobs.get(this.#slot);
    this.#slot = null;
    if (job?.status !== 'running') return;
    job.status = 'queued';
    job.token = null;
  }
}
