import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { withDeadline } from '../../deadline.ts';
import { ShipError } from '../../errors.ts';
import type { FromRun, LogFacts, RunReport } from '../channel/messages.ts';
import { type AnswerOf, answers, type InputOf, type PortName } from '../channel/ports.ts';
import { errorOfReceived } from '../channel/received-failure.ts';
import type { GuestAccess } from '../channel/run-setup.ts';
import type { RunProcessLimits } from './limits.ts';
import type { EndCause, RunLink } from './link.ts';
import { type RunWork, runLost } from './run-lost.ts';

export interface CallOptions {
  readonly signal: AbortSignal;
  /** What the effect tells while it works; nothing comes after it was aborted. */
  readonly onReport?: (report: RunReport) => void;
}

export interface RunHostOptions {
  readonly limits: RunProcessLimits;
  readonly onLog: (level: 'warn' | 'error', text: string, facts: LogFacts) => void;
  /** Signing, when left out. */
  readonly work?: RunWork;
}

interface Pending {
  readonly port: PortName;
  readonly settle: (outcome: { output: unknown } | { error: unknown }) => void;
  readonly report: (report: RunReport) => void;
}

/** The daemon's side of one run: its effects are asked for here, and done in the run's own process. */
export class RunHost {
  readonly #link: RunLink;
  readonly #options: RunHostOptions;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #failure: ShipError | undefined;
  #entering: Promise<void> | undefined;
  /** Of its process. */
  get pid(): number | undefined {
    return this.#link.pid;
  }

  /** Key under which its artifact is kept until the job is over; null when none is. */
  keptAs: string | null = null;
  #tellGuestLost: (reason: string) => void = () => {};
  #guestLost = this.#nextGuestLoss();
  /** Resolves with the reason when the process has ended without being asked to; otherwise never. */
  readonly lost: Promise<ShipError>;

  constructor(link: RunLink, options: RunHostOptions) {
    this.#link = link;
    this.#options = options;
    link.listen((message) => this.#hear(message));
    this.lost = new Promise((resolve) => {
      void link.ended.then((end) => {
        const failure = runLost(end, options.work);
        this.#failure = failure;
        for (const { settle } of [...this.#pending.values()]) settle({ error: failure });
        if (end.cause !== 'asked') resolve(failure);
      });
    });
  }

  /**
   * One effect. An abort rejects at once with the signal's reason; a process that does not stop what it was told to
   * stop is ended.
   *
   * @throws ShipError what the effect failed with · RUN_PROCESS_LOST, RUN_PROCESS_KILLED, RUN_OUT_OF_MEMORY
   */
  call<P extends PortName>(
    port: P,
    input: InputOf<P>,
    { signal, onReport }: CallOptions,
  ): Promise<AnswerOf<P>> {
    signal.throwIfAborted();
    if (this.#failure) throw this.#failure;
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const abort = () => {
        reject(signal.reason);
        this.#abort(id);
      };
      signal.addEventListener('abort', abort, { once: true });
      const settle: Pending['settle'] = (outcome) => {
        this.#pending.delete(id);
        signal.removeEventListener('abort', abort);
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.output as AnswerOf<P>);
      };
      const report = (said: RunReport) => {
        if (!signal.aborted) onReport?.(said);
      };
      this.#pending.set(id, { port, settle, report });
      this.#link.send({ type: 'call', id, port, input });
    });
  }

  /** It is told to stop, and has a while to do so. */
  #abort(id: number): void {
    const call = this.#pending.get(id);
    if (!call) return;
    const settled = new AbortController();
    const { settle } = call;
    const stopped: Pending = {
      ...call,
      settle: (outcome) => {
        settled.abort();
        settle(outcome);
      },
    };
    this.#pending.set(id, stopped);
    this.#link.send({ type: 'abort', id });
    const over = withDeadline(settled.signal, this.#options.limits.abortGraceMs);
    over.addEventListener('abort', () => {
      if (!settled.signal.aborted) this.#link.end('unresponsive');
    });
  }

  #hear(message: FromRun): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'logged':
        return this.#options.onLog(message.level, message.text, message.facts);
      case 'guestLost':
        return this.#tellGuestLost(message.reason);
      case 'reported':
        return this.#pending.get(message.id)?.report(message.report);
      case 'failed':
        return this.#pending
          .get(message.id)
          ?.settle({ error: errorOfReceived(message.failure, message.detail) });
      case 'done':
        return this.#done(message.id, message.output);
    }
  }

  #done(id: number, output: unknown): void {
    const call = this.#pending.get(id);
    if (!call) return;
    const answer = answers[call.port].safeParse(output);
    if (answer.success) call.settle({ output: answer.data });
    else this.#link.end('garbled');
  }

  /** Resolves with the reason when the newest connection that the process had into a machine has ended. */
  get guestLost(): Promise<string> {
    return this.#guestLost;
  }

  #nextGuestLoss(): Promise<string> {
    return new Promise((resolve) => {
      this.#tellGuestLost = resolve;
    });
  }

  /** Logs the process into the machine of its run; whoever asks meanwhile waits for the same try. @throws as `call` */
  enterGuest(access: GuestAccess, signal: AbortSignal): Promise<void> {
    if (!this.#entering) this.#guestLost = this.#nextGuestLoss();
    this.#entering ??= this.call('connectGuest', access, { signal }).finally(() => {
      this.#entering = undefined;
    });
    return this.#entering;
  }

  /**
   * Ends the process when it takes up more than it may.
   *
   * @throws ShipError RUN_OUT_OF_MEMORY
   */
  async measure(signal: AbortSignal): Promise<void> {
    const bytes = await this.#link.residentBytes(signal);
    if (bytes === undefined || bytes <= this.#options.limits.residentMib * 1_048_576) return;
    this.#link.end('memory');
    throw runLost({ cause: 'memory', detail: { residentBytes: bytes } }, this.#options.work);
  }

  /** Ends the process, and waits until nothing of it is left. */
  async end(cause: EndCause = 'asked'): Promise<void> {
    this.#link.end(cause);
    await this.#link.ended;
  }
}

/** The run was never given a process, or is over. */
export const noProcess = (): ShipError =>
  new ShipError('RUN_PROCESS_LOST', {
    summary: 'The process that signs the app is gone.',
    reason: 'A step was asked of a run that is over.',
    nextStep: TRY_AGAIN_OR_REPORT,
  });
