import { createHash, type Hash } from 'node:crypto';
import type { ChainLine } from './chain-line.ts';

/** Something that shows that a chain is not as it was written. */
export interface ChainFinding {
  /** Line of the file, counted from 1; null for what is about the whole. */
  readonly line: number | null;
  readonly code: FindingCode;
  readonly message: string;
  /** Of that line as it is now, or of the first one of what is none of ours. */
  readonly sha256Hex: string | null;
}

export type FindingCode =
  /** A line, or the one before it, is not what it was. */
  | 'LINE_CHANGED'
  | 'LINES_MISSING'
  | 'LINES_OUT_OF_ORDER'
  /** It is none of ours, and nobody has named it as what a kill left. */
  | 'LINE_UNREADABLE'
  /** The next process found the chain broken, and said so. */
  | 'CHAIN_WAS_BROKEN'
  | 'HEAD_WRONG'
  /** What a person acknowledged is not what is there now. */
  | 'ACKNOWLEDGEMENT_VOID'
  /** A line is not what somebody has noted down elsewhere. */
  | 'NOT_AS_NOTED';

/** What a person knows of and has said so: it is told, and no longer counts. */
export interface AcknowledgedBreaks {
  /** Of the file, where that is said. */
  readonly line: number;
  readonly at: string;
  readonly by: string;
  readonly reason: string;
  /** The first of them. */
  readonly findings: readonly ChainFinding[];
  readonly findingCount: number;
}

export interface FoundBreaks {
  /** The first of them. */
  readonly findings: readonly ChainFinding[];
  readonly findingCount: number;
  /** Names exactly these, for whoever acknowledges them; null when there is nothing that could be. */
  readonly breaksId: string | null;
  /** The first of them. */
  readonly acknowledged: readonly AcknowledgedBreaks[];
  readonly acknowledgedCount: number;
}

const MOST_TOLD = 100;
const ID_LENGTH = 16;

/** What is found on the way through a chain. */
export class Findings {
  #open: ChainFinding[] = [];
  #openCount = 0;
  #digest: Hash = createHash('sha256');
  readonly #notAsNoted: ChainFinding[] = [];
  #notAsNotedCount = 0;
  readonly #acknowledged: AcknowledgedBreaks[] = [];
  #acknowledgedCount = 0;

  add(finding: ChainFinding): void {
    this.#openCount += 1;
    const { line, code, message, sha256Hex } = finding;
    this.#digest.update(JSON.stringify([line, code, message, sha256Hex]));
    if (this.#open.length < MOST_TOLD) this.#open.push(finding);
  }

  /** By what was noted down elsewhere: not a matter of the file alone, and never acknowledged in it. */
  addNotAsNoted(finding: Omit<ChainFinding, 'code'>): void {
    this.#notAsNotedCount += 1;
    if (this.#notAsNoted.length < MOST_TOLD) this.#notAsNoted.push({ ...finding, code: 'NOT_AS_NOTED' });
  }

  /** All that was found before this line. */
  acknowledge(
    at: number,
    line: Pick<ChainLine, 'at'> & { readonly by: string; readonly reason: string },
  ): void {
    const breaks = { findings: this.#open, findingCount: this.#openCount };
    this.#acknowledgedCount += 1;
    const told = { line: at, at: line.at, by: line.by, reason: line.reason, ...breaks };
    if (this.#acknowledged.length < MOST_TOLD) this.#acknowledged.push(told);
    this.#open = [];
    this.#openCount = 0;
    this.#digest = createHash('sha256');
  }

  report(): FoundBreaks {
    return {
      findings: [...this.#open, ...this.#notAsNoted].slice(0, MOST_TOLD),
      findingCount: this.#openCount + this.#notAsNotedCount,
      breaksId: this.#openCount === 0 ? null : this.#digest.copy().digest('hex').slice(0, ID_LENGTH),
      acknowledged: this.#acknowledged,
      acknowledgedCount: this.#acknowledgedCount,
    };
  }
}
