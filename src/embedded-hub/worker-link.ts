import type { RawData, WebSocket } from 'ws';
import type { Judge } from './judge.ts';
import { type Ledger, resolveJobId } from './ledger.ts';
import type { WireMessage, WorkerEntry } from './types.ts';

export interface WorkerLinkContext {
  readonly ledger: () => Ledger;
  readonly judge: Judge;
  readonly workerSecret: string;
  readonly expectedVersion: string;
  readonly relay: (jobId: string, message: WireMessage) => void;
  readonly changed: () => void;
}

/** `deaf`: a first frame `null` leaves a connection open that is never read again. */
type Phase =
  | { is: 'greeting' }
  | { is: 'deaf' }
  /** The sender of a job, who hears what is said of it. */
  | { is: 'subscribed'; jobId: string }
  | { is: 'working'; worker: WorkerEntry; ledger: Ledger };

const relayedTypes: ReadonlySet<string> = new Set(['stage', 'log', 'progress', 'published', 'queue_update']);

/** The hub's end of one WebSocket. */
export class WorkerLink {
  readonly #context: WorkerLinkContext;
  readonly #socket: WebSocket;
  /** Ends the TCP connection after what is queued was sent, without waiting for an answer. */
  readonly #hangUp: () => void;
  /** Its worker is not registered any more. */
  readonly ended: Promise<void>;
  #phase: Phase = { is: 'greeting' };
  #reach: 'live' | 'frozen' = 'live';

  constructor(socket: WebSocket, hangUp: () => void, context: WorkerLinkContext) {
    this.#context = context;
    this.#socket = socket;
    this.#hangUp = hangUp;
    socket.on('message', (data, isBinary) => this.#frame(data, isBinary));
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.#leave();
        resolve();
      });
    });
    socket.on('error', () => {});
  }

  /** Like a machine that lost its power: nothing is read or answered, and the end is not noticed either. */
  freeze(): void {
    this.#reach = 'frozen';
    this.#socket.pause();
  }

  get isFrozen(): boolean {
    return this.#reach === 'frozen';
  }

  /** A frame of any content, also a broken one. */
  sendRaw(text: string): void {
    if (this.#reach === 'live') this.#socket.send(text, () => {});
  }

  /** With a Close frame (without a code, as the hub does it), or just gone. */
  drop(cleanly: boolean): void {
    if (cleanly) this.#socket.close();
    else this.#socket.terminate();
  }

  #frame(data: RawData, isBinary: boolean): void {
    // what had come before the end is still told then
    if (this.#reach === 'frozen') return;
    const text = data.toString();
    const { judge, changed } = this.#context;
    judge.frame(text, isBinary);
    const parsed = parseJson(text);
    if (parsed === undefined) judge.notJson();
    else if (this.#phase.is === 'greeting') this.#greet(parsed.value);
    else if (this.#phase.is === 'working') this.#work(parsed.value, this.#phase);
    changed();
  }

  #greet(value: unknown): void {
    const hello = (value ?? {}) as Record<string, unknown>;
    if (hello.type === 'subscribe') return this.#subscribe(String(hello.job_id));
    if (hello.type !== 'worker_hello') this.#context.judge.notHello(hello.type);
    if (value === null) this.#phase = { is: 'deaf' };
    else if (hello.type !== 'worker_hello') this.#socket.close();
    else if (this.#mayEnter(hello.secret)) this.#enter(hello);
    else this.#turnAway();
  }

  #subscribe(jobId: string): void {
    const job = this.#context.ledger().jobs.get(jobId);
    if (!job) {
      this.#send({ type: 'error', code: 'JOB_NOT_FOUND', message: 'Job not found' });
      this.#socket.close();
      return;
    }
    this.#phase = { is: 'subscribed', jobId };
    this.#send({ type: 'job_created', job_id: jobId, position: 0, estimated_wait_secs: 0 });
    if (job.status !== 'completed' && job.status !== 'failed') return;
    const success = job.status === 'completed';
    this.#send({ type: 'complete', job_id: jobId, success, duration_secs: 0, artifacts: [] });
  }

  /** Something was said of a job. */
  relay(jobId: string, message: WireMessage): void {
    if (this.#phase.is === 'subscribed' && this.#phase.jobId === jobId) this.#send(message);
  }

  #mayEnter(secret: unknown): boolean {
    const { workerSecret } = this.#context;
    return workerSecret === '' || secret === workerSecret;
  }

  #turnAway(): void {
    this.#send({ type: 'error', code: 'AUTH_FAILED', message: 'Invalid worker secret' });
    this.#socket.close();
    this.#hangUp();
  }

  #enter(hello: Record<string, unknown>): void {
    const ledger = this.#context.ledger();
    const worker: WorkerEntry = {
      name: String(hello.name || `worker-${ledger.workers().length + 1}`),
      capabilities: Array.isArray(hello.capabilities) ? hello.capabilities.map(String) : ['macos'],
      send: (message) => this.#send(message),
      job: '',
      busy: false,
    };
    this.#phase = { is: 'working', worker, ledger };
    ledger.register(worker, Number(hello.max_concurrent) || 1);
    const { expectedVersion } = this.#context;
    const isOther = hello.perry_version && hello.perry_version !== expectedVersion;
    if (expectedVersion !== '' && isOther) this.#send({ type: 'update_perry' });
    ledger.dispatchOne();
  }

  #work(value: unknown, { worker, ledger }: Extract<Phase, { is: 'working' }>): void {
    const message = (value ?? {}) as WireMessage;
    // a second hello is read by nobody
    const id = resolveJobId(message, worker);
    const { judge } = this.#context;
    judge.message(message, worker);
    if (ledger.isForeign(id, worker)) judge.foreign(message, id);
    if (relayedTypes.has(message.type) && id !== '') this.#context.relay(id, message);
    else if (message.type === 'error') ledger.error(worker, message);
    else if (message.type === 'complete') ledger.complete(worker, message);
  }

  #leave(): void {
    const { ledger, changed } = this.#context;
    // a hub that was restarted does not know those that were connected before
    if (this.#phase.is === 'working' && this.#phase.ledger === ledger())
      this.#phase.ledger.leave(this.#phase.worker);
    changed();
  }

  #send(message: WireMessage): void {
    this.sendRaw(JSON.stringify(message));
  }
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
