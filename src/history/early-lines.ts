import type { LogEntry } from './record.ts';

const MAX_RUNS = 100;
const MAX_LINES = 20;

/** Lines about assignments whose run has not begun: they belong to its log, should it begin. */
export class EarlyLines {
  readonly #byRun = new Map<string, LogEntry[]>();

  add(runId: string, entry: LogEntry): void {
    const lines = this.#byRun.get(runId) ?? [];
    this.#byRun.set(runId, lines);
    if (lines.length < MAX_LINES) lines.push(entry);
    const [oldest] = this.#byRun.keys();
    if (this.#byRun.size > MAX_RUNS && oldest !== undefined) this.#byRun.delete(oldest);
  }

  take(runId: string): readonly LogEntry[] {
    const lines = this.#byRun.get(runId) ?? [];
    this.#byRun.delete(runId);
    return lines;
  }
}
