import type { AdmittedJob } from '../../../machines/contracts/job.ts';
import type { TakenFile } from '../../../machines/lone-file/machine.ts';
import type { Logger } from '../../observability/logger.ts';
import type { LogFacts } from '../channel/messages.ts';
import type { AnswerOf, InputOf, PortName } from '../channel/ports.ts';
import type { FileSetup, RunSetup } from '../channel/run-setup.ts';
import type { RunProcessLimits } from './limits.ts';
import type { StartRun } from './link.ts';
import { type CallOptions, noProcess, RunHost } from './run-host.ts';
import { RunPool } from './run-pool.ts';

export interface RunsOptions {
  readonly start: StartRun;
  readonly limits: RunProcessLimits;
  /** As many runs as may be at the same time. */
  readonly slots: number;
  readonly logger: Logger;
}

/** All runs that have a process, by their ids, and the processes that stand by for the next ones. */
export class Runs {
  readonly #options: RunsOptions;
  readonly #hosts = new Map<string, RunHost>();
  readonly #ending = new Set<Promise<void>>();
  readonly #pool: RunPool;
  #standsBy = false;

  constructor(options: RunsOptions) {
    const { start, slots, logger } = options;
    this.#options = options;
    this.#pool = new RunPool({
      start,
      wanted: () => (this.#standsBy ? Math.max(1, slots - this.#hosts.size) : 0),
      onFault: (error) => logger.error({ err: error }, 'no process can stand by for the next job'),
    });
  }

  /** Those that have a process. */
  get size(): number {
    return this.#hosts.size;
  }

  /** From now on processes stand by for the slots that are free, at least one and a few at most. */
  standBy(): void {
    this.#standsBy = true;
    this.#pool.fill();
  }

  /** One process stands by, and no other one after it. @throws ShipError COMMAND_NOT_FOUND */
  prepareOne(): void {
    this.#pool.startOne();
  }

  /**
   * Gives a run its process, and the process all that the run works with.
   *
   * @returns the job, with the plan as the process has made it
   * @throws ShipError COMMAND_NOT_FOUND · what is wrong with the job · as `RunHost.call`
   */
  async open(setup: RunSetup, signal: AbortSignal): Promise<AdmittedJob> {
    const job = await this.#hostFor(setup).call('beginRun', setup, { signal });
    this.#pool.fill();
    return job;
  }

  /**
   * The same for a finished file, which the process takes.
   *
   * @throws ShipError COMMAND_NOT_FOUND · what is wrong with the file · as `RunHost.call`
   */
  async openFile(setup: FileSetup, signal: AbortSignal): Promise<TakenFile> {
    return this.#hostFor(setup).call('beginFile', setup, { signal });
  }

  #hostFor({ runId, jobId }: Pick<RunSetup, 'runId' | 'jobId'>): RunHost {
    const host = this.#hosts.get(runId) ?? new RunHost(this.#pool.take(), this.#hostOptions(runId, jobId));
    this.#hosts.set(runId, host);
    this.#options.logger.debug({ run: runId, job: jobId, pid: host.pid }, 'the run has a process');
    return host;
  }

  #hostOptions(runId: string, jobId: string) {
    const { limits, logger } = this.#options;
    const onLog = (level: 'warn' | 'error', text: string, facts: LogFacts) =>
      logger[level]({ ...facts, run: runId, job: jobId }, text);
    return { limits, onLog };
  }

  /** @throws ShipError RUN_PROCESS_LOST when the run has none */
  get(runId: string): RunHost {
    const host = this.#hosts.get(runId);
    if (host) return host;
    throw noProcess();
  }

  find(runId: string): RunHost | undefined {
    return this.#hosts.get(runId);
  }

  /** @throws as `RunHost.call`, and as `get` */
  async call<P extends PortName>(
    runId: string,
    port: P,
    input: InputOf<P>,
    options: CallOptions,
  ): Promise<AnswerOf<P>> {
    return this.get(runId).call(port, input, options);
  }

  /** Ends the process of a run, if it has one; nothing of it works any more when this resolves. */
  async end(runId: string): Promise<void> {
    const host = this.#hosts.get(runId);
    if (!host) return;
    this.#hosts.delete(runId);
    const ending = host.end();
    this.#ending.add(ending);
    await ending;
    this.#ending.delete(ending);
    this.#pool.fill();
  }

  /** Ends all processes. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), ...[...this.#hosts.keys()].map((runId) => this.end(runId))]);
    await Promise.all(this.#ending);
  }
}
