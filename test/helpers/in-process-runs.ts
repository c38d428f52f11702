import { type FromRun, parseFromRun, type ToRun } from '../../src/run/channel/messages.ts';
import type { EndCause, RunEnd, RunLink, StartRun } from '../../src/run/host/link.ts';
import type { RunRoom } from '../../src/run/room/run-room.ts';
import { RunServer } from '../../src/run/room/run-server.ts';
import type { StepTable } from '../../src/run/room/step-table.ts';
import { stepsFor } from '../../src/run-process/steps-for.ts';

export interface InProcessOptions {
  /** Take the place of steps of the same name. */
  readonly steps?: Partial<StepTable>;
  /** Told of each run before it is asked for its first step. */
  readonly onRoom?: (room: RunRoom) => void;
}

/**
 * Runs in this very process, over the same messages, each of them as JSON: for tests that play a part of what a run
 * does, or look at what it has.
 */
export const inProcessRuns =
  (options: InProcessOptions = {}): StartRun =>
  () =>
    new InProcessRun(options);

const copyOf = <T>(message: T): T => JSON.parse(JSON.stringify(message)) as T;

class InProcessRun implements RunLink {
  readonly #server: RunServer;
  readonly #options: InProcessOptions;
  readonly #open = new Set<number>();
  #listener: (message: FromRun) => void = () => {};
  #end: RunEnd | undefined;
  #isRoomKnown = false;
  #finish: (end: RunEnd) => void = () => {};
  readonly ended = new Promise<RunEnd>((resolve) => {
    this.#finish = resolve;
  });

  constructor(options: InProcessOptions) {
    this.#options = options;
    this.#server = new RunServer({
      say: (message) => this.#say(message),
      stepsFor: (setup) => ({ ...stepsFor(setup), ...options.steps }),
    });
  }

  listen(listener: (message: FromRun) => void): void {
    this.#listener = listener;
  }

  send(message: ToRun): void {
    if (this.#end) return;
    if (message.type === 'call') this.#open.add(message.id);
    this.#server.hear(copyOf(message));
  }

  /** As when a process is killed, nothing is heard any more; what is under way is stopped. */
  end(cause: EndCause): void {
    if (this.#end) return;
    this.#end = { cause, detail: {} };
    for (const id of this.#open) this.#server.hear({ type: 'abort', id });
    void this.#server.room?.session?.close();
    this.#finishWhenIdle();
  }

  residentBytes(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  #say(message: FromRun): void {
    const copy = parseFromRun(copyOf(message));
    if (!copy) throw new Error(`no message of a run: ${JSON.stringify(message)}`);
    if (message.type === 'done' || message.type === 'failed') this.#open.delete(message.id);
    const { room } = this.#server;
    if (room && !this.#isRoomKnown) this.#options.onRoom?.(room);
    this.#isRoomKnown = room !== undefined;
    if (this.#end) this.#finishWhenIdle();
    else this.#listener(copy);
  }

  #finishWhenIdle(): void {
    if (this.#end && this.#open.size === 0) this.#finish(this.#end);
  }
}
