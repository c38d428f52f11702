import type { AnyEventObject } from 'xstate';
import type { HubReport } from '../../machines/contracts/hub.ts';
import type { OutboxEntry } from '../../machines/hub-connection/outbox.ts';
import { Ledger } from '../../src/embedded-hub/ledger.ts';
import type { WireMessage, WorkerEntry } from '../../src/embedded-hub/types.ts';
import type { Call } from '../machines/stage.ts';
import type { StepClock } from '../machines/step-clock.ts';

/** One WebSocket between the worker and the hub, as both sides see it. */
interface Link {
  readonly socket: Call;
  readonly worker: WorkerEntry;
  /** `halfOpen`: nothing passes, and neither side is told. */
  state: 'open' | 'halfOpen' | 'broken';
  /** The hub counts the worker until it notices. */
  isKnownToHub: boolean;
}

interface Claim {
  readonly jobId: string;
  readonly token: string;
}

/** One way on the wire. */
export const LATENCY_MS = 20;
const UNANSWERED_MS = 24 * 3_600_000;

/**
 * The bookkeeping of the embedded hub, oddities included, behind a wire on a simulated clock. What was not read
 * when a link ends is lost, in both directions.
 */
export class SimHub {
  readonly complaints: string[] = [];
  readonly ledger: Ledger;
  /** `complete` messages that the sender of each job was told. */
  readonly completes = new Map<string, WireMessage[]>();
  /** What each new connection meets. */
  door: 'open' | 'refusing' | 'silent' = 'open';
  readonly #clock: StepClock;
  readonly #claims = new Map<string, Claim>();
  readonly #uploads = new Set<string>();
  readonly #received = new Set<string>();
  #link: Link | undefined;
  #lastId = 0;

  constructor(clock: StepClock) {
    this.#clock = clock;
    this.ledger = new Ledger({
      publicUrl: () => 'http://hub',
      relay: (jobId, message) => this.#relay(jobId, message),
      assigned: () => {},
      artifactPath: () => undefined,
    });
  }

  submit(): string {
    this.#lastId += 1;
    const id = `job${this.#lastId}`;
    const manifest = { targets: ['macos-sign'] };
    this.ledger.submit({ id, manifest, credentials: {}, bundlePath: '', status: 'queued', requeues: 0 });
    return id;
  }

  get isLinked(): boolean {
    return this.#link?.state === 'open' && this.#link.isKnownToHub;
  }

  /** Jobs that wait for an end; one whose only assignment was lost on the way waits for ever, as at the real hub. */
  get open(): string[] {
    return [...this.ledger.jobs.values()]
      .filter(({ id, status }) => status === 'queued' || (status === 'running' && this.#received.has(id)))
      .map(({ id }) => id);
  }

  /** Whether the token of this assignment is good. */
  holds(assignmentId: string): boolean {
    const claim = this.#claims.get(assignmentId);
    return claim !== undefined && this.ledger.tokens.get(claim.jobId) === claim.token;
  }

  upload(assignmentId: string): boolean {
    const isHeld = this.holds(assignmentId);
    if (isHeld) this.#uploads.add(this.#claims.get(assignmentId)?.jobId ?? '');
    return isHeld;
  }

  /** A new socket knocks. */
  knock(socket: Call): void {
    if (this.door === 'silent') return;
    const { door } = this;
    this.#later(socket, () =>
      socket.say(door === 'open' ? { type: 'socket.opened' } : { type: 'socket.lost', reason: 'refused' }),
    );
  }

  /** What the worker has just written to its socket. */
  read(socket: Call): void {
    for (const command of (socket.heard as AnyEventObject[]).splice(0)) {
      if (command.type === 'socket.hello')
        this.#later(socket, () => this.#enter(socket, command.offer, command.slots));
      else this.#later(socket, () => this.#take(socket, command));
    }
  }

  #enter(socket: Call, offer: string, slots: number): void {
    const capabilities = offer === 'jobs' ? ['macos-sign'] : [];
    const worker: WorkerEntry = {
      ...{ name: 'soak', capabilities, job: '', busy: false },
      send: (message) => this.#send(link, message),
    };
    const link: Link = { socket, worker, state: 'open', isKnownToHub: true };
    this.#link = link;
    this.ledger.register(worker, slots);
    this.ledger.dispatchOne();
  }

  #send(link: Link, message: WireMessage): void {
    this.#pass(link, () => {
      link.socket.say({ type: 'socket.heard' });
      const jobId = String(message.job_id);
      if (message.type === 'cancel')
        link.socket.say({ type: 'socket.received', message: { type: 'cancelRequested', jobId } });
      if (message.type !== 'job_assign') return;
      this.#lastId += 1;
      const assignmentId = `a${this.#lastId}`;
      this.#claims.set(assignmentId, { jobId, token: String(message.auth_token) });
      this.#received.add(jobId);
      link.socket.say({ type: 'socket.received', message: { type: 'jobAssigned', jobId, assignmentId } });
    });
  }

  #take(socket: Call, command: AnyEventObject): void {
    const link = this.#link;
    if (link?.socket !== socket || link.state !== 'open') return;
    const echo = (...events: AnyEventObject[]) =>
      this.#pass(link, () => {
        for (const event of events) socket.say(event);
      });
    if (command.type === 'socket.close') this.drop(0);
    else if (command.type === 'socket.beat') echo({ type: 'socket.heard' });
    else
      for (const { seq, report } of (command.entries ?? []) as OutboxEntry[])
        if (report.kind === 'conclusion') {
          this.#hear(link, report);
          echo({ type: 'socket.heard' }, { type: 'socket.confirmed', seq });
        }
  }

  #hear(
    { worker }: Link,
    { jobId, assignmentId, conclusion }: Extract<HubReport, { kind: 'conclusion' }>,
  ): void {
    const success = conclusion.outcome === 'succeeded';
    const status = this.ledger.jobs.get(jobId)?.status;
    if (!this.holds(assignmentId))
      this.complaints.push(`${conclusion.outcome} for ${jobId}, which is ${status}, under a dead token`);
    if (success && !this.#uploads.has(jobId)) this.complaints.push(`${jobId} succeeded without an artifact`);
    if (conclusion.outcome === 'failed') this.ledger.error(worker, { type: 'error', job_id: jobId });
    const error = success ? undefined : 'failure' in conclusion ? conclusion.failure.code : '';
    this.ledger.complete(worker, { type: 'complete', job_id: jobId, success, error });
  }

  #relay(jobId: string, message: WireMessage): void {
    if (message.type !== 'complete') return;
    this.completes.set(jobId, [...(this.completes.get(jobId) ?? []), message]);
  }

  /** The link breaks; the hub notices so much later. */
  drop(noticedAfterMs: number): void {
    const link = this.#link;
    if (link?.state !== 'open') return;
    link.state = 'broken';
    link.socket.say({ type: 'socket.lost', reason: 'reset' });
    this.#leave(link, noticedAfterMs);
  }

  /** Nothing passes any more; the hub notices so much later, the worker by its silence. */
  freeze(noticedAfterMs: number): void {
    const link = this.#link;
    if (link?.state !== 'open') return;
    link.state = 'halfOpen';
    this.#leave(link, noticedAfterMs);
  }

  #leave(link: Link, afterMs: number): void {
    this.#clock.setTimeout(
      () => {
        link.isKnownToHub = false;
        this.ledger.leave(link.worker);
      },
      Math.min(afterMs, UNANSWERED_MS),
    );
  }

  #pass(link: Link, arrive: () => void): void {
    this.#clock.setTimeout(() => link.state === 'open' && link.socket.isOpen && arrive(), LATENCY_MS);
  }

  #later(socket: Call, act: () => void): void {
    this.#clock.setTimeout(() => socket.isOpen && act(), LATENCY_MS);
  }
}
