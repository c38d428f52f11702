import { AskedProcess } from './asked-process.ts';
import type { HubAddresses, HubQuestion, JobRun } from './hub-messages.ts';

/** The hub's process, and how to ask it. */
export class HubProcess {
  readonly #process: AskedProcess<HubAddresses, HubQuestion>;

  private constructor(process: AskedProcess<HubAddresses, HubQuestion>) {
    this.#process = process;
  }

  static async start(): Promise<HubProcess> {
    return new HubProcess(await AskedProcess.start('hub-main.ts'));
  }

  get addresses(): HubAddresses {
    return this.#process.greeting;
  }

  async untilWorker(): Promise<void> {
    await this.#process.ask({ ask: 'untilWorker' });
  }

  /** Hands one job out and waits for its `complete`. */
  async runJob(submission: Extract<HubQuestion, { ask: 'runJob' }>['submission']): Promise<JobRun> {
    const run = (await this.#process.ask({ ask: 'runJob', submission })) as JobRun;
    if (run.error !== '') throw new Error(`a job of the bench failed: ${run.error}`);
    return run;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
