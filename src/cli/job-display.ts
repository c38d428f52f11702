import type { JobNote } from '../../machines/contracts/job.ts';
import { plain } from '../verify/plain.ts';

export interface DisplayStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Shows the way of one job: stages and lines as they come; on a terminal, a bar that grows in its place. */
export class JobDisplay {
  readonly #stream: DisplayStream;
  #bar = '';
  #stage = '';

  constructor(stream: DisplayStream) {
    this.#stream = stream;
  }

  show(note: JobNote): void {
    if (note.kind === 'progress') this.#progress(note.percent);
    else if (note.kind === 'stage') this.#begin(note.message);
    else if (note.kind === 'log') this.line(`  ${plain(note.line)}`);
    else if (note.kind === 'published') this.line(`✓ ${plain(note.message)}`);
  }

  /** A job that waits says its stage again and again, for a hub that would lose patience. */
  #begin(stage: string): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.line(`▸ ${plain(stage)}`);
  }

  line(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    this.#clear();
  }

  #progress(percent: number): void {
    if (this.#stream.isTTY !== true) return;
    this.#clear();
    this.#bar = percent >= 100 ? '' : `  ${bar(percent)}`;
    this.#stream.write(this.#bar);
  }

  #clear(): void {
    if (this.#bar !== '') this.#stream.write('\r\u001b[K');
    this.#bar = '';
  }
}

const WIDTH = 24;

function bar(percent: number): string {
  const filled = Math.round((percent / 100) * WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${String(Math.round(percent)).padStart(3)} %`;
}
