import type { Stage } from '../../machines/contracts/job.ts';
import { MAX_STAGES, type RecordedStage } from './record.ts';
import { lasted } from './stopwatch.ts';

/** As the statechart holds it: each new message or percentage is a new one. */
export type ShownStage = { readonly name: Stage; readonly message: string; readonly percent: number };

interface Timed {
  readonly stage: Stage;
  readonly startedAtMs: number;
  endedAtMs?: number;
}

/** The stages of one run, as they begin and end. Some come twice: with two signatures, or an artifact that is made anew. */
export class Stages {
  readonly #timed: Timed[] = [];
  #shown: ShownStage | null = null;

  /** @returns true when a stage has begun */
  see(shown: ShownStage | null, nowMs: number): boolean {
    const before = this.#shown;
    if (shown === null || shown === before) return false;
    this.#shown = shown;
    const hasBegun = isAnother(before, shown);
    if (hasBegun) {
      this.end(nowMs);
      if (this.#timed.length < MAX_STAGES) this.#timed.push({ stage: shown.name, startedAtMs: nowMs });
    }
    if (shown.percent === 100) this.end(nowMs);
    return hasBegun;
  }

  /** Until the next one begins. */
  end(nowMs: number): void {
    const last = this.#timed.at(-1);
    if (last) last.endedAtMs ??= nowMs;
  }

  get last(): Stage | null {
    return this.#shown?.name ?? null;
  }

  recorded(nowMs: number): RecordedStage[] {
    return this.#timed.map(({ stage, startedAtMs, endedAtMs = nowMs }) => ({
      ...{ stage, startedAtMs },
      durationMs: lasted(startedAtMs, endedAtMs),
    }));
  }
}

const isAnother = (before: ShownStage | null, { name, message, percent }: ShownStage): boolean =>
  before === null || before.name !== name || before.message !== message || percent < before.percent;
