import { type FromRun, sentFailure, type ToRun } from '../channel/messages.ts';
import { factsOf } from './error-facts.ts';

export interface Call {
  readonly id: number;
  readonly port: string;
  readonly input: unknown;
}

export interface CallServerOptions {
  readonly say: (message: FromRun) => void;
  /** Whatever it throws is the answer, too. */
  readonly answer: (call: Call, signal: AbortSignal) => Promise<unknown>;
}

/** The far side of the channel: does what it is asked for, several things at once, and says how each went. */
export class CallServer {
  readonly #options: CallServerOptions;
  readonly #working = new Map<number, AbortController>();

  constructor(options: CallServerOptions) {
    this.#options = options;
  }

  hear(message: ToRun): void {
    if (message.type === 'abort') this.#working.get(message.id)?.abort(new Error('the step was stopped'));
    else void this.#work(message);
  }

  async #work(call: Call): Promise<void> {
    const { id } = call;
    const { say, answer } = this.#options;
    const stopping = new AbortController();
    this.#working.set(id, stopping);
    try {
      say({ type: 'done', id, output: await answer(call, stopping.signal) });
    } catch (error) {
      say({ type: 'failed', id, failure: sentFailure(error), detail: factsOf(error) });
    } finally {
      this.#working.delete(id);
    }
  }
}
