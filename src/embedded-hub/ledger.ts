import { randomUUID } from 'node:crypto';
import type { HubJob, WireMessage, WorkerEntry, WorkerView } from './types.ts';

/** A job that lost its worker is given out again this often. */
const MAX_REQUEUES = 3;

export interface LedgerHooks {
  readonly publicUrl: () => string;
  readonly relay: (jobId: string, message: WireMessage) => void;
  readonly assigned: (jobId: string, token: string, worker: WorkerEntry) => void;
  /** The file to hand to the finishing stage when a job is sent on; see `needs_finishing`. */
  readonly artifactPath: (jobId: string) => string | undefined;
}

/**
 * The hub's bookkeeping with its oddities, which are not repaired here because workers have to live with them:
 * `active` and `max` stay at their index when an earlier worker leaves, `error` and `complete` each free a slot,
 * only the last assigned job of a worker is known to be his, and each event dispatches at most one job.
 */
export class Ledger {
  readonly jobs = new Map<string, HubJob>();
  readonly tokens = new Map<string, string>();
  readonly #hooks: LedgerHooks;
  readonly #queue: string[] = [];
  readonly #workers: WorkerEntry[] = [];
  readonly #active: number[] = [];
  readonly #max: number[] = [];

  constructor(hooks: LedgerHooks) {
    this.#hooks = hooks;
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  workers(): WorkerView[] {
    return this.#workers.map(({ name, capabilities, job, busy }, index) => {
      const active = this.#active[index] ?? 0;
      return { name, capabilities, job, busy, active, max: this.#max[index] ?? 1 };
    });
  }

  submit(job: HubJob): void {
    this.jobs.set(job.id, job);
    this.#queue.push(job.id);
    this.dispatchOne();
  }

  register(worker: WorkerEntry, maxConcurrent: number): void {
    const index = this.#workers.push(worker) - 1;
    this.#active[index] = 0;
    this.#max[index] = maxConcurrent;
  }

  /** Takes the head of the queue and gives it to the first worker that has room, or leaves everything. */
  dispatchOne(): void {
    const job = this.#takeHead();
    if (!job) return;
    const targets = targetsOf(job);
    const index = this.#workers.findIndex(
      ({ capabilities }, at) => this.#hasRoom(at) && targets.every((target) => capabilities.includes(target)),
    );
    const worker = this.#workers[index];
    if (worker) this.#assign(job, worker, index);
    else this.#queue.unshift(job.id);
  }

  #takeHead(): HubJob | undefined {
    for (let id = this.#queue.shift(); id !== undefined; id = this.#queue.shift()) {
      const job = this.jobs.get(id);
      if (job?.status === 'queued') return job;
    }
    return undefined;
  }

  #hasRoom(index: number): boolean {
    return (this.#active[index] ?? 0) < (this.#max[index] ?? 1);
  }

  #assign(job: HubJob, worker: WorkerEntry, index: number): void {
    const token = randomUUID();
    this.#active[index] = (this.#active[index] ?? 0) + 1;
    worker.busy = true;
    worker.job = job.id;
    job.status = 'running';
    job.holder = worker.name;
    this.tokens.set(job.id, token);
    this.#hooks.assigned(job.id, token, worker);
    const base = `${this.#hooks.publicUrl()}/api/v1`;
    worker.send({
      type: 'job_assign',
      job_id: job.id,
      auth_token: token,
      manifest: job.manifest,
      credentials: job.credentials,
      tarball_url: `${base}/tarball/${job.id}`,
      artifact_upload_url: `${base}/artifact/upload/${job.id}`,
    });
  }

  /** Whether a job waits, or is done by a worker of another name; a worker keeps its jobs over a new connection. */
  isForeign(jobId: string, worker: WorkerEntry): boolean {
    const job = this.jobs.get(jobId);
    return job?.status === 'queued' || (job?.status === 'running' && job.holder !== worker.name);
  }

  /** `error` of a worker: the status of the job stays as it is. */
  error(worker: WorkerEntry, message: WireMessage): void {
    const id = resolveJobId(message, worker);
    if (id === '') return;
    this.#hooks.relay(id, message);
    this.#release(worker);
  }

  complete(worker: WorkerEntry, message: WireMessage): void {
    const id = resolveJobId(message, worker);
    if (id === '') return;
    const job = this.jobs.get(id);
    this.tokens.delete(id);
    if (job && message.success === true && message.needs_finishing && job.status === 'running') {
      this.#sendOn(job, String(message.needs_finishing));
    } else {
      if (job) finish(job, message.success === true);
      this.#hooks.relay(id, message);
    }
    this.#release(worker);
  }

  /** The first stage is done: the same job again, for the workers that sign. */
  #sendOn(job: HubJob, platform: string): void {
    job.bundlePath = this.#hooks.artifactPath(job.id) ?? job.bundlePath;
    job.manifest.targets = [`${platform}-sign`];
    job.status = 'queued';
    this.#queue.unshift(job.id);
    const message = 'Routing to platform worker for signing and packaging...';
    this.#hooks.relay(job.id, { type: 'stage', job_id: job.id, stage: 'signing', message });
  }

  #release(worker: WorkerEntry): void {
    const index = this.#workers.indexOf(worker);
    const active = Math.max(0, (this.#active[index] || 1) - 1);
    this.#active[index] = active;
    worker.busy = active > 0;
    worker.job = '';
    this.dispatchOne();
  }

  /** The connection of a worker ended. */
  leave(worker: WorkerEntry): void {
    const index = this.#workers.indexOf(worker);
    if (index < 0) return;
    const job = this.jobs.get(worker.job);
    if (worker.busy && job?.status === 'running') this.#takeBack(job);
    // the counts of the later workers are left behind at their old index, as the hub does it
    this.#workers.splice(index, 1);
    this.dispatchOne();
  }

  #takeBack(job: HubJob): void {
    this.tokens.delete(job.id);
    if (job.requeues >= MAX_REQUEUES) this.#giveUp(job);
    else this.#requeue(job);
  }

  #requeue(job: HubJob): void {
    job.requeues += 1;
    job.status = 'queued';
    this.#queue.unshift(job.id);
    const message = `Builder disconnected, re-queued (attempt ${job.requeues})`;
    this.#hooks.relay(job.id, { type: 'queue_update', job_id: job.id, position: 1, message });
  }

  /** The `error` of the hub itself names no job. */
  #giveUp(job: HubJob): void {
    job.status = 'failed';
    const error = 'Builder disconnected';
    this.#hooks.relay(job.id, { type: 'error', code: 'INTERNAL_ERROR', message: error });
    const end = { job_id: job.id, success: false, duration_secs: 0, artifacts: [], error };
    this.#hooks.relay(job.id, { type: 'complete', ...end });
  }

  /** False when the hub does not know whom to tell: only the last assigned job of a worker can be cancelled. */
  cancel(jobId: string): boolean {
    const worker = this.#workers.find(({ job }) => job === jobId);
    if (!worker || this.jobs.get(jobId)?.status !== 'running') return false;
    worker.send({ type: 'cancel', job_id: jobId });
    return true;
  }
}

/** The job a message is about: the one it names, else the last that was assigned to the sender. */
export const resolveJobId = (message: WireMessage, worker: WorkerEntry): string =>
  typeof message.job_id === 'string' && message.job_id !== '' ? message.job_id : worker.job;

const targetsOf = ({ manifest }: HubJob): string[] =>
  Array.isArray(manifest.targets) ? manifest.targets.map((target) => String(target).toLowerCase()) : [];

function finish(job: HubJob, isSuccess: boolean): void {
  job.status = isSuccess ? 'completed' : 'failed';
  job.bundlePath = undefined;
}
