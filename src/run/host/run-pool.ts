import type { RunLink, StartRun } from './link.ts';

export interface RunPoolOptions {
  readonly start: StartRun;
  /** How many shall stand by now; asked whenever that may have changed. */
  readonly wanted: () => number;
  readonly onFault: (error: unknown) => void;
}

/** They take memory; when more jobs than that come at the same time, the others wait for a moment. */
const MOST_AHEAD = 4;

/** Processes that are loaded and wait for a run, so that no job waits for one. Each is used once. */
export class RunPool {
  readonly #options: RunPoolOptions;
  readonly #idle = new Set<RunLink>();
  #isClosed = false;

  constructor(options: RunPoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#idle.size;
  }

  /** @throws ShipError COMMAND_NOT_FOUND when none stands by and none can be started */
  take(): RunLink {
    const [first] = this.#idle;
    if (first) this.#idle.delete(first);
    return first ?? this.#options.start();
  }

  /** Starts one if none stands by. @throws ShipError COMMAND_NOT_FOUND */
  startOne(): void {
    if (this.#idle.size === 0) this.#add();
  }

  /** Starts what is missing. One that ends by itself is made up for at the next occasion, not at once. */
  fill(): void {
    try {
      while (!this.#isClosed && this.#idle.size < Math.min(this.#options.wanted(), MOST_AHEAD)) this.#add();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #add(): void {
    const link = this.#options.start();
    this.#idle.add(link);
    void link.ended.then((end) => {
      if (this.#idle.delete(link) && end.cause !== 'asked')
        this.#options.onFault(new Error(`a process that stood by for jobs ended: ${JSON.stringify(end)}`));
    });
  }

  /** Ends all that stand by; none is started any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const idle = [...this.#idle];
    this.#idle.clear();
    for (const link of idle) link.end('asked');
    await Promise.all(idle.map(({ ended }) => ended));
  }
}
