const MAX_DELAY_MS = 2 ** 31 - 1;

interface Timer {
  readonly id: number;
  readonly dueMs: number;
  readonly fire: () => void;
}

/**
 * A clock that only moves when it is told to. Unlike one big jump, `advance` stops at every timer on the way, so
 * that a timer which starts another one sees the right time. Delays that Node would cut short are refused.
 */
export class StepClock {
  nowMs = 0;
  #lastId = 0;
  readonly #timers: Timer[] = [];

  setTimeout(fire: (...args: never[]) => void, delayMs: number): number {
    if (!Number.isFinite(delayMs) || delayMs < 0 || delayMs > MAX_DELAY_MS)
      throw new Error(`a delay of ${delayMs} ms`);
    this.#lastId += 1;
    const timer = { id: this.#lastId, dueMs: this.nowMs + delayMs, fire: fire as () => void };
    const after = this.#timers.findIndex(({ dueMs }) => dueMs > timer.dueMs);
    this.#timers.splice(after < 0 ? this.#timers.length : after, 0, timer);
    return timer.id;
  }

  clearTimeout(id: number): void {
    const at = this.#timers.findIndex((timer) => timer.id === id);
    if (at >= 0) this.#timers.splice(at, 1);
  }

  clear(): void {
    this.nowMs = 0;
    this.#timers.length = 0;
  }

  /** When the next timer is due, if there is one. */
  get nextDueMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  get pending(): number {
    return this.#timers.length;
  }

  /** Moves on by so much, firing each timer at its own time. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let next = this.#timers[0]; next && next.dueMs <= untilMs; next = this.#timers[0]) this.#fire(next);
    this.nowMs = untilMs;
  }

  /** Moves on to the next timer and fires it; false when there is none. */
  advanceToNext(): boolean {
    const next = this.#timers[0];
    if (next) this.#fire(next);
    return next !== undefined;
  }

  #fire(timer: Timer): void {
    this.#timers.shift();
    this.nowMs = timer.dueMs;
    timer.fire();
  }
}
