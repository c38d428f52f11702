import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A program of the bench in a process of its own, and how to ask it. */
export class AskedProcess<TGreeting, TQuestion> {
  /** What it says first. */
  readonly greeting: TGreeting;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #asked = 0;

  private constructor(child: ChildProcess, greeting: TGreeting) {
    this.#child = child;
    this.greeting = greeting;
    child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  /** @param name - of a file beside this one */
  static async start<TGreeting, TQuestion>(name: string): Promise<AskedProcess<TGreeting, TQuestion>> {
    const program = fileURLToPath(new URL(name, import.meta.url));
    const child = fork(program, { execArgv: ['--import', 'tsx'] });
    const [greeting] = (await once(child, 'message')) as [TGreeting];
    return new AskedProcess(child, greeting);
  }

  ask(question: TQuestion): Promise<unknown> {
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
