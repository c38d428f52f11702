/** How long something was so, all in all. */
export class Stopwatch {
  #sinceMs: number | undefined;
  #totalMs = 0;

  /** From now on it is so, or it is not. */
  set(isOn: boolean, nowMs: number): void {
    if (isOn === (this.#sinceMs !== undefined)) return;
    this.#totalMs = this.totalMs(nowMs);
    this.#sinceMs = isOn ? nowMs : undefined;
  }

  totalMs(nowMs: number): number {
    return this.#totalMs + (this.#sinceMs === undefined ? 0 : lasted(this.#sinceMs, nowMs));
  }
}

/** The clock of a host may be set back meanwhile. */
export const lasted = (fromMs: number, toMs: number): number => Math.max(0, toMs - fromMs);
