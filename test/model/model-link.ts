import type { HubReport } from '../../machines/contracts/hub.ts';
import type { OutboxEntry } from '../../machines/hub-connection/outbox.ts';
import type { Call, Stage } from '../machines/stage.ts';
import { type Happening, happening } from './happening.ts';
import type { ModelHub } from './model-hub.ts';

interface Frame {
  readonly seq: number;
  readonly report: Extract<HubReport, { kind: 'conclusion' }>;
}

export interface LinkState {
  /** Where the hub-connection stands. */
  readonly isIn: (state: string) => boolean;
  readonly isHarsh: boolean;
  /** Jobs that we have not answered, neither written nor in the outbox. */
  readonly unanswered: readonly string[];
}

/** What lies between us and the hub: frames on their way, receipts on their way back. */
export class ModelLink {
  readonly #stage: Stage;
  readonly #hub: ModelHub;
  /** Written by us and not read by the hub yet; lost with the link. */
  #wire: Frame[] = [];
  #receipts: number[] = [];
  #isClosing = false;
  /** By the hello: the hub gives jobs to no other worker. */
  #isOffered = false;
  /** Jobs and assignments of which the protocol itself does not let a worker know better. */
  readonly #excused = new Set<string>();

  constructor(stage: Stage, hub: ModelHub) {
    this.#stage = stage;
    this.#hub = hub;
  }

  excuse(id: string): void {
    this.#excused.add(id);
  }

  /** What we wrote goes onto the wire. */
  readCommands(): void {
    const [socket] = this.#stage.open('hubSocket');
    const commands = (socket?.heard ?? []) as { type: string; offer?: string; entries?: OutboxEntry[] }[];
    for (const { type, offer, entries = [] } of commands.splice(0)) {
      if (type === 'socket.hello') this.#isOffered = offer === 'jobs';
      if (type === 'socket.close') this.#isClosing = true;
      for (const { seq, report } of entries)
        if (report.kind === 'conclusion') this.#wire.push({ seq, report });
    }
  }

  /** What was not read is lost; the hub gives a job back to its queue. */
  end(): void {
    this.#hub.lose();
    this.#wire = [];
    this.#receipts = [];
    this.#isClosing = false;
  }

  happenings(state: LinkState): Happening[] {
    const submit = happening('a job is submitted', 2, () => void this.#hub.submit());
    const [socket] = this.#stage.open('hubSocket');
    if (!socket) return [submit];
    const letIn = happening('the hub lets us in', 8, () => socket.say({ type: 'socket.opened' }));
    if (state.isIn('connecting')) return [submit, this.#lose(socket, state), letIn];
    return [submit, this.#lose(socket, state), ...this.#frames(socket, state), ...this.#traffic(socket)];
  }

  #lose(socket: Call, { isHarsh }: LinkState): Happening {
    const lose = () => socket.say({ type: 'socket.lost', reason: 'reset' });
    return this.#isClosing
      ? happening('the hub closes the link too', 8, lose)
      : happening('the link is lost', isHarsh ? 20 : 2, lose);
  }

  /** What the hub can say. */
  #frames(socket: Call, { isIn, unanswered }: LinkState): Happening[] {
    const hub = this.#hub;
    const says = (name: string, weight: number, message: () => object) =>
      happening(`the hub ${name}`, weight, () => socket.say({ type: 'socket.received', message: message() }));
    const assign = (jobId: string, how: string, weight: number) =>
      says(`assigns ${jobId}${how}`, weight, () => ({
        ...{ type: 'jobAssigned', jobId, assignmentId: hub.assign(jobId) },
      }));
    const queued = hub.queued.slice(0, this.#isOffered ? 1 : 0).map((jobId) => assign(jobId, '', 8));
    const running = hub.running
      .filter((jobId) => unanswered.includes(jobId))
      .slice(0, this.#isOffered ? 1 : 0);
    const { cancellable } = hub;
    return [
      ...queued,
      ...running.map((jobId) => assign(jobId, ' once more', 1)),
      ...(isIn('greeting') ? [says('refuses our secret', 1, () => ({ type: 'authFailed' }))] : []),
      ...(cancellable === null
        ? []
        : [says(`cancels ${cancellable}`, 1, () => ({ type: 'cancelRequested', jobId: cancellable }))]),
    ];
  }

  #traffic(socket: Call): Happening[] {
    const confirm = () => socket.say({ type: 'socket.confirmed', seq: this.#receipts.shift() as number });
    return [
      happening('the hub is heard', 3, () => socket.say({ type: 'socket.heard' })),
      ...(this.#wire.length > 0 ? [happening('the hub reads a result', 6, () => this.#read())] : []),
      ...(this.#receipts.length > 0 ? [happening('a receipt comes', 6, confirm)] : []),
    ];
  }

  #read(): void {
    const { seq, report } = this.#wire.shift() as Frame;
    if (this.#excused.has(report.assignmentId)) this.#excused.add(report.jobId);
    this.#hub.hear(report, this.#excused.has(report.jobId));
    this.#receipts.push(seq);
  }
}
