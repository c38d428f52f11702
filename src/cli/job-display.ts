import type { JobNote, Stage } from '../../machines/contracts/job.ts';
import { plain } from '../text.ts';

export interface DisplayStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface DisplayOptions {
  /** Nothing is shown; the stages are timed all the same. */
  readonly quiet?: boolean;
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number;
}

export interface TimedStage {
  readonly stage: string;
  readonly durationMs: number;
}

/** What the hub's user is told of these stages is not what happens here: nothing is downloaded or uploaded. */
const OWN_WORDS: Partial<Record<Stage, string>> = {
  extracting: 'Reading the bundle',
  uploading: 'Saving the artifact',
};

/** Shows the way of one job: stages and lines as they come; on a terminal, a bar that grows in its place. */
export class JobDisplay {
  readonly stages: TimedStage[] = [];
  readonly #stream: DisplayStream;
  readonly #quiet: boolean;
  readonly #now: () => number;
  readonly #startedAtMs: number;
  #bar = '';
  #current: { readonly stage: string; readonly atMs: number } | undefined;

  constructor(stream: DisplayStream, { quiet = false, now = () => performance.now() }: DisplayOptions = {}) {
    this.#stream = stream;
    this.#quiet = quiet;
    this.#now = now;
    this.#startedAtMs = now();
  }

  show(note: JobNote): void {
    if (note.kind === 'progress') this.#progress(note.percent);
    else if (note.kind === 'stage') this.#begin(plain(OWN_WORDS[note.stage] ?? note.message));
    else if (note.kind === 'log') this.line(`  ${plain(note.line)}`);
    else if (note.kind === 'published') this.line(`✓ ${plain(note.message)}`);
  }

  line(text: string): void {
    if (this.#quiet) return;
    this.#clear();
    this.#stream.write(`${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    this.#clear();
  }

  /** The last stage is over as well. @returns milliseconds since the display was made */
  finish(): number {
    this.#finishStage();
    const totalMs = this.#now() - this.#startedAtMs;
    this.line(`✓ done in ${seconds(totalMs)}`);
    return Math.round(totalMs);
  }

  /** A job that waits says its stage again and again, for a hub that would lose patience. */
  #begin(stage: string): void {
    if (stage === this.#current?.stage) return;
    this.#finishStage();
    this.#current = { stage, atMs: this.#now() };
    this.line(`▸ ${stage}`);
  }

  #finishStage(): void {
    if (!this.#current) return;
    const { stage, atMs } = this.#current;
    const durationMs = this.#now() - atMs;
    this.#current = undefined;
    this.stages.push({ stage, durationMs: Math.round(durationMs) });
    this.line(`  ${seconds(durationMs)}`);
  }

  #progress(percent: number): void {
    if (this.#stream.isTTY !== true || this.#quiet) return;
    this.#clear();
    this.#bar = percent >= 100 ? '' : `  ${bar(percent)}`;
    this.#stream.write(this.#bar);
  }

  #clear(): void {
    if (this.#bar !== '') this.#stream.write('\r\u001b[K');
    this.#bar = '';
  }
}

const seconds = (durationMs: number): string => `${(durationMs / 1_000).toFixed(2)} s`;

const WIDTH = 24;

function bar(percent: number): string {
  const filled = Math.round((percent / 100) * WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${String(Math.round(percent)).padStart(3)} %`;
}
