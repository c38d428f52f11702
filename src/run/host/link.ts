import type { FromRun, ToRun } from '../channel/messages.ts';

/**
 * Why the process of a run is gone. `asked`: its run is over. `memory`: it took more than it may. `crash`: it ended by
 * itself. `killed`: somebody else killed it. `flooded`, `garbled`: it said too much, or what no run says.
 * `unresponsive`: it did not stop what it was told to.
 */
export type EndCause = 'asked' | 'memory' | 'crash' | 'killed' | 'flooded' | 'garbled' | 'unresponsive';

export interface RunEnd {
  readonly cause: EndCause;
  /** For the operator's log alone. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The way to one process that can hold a run, in messages. */
export interface RunLink {
  /** Of the process; left out where there is none of its own. */
  readonly pid?: number;
  /** Of everything that is said from now on. */
  listen(listener: (message: FromRun) => void): void;
  send(message: ToRun): void;
  /** Ends the process at once; the first cause counts. */
  end(cause: EndCause): void;
  /** Nothing of it is left. Never rejects. */
  readonly ended: Promise<RunEnd>;
  /** Memory that it takes up now; `undefined` when that is not known. */
  residentBytes(signal: AbortSignal): Promise<number | undefined>;
}

/** Starts a process that waits for a run. */
export type StartRun = () => RunLink;
