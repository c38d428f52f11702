import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HubAddresses, HubQuestion, JobRun } from './hub-messages.ts';

/** The hub's process, and how to ask it. */
export class HubProcess {
  readonly addresses: HubAddresses;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #asked = 0;

  private constructor(child: ChildProcess, addresses: HubAddresses) {
    this.#child = child;
    this.addresses = addresses;
    child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  static async start(): Promise<HubProcess> {
    const program = fileURLToPath(new URL('hub-main.ts', import.meta.url));
    const child = fork(program, { execArgv: ['--import', 'tsx'] });
    const [addresses] = (await once(child, 'message')) as [HubAddresses];
    return new HubProcess(child, addresses);
  }

  async untilWorker(): Promise<void> {
    await this.#ask({ ask: 'untilWorker' });
  }

  /** Hands one job out and waits for its `complete`. */
  async runJob(submission: Extract<HubQuestion, { ask: 'runJob' }>['submission']): Promise<JobRun> {
    const run = (await this.#ask({ ask: 'runJob', submission })) as JobRun;
    if (run.error !== '') throw new Error(`a job of the bench failed: ${run.error}`);
    return run;
  }

  #ask(question: HubQuestion): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, question });
    });
  }

  async stop(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}
