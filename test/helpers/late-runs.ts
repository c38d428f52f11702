import type { RunProcessLimits } from '../../src/run/host/limits.ts';
import type { EndCause, RunEnd, RunLink, StartRun } from '../../src/run/host/link.ts';
import { startRunProcess } from '../../src/run/host/run-process.ts';

/**
 * Real processes that are started when a run is given to them: of those that a daemon lets stand by, most tests use one
 * of three, and each takes a quarter of a second of a processor to load.
 */
export const lateRuns =
  (limits: RunProcessLimits): StartRun =>
  () =>
    new LateRun(() => startRunProcess(limits));

class LateRun implements RunLink {
  pid?: number;
  readonly #start: () => RunLink;
  #started: RunLink | undefined;
  #finish: (end: RunEnd | Promise<RunEnd>) => void = () => {};
  readonly ended = new Promise<RunEnd>((resolve) => {
    this.#finish = resolve;
  });

  constructor(start: () => RunLink) {
    this.#start = start;
  }

  listen(listener: Parameters<RunLink['listen']>[0]): void {
    this.#started ??= this.#start();
    const { pid, ended } = this.#started;
    if (pid !== undefined) this.pid = pid;
    this.#started.listen(listener);
    this.#finish(ended);
  }

  send(message: Parameters<RunLink['send']>[0]): void {
    this.#started?.send(message);
  }

  end(cause: EndCause): void {
    if (this.#started) this.#started.end(cause);
    else this.#finish({ cause, detail: {} });
  }

  residentBytes(signal: AbortSignal): Promise<number | undefined> {
    return this.#started?.residentBytes(signal) ?? Promise.resolve(undefined);
  }
}
