import type { JobRecord } from '../history/record.ts';
import type { OutcomeFacts } from './conditions.ts';

const MOST_KEPT = 20;
/** Older ones say nothing about now. */
const KEPT_MS = 6 * 60 * 60 * 1_000;

interface Outcome {
  readonly atMs: number;
  /** Null for one that succeeded. */
  readonly code: string | null;
}

/** How the last jobs ended. What their senders can mend, what was cancelled and what went elsewhere is no sign of anything. */
export class LastOutcomes {
  #kept: readonly Outcome[] = [];

  /** @param before - the jobs of earlier processes, newest first */
  constructor(before: readonly JobRecord[] = []) {
    for (const record of [...before].reverse()) this.add(record, record.endedAtMs ?? record.startedAtMs);
  }

  add({ result, failure }: JobRecord, atMs: number): void {
    if (result !== 'succeeded' && result !== 'failed') return;
    if (failure?.kind === 'input') return;
    this.#kept = [...this.#kept, { atMs, code: failure?.code ?? null }].slice(-MOST_KEPT);
  }

  facts(nowMs: number): OutcomeFacts {
    this.#kept = this.#kept.filter(({ atMs }) => nowMs - atMs < KEPT_MS);
    const failed: Record<string, number> = {};
    for (const { code } of this.#kept) if (code !== null) failed[code] = (failed[code] ?? 0) + 1;
    return { finished: this.#kept.length, failed };
  }
}
