import { type FromRun, parseFromRun } from '../channel/messages.ts';
import type { RunProcessLimits } from './limits.ts';
import type { EndCause } from './link.ts';

const SECOND_MS = 1_000;

type Rates = Pick<RunProcessLimits, 'messagesPerSecond' | 'bytesPerSecond'>;

/** Takes in what a run says, as long as that is not too much and has a known form. */
export class Receiver {
  readonly #limits: Rates;
  readonly #refuse: (cause: EndCause) => void;
  #listener: (message: FromRun) => void = () => {};
  #window = { sinceMs: Number.NEGATIVE_INFINITY, messages: 0, bytes: 0 };

  /** @param refuse - told once or more often why nothing more can be taken in */
  constructor(limits: Rates, refuse: (cause: EndCause) => void) {
    this.#limits = limits;
    this.#refuse = refuse;
  }

  listen(listener: (message: FromRun) => void): void {
    this.#listener = listener;
  }

  countBytes(sizeBytes: number): void {
    const window = this.#current();
    window.bytes += sizeBytes;
    if (window.bytes > this.#limits.bytesPerSecond) this.#refuse('flooded');
  }

  receive(message: unknown): void {
    const window = this.#current();
    window.messages += 1;
    if (window.messages > this.#limits.messagesPerSecond) return this.#refuse('flooded');
    const known = parseFromRun(message);
    if (known) this.#listener(known);
    else this.#refuse('garbled');
  }

  #current() {
    const nowMs = performance.now();
    if (nowMs - this.#window.sinceMs > SECOND_MS) this.#window = { sinceMs: nowMs, messages: 0, bytes: 0 };
    return this.#window;
  }
}
