import { waitFor } from '../deadline.ts';
import type { ChainFile } from './chain-file.ts';
import type { LineContent, Position } from './chain-line.ts';
import { isLate, whyNot } from './why-not.ts';

/** A disk that is busy, or falls asleep, takes seconds; less than `recordTimeout` of the charts, so that the cause is named. */
const TIMEOUT_MS = 30_000;
/** Of a line that only tries whether one can be written. */
const TRIAL_MS = 10_000;

/** Writes lines into a chain, each within its time, and knows why none can be written. */
export class LineWriter {
  readonly #chain: () => Promise<ChainFile>;
  readonly #timeoutMs: number;
  #opened: ChainFile | undefined;
  #problem: string | null = null;
  /** What nobody waits for any more and has not ended: a disk that hangs holds it. */
  #hanging = 0;

  constructor(chain: () => Promise<ChainFile>, timeoutMs = TIMEOUT_MS) {
    this.#chain = chain;
    this.#timeoutMs = timeoutMs;
  }

  async open(): Promise<ChainFile> {
    this.#opened ??= await this.#chain();
    return this.#opened;
  }

  get last(): Position | null {
    return this.#opened?.last ?? null;
  }

  /** Why nothing can be written, or what is wrong with the file, in words. */
  get problem(): string | null {
    return this.#problem ?? this.#opened?.fault ?? null;
  }

  /** @throws the system's error */
  check(): Promise<void> {
    return this.#inTime((chain) => chain.check(), 'read');
  }

  /** @throws the system's error · a TimeoutError; what is on its way then may be written all the same */
  write(content: LineContent, timeoutMs = this.#timeoutMs): Promise<void> {
    return this.#inTime((chain, deadline) => chain.append(content, deadline), 'written', timeoutMs);
  }

  /** @returns why nothing can be written; null when it can */
  async goOn(): Promise<string | null> {
    const fault = this.#problem;
    if (fault !== null && this.#hanging === 0)
      await this.write({ kind: 'resumed', fault }, Math.min(TRIAL_MS, this.#timeoutMs)).catch(() => {});
    return this.#problem;
  }

  /** After the lines that are on their way; one that hangs is not waited for. */
  async close(): Promise<void> {
    if (!this.#opened || this.#hanging > 0) return;
    await waitFor(this.#opened.close(), AbortSignal.timeout(this.#timeoutMs)).catch((error: unknown) => {
      if (!isLate(error)) throw error;
    });
  }

  async #inTime(work: Work, doing: 'read' | 'written', timeoutMs = this.#timeoutMs): Promise<void> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const note = (error: unknown): void => {
      this.#problem = `it could not be ${doing}: ${whyNot(error)}`;
    };
    const working = this.open()
      .then((chain) => work(chain, deadline))
      .then(
        () => {
          this.#problem = null;
        },
        (error: unknown) => {
          // what was given up before its turn tells nothing new
          if (error !== deadline.reason) note(error);
          throw error;
        },
      );
    await waitFor(working, deadline).catch((error: unknown) => {
      if (error === deadline.reason) {
        note(error);
        this.#outlast(working);
      }
      throw error;
    });
  }

  #outlast(working: Promise<void>): void {
    this.#hanging += 1;
    const ended = (): void => {
      this.#hanging -= 1;
    };
    working.then(ended, ended);
  }
}

type Work = (chain: ChainFile, deadline: AbortSignal) => Promise<unknown>;
