import { activePaths } from '../observability/state-path.ts';
import { MAX_MOVES, type RecordedMove } from './record.ts';

/** Where a chart stood, with all its regions: of each step, what is new. Of more than are kept, the last ones. */
export class Moves {
  readonly #moves: RecordedMove[] = [];
  #active: readonly string[] = [];

  get recorded(): RecordedMove[] {
    return [...this.#moves];
  }

  /** @param event - the type of the event that led there */
  see(value: unknown, event: string, atMs: number): void {
    const active = activePaths(value);
    const entered = active.filter((path) => !this.#active.includes(path));
    this.#active = active;
    if (entered.length === 0) return;
    this.#moves.push({ atMs, event: event.slice(0, MAX_EVENT_CHARACTERS), entered: entered.join(' ') });
    if (this.#moves.length > MAX_MOVES) this.#moves.shift();
  }
}

const MAX_EVENT_CHARACTERS = 200;
