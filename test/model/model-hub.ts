import type { HubReport } from '../../machines/contracts/hub.ts';

export interface ModelJob {
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
  readonly jobs = new Map<string, ModelJob>();
  /** What went wrong, in the eyes of the users. */
  readonly complaints: string[] = [];
  #slot: string | null = null;
  #lastId = 0;

  submit(): ModelJob {
    this.#lastId += 1;
    const job: ModelJob = { jobId: `job${this.#lastId}`, status: 'queued', token: null, uploads: [] };
    this.jobs.set(job.jobId, job);
    return job;
  }

  get queued(): ModelJob[] {
    return [...this.jobs.values()].filter(({ status }) => status === 'queued');
  }

  get running(): ModelJob[] {
    return [...this.jobs.values()].filter(({ status }) => status === 'running');
  }

  /** The one job that can be cancelled. */
  get cancellable(): string | null {
    return this.#slot;
  }

  assign(job: ModelJob): string {
    this.#lastId += 1;
    job.status = 'running';
    job.token = `a${this.#lastId}`;
    this.#slot = job.jobId;
    return job.token;
  }

  /** Hands a running job out again, as after a lost connection that only the hub has noticed. */
  reassign(job: ModelJob): string {
    return this.assign(job);
  }

  knows(token: string): boolean {
    return [...this.jobs.values()].some((job) => job.token === token && job.status === 'running');
  }

  /** False: the token is dead. */
  upload(token: string): boolean {
    const job = [...this.jobs.values()].find((known) => known.token === token);
    job?.uploads.push(token);
    return job !== undefined;
  }

  hear({ jobId, assignmentId, conclusion }: Conclusion, isExcused: boolean): void {
    this.#slot = null;
    const job = this.jobs.get(jobId);
    if (!job) return;
    const said = `${conclusion.outcome} for ${jobId} under ${assignmentId}`;
    if (job.status === 'done') this.#complain(`${said}, which was done`, isExcused);
    else if (job.token !== assignmentId)
      this.#complain(`${said}, which is under ${job.token} now`, isExcused);
    else if (conclusion.outcome === 'succeeded' && !job.uploads.includes(assignmentId))
      this.#complain(`${said}, without an artifact`, false);
    job.status = 'done';
    job.token = null;
  }

  #complain(complaint: string, isExcused: boolean): void {
    if (!isExcused) this.complaints.push(complaint);
  }

  /** The connection of the worker ended; answers with the job that was given back. */
  lose(): string | null {
    const job = this.#slot === null ? undefined : this.jobs.get(this.#slot);
    this.#slot = null;
    if (job?.status !== 'running') return null;
    job.status = 'queued';
    job.token = null;
    return job.jobId;
  }
}
