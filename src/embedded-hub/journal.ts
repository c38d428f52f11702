import { EventEmitter, on } from 'node:events';
import type { Assignment, WireMessage } from './types.ts';

/** Everything that happened, kept across a restart of the hub, and a way to wait for more of it. */
export class Journal {
  readonly assignments: Assignment[] = [];
  readonly #messages = new Map<string, WireMessage[]>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #ended = new AbortController();

  messages(jobId: string): readonly WireMessage[] {
    return this.#messages.get(jobId) ?? [];
  }

  relayed(jobId: string, message: WireMessage): void {
    const known = this.#messages.get(jobId);
    if (known) known.push(message);
    else this.#messages.set(jobId, [message]);
    this.changed();
  }

  assigned(assignment: Assignment): void {
    this.assignments.push(assignment);
    this.changed();
  }

  changed(): void {
    this.#changes.emit('change');
  }

  end(): void {
    this.#ended.abort(new Error('The embedded hub was stopped.'));
  }

  /** Resolves with the first answer of `probe` that is not `undefined`; asked now and after every change. */
  async until<T>(probe: () => T | undefined, signal?: AbortSignal): Promise<T> {
    const signals = signal ? [signal, this.#ended.signal] : [this.#ended.signal];
    const stop = AbortSignal.any(signals);
    stop.throwIfAborted();
    const changes = on(this.#changes, 'change', { signal: stop });
    try {
      for (let found = probe(); ; found = probe()) {
        if (found !== undefined) return found;
        await changes.next();
      }
    } catch (error) {
      throw stop.aborted ? stop.reason : error;
    } finally {
      await changes.return?.();
    }
  }
}
