import type { Viewer } from '../web/feed.ts';
import type { LogLine, LogNews } from './messages.ts';

/** Tells of each line of each log. @returns tells it no more */
export type FollowLogs = (
  listener: (runId: string, number: number, entry: Omit<LogLine, 'number'>) => void,
) => () => void;

/** As many as a person can see go by in a beat. */
const MAX_LINES_AT_ONCE = 50;

/** Who looks at the log of which run: its lines go to those viewers alone, and while there are none nothing is heard. */
export class LogLooks {
  readonly #follow: FollowLogs;
  readonly #changed: () => void;
  readonly #runOf = new Map<Viewer, string>();
  readonly #fresh = new Map<string, LogLine[]>();
  #unfollow: (() => void) | undefined;

  constructor(follow: FollowLogs, changed: () => void) {
    this.#follow = follow;
    this.#changed = changed;
  }

  /** @param runId - the only one that it looks at from now on; empty for none */
  look(viewer: Viewer, runId: string): void {
    if (runId === '') return this.forget(viewer);
    this.#runOf.set(viewer, runId);
    this.#unfollow ??= this.#follow((...line) => this.#hear(...line));
  }

  forget(viewer: Viewer): void {
    this.#runOf.delete(viewer);
    if (this.#runOf.size === 0) this.stop();
  }

  /** What has come since it was told the last time. */
  tell(): void {
    for (const [runId, lines] of this.#fresh) {
      const text = JSON.stringify({ type: 'log', runId, lines } satisfies LogNews);
      for (const [viewer, looked] of this.#runOf) if (looked === runId) viewer.send(text);
    }
    this.#fresh.clear();
  }

  stop(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
    this.#fresh.clear();
  }

  #hear(...[runId, number, entry]: Parameters<Parameters<FollowLogs>[0]>): void {
    if (![...this.#runOf.values()].includes(runId)) return;
    const lines = this.#fresh.get(runId) ?? [];
    this.#fresh.set(runId, lines);
    lines.push({ number, ...entry });
    if (lines.length > MAX_LINES_AT_ONCE) lines.shift();
    this.#changed();
  }
}
