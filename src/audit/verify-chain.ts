import { stat } from 'node:fs/promises';
import {
  brokenLine,
  type ChainLine,
  NO_LINE,
  type Position,
  parseLine,
  recoveredLine,
} from './chain-line.ts';
import { readHead } from './head.ts';
import { Leftover } from './leftover.ts';
import { isMarked } from './mark.ts';
import { type RawLine, readLines, unlessMissing } from './read-lines.ts';

/** Something that shows that a chain is not as it was written. */
export interface ChainFinding {
  /** Line of the file, counted from 1; null for what is about the whole. */
  readonly line: number | null;
  readonly code: FindingCode;
  readonly message: string;
}

export type FindingCode =
  /** A line, or the one before it, is not what it was. */
  | 'LINE_CHANGED'
  | 'LINES_MISSING'
  | 'LINES_OUT_OF_ORDER'
  /** It is none of ours, and nobody has named it as what a kill left. */
  | 'LINE_UNREADABLE'
  /** The daemon found the chain broken, and said so. */
  | 'CHAIN_WAS_BROKEN'
  | 'HEAD_WRONG'
  /** A line is not what somebody has noted down elsewhere. */
  | 'NOT_AS_NOTED';

export interface ChainReport {
  readonly ok: boolean;
  readonly path: string;
  readonly sizeBytes: number;
  /** Whole lines of the chain. */
  readonly lines: number;
  readonly first: { readonly at: string } | null;
  readonly last: (Position & { readonly at: string }) | null;
  /** The first of them. */
  readonly findings: readonly ChainFinding[];
  readonly findingCount: number;
  /** What is in order, and may surprise. */
  readonly remarks: readonly string[];
}

const MOST_TOLD = 100;

export interface VerifyOptions {
  readonly signal: AbortSignal;
  /** Lines that were noted down elsewhere, such as in a log that was sent away. */
  readonly noted?: readonly Position[];
}

/**
 * Reads a chain from its first line to its last, once, and compares it with its head: whatever was changed, taken out,
 * put in or cut off since is found. A daemon may write to it meanwhile.
 *
 * @throws the system's error · the signal's reason
 */
export async function verifyChain(path: string, { signal, noted = [] }: VerifyOptions): Promise<ChainReport> {
  // in the order in which they are never ahead of each other
  const hasBegun = await isMarked(path);
  const headBefore = await readHead(path);
  const check = new ChainCheck(noted, headBefore, hasBegun);
  for await (const line of readLines(path, signal)) check.hear(line);
  check.end(await readHead(path));
  const stats = await stat(path).catch(unlessMissing);
  return { path, sizeBytes: stats?.size ?? 0, ...check.report() };
}

type Head = Awaited<ReturnType<typeof readHead>>;

class ChainCheck {
  readonly #noted: Map<number, string>;
  readonly #headBefore: Head;
  readonly #hasBegun: boolean;
  readonly #findings: ChainFinding[] = [];
  readonly #remarks: string[] = [];
  #findingCount = 0;
  #lines = 0;
  #first: { at: string } | null = null;
  #last: (Position & { at: string; line: number }) | null = null;
  #hasHead = false;
  #leftover: Leftover | undefined;

  constructor(noted: readonly Position[], headBefore: Head, hasBegun: boolean) {
    this.#noted = new Map(noted.map(({ number, sha256Hex }) => [number, sha256Hex]));
    this.#headBefore = headBefore;
    this.#hasBegun = hasBegun;
  }

  hear(raw: RawLine): void {
    const line = parseLine(raw.bytes);
    if (!line) return this.#hearLeftover(raw);
    this.#settleLeftover(line, raw.at);
    if (line.kind === 'broken') this.#hearBroken(line, raw.at);
    else this.#follow(line, raw.at);
    this.#compareNoted(line.number, raw);
    this.#lines += 1;
    this.#first ??= { at: line.at };
    this.#last = { number: line.number, sha256Hex: raw.sha256Hex, at: line.at, line: raw.at };
    this.#hasHead ||= isAt(this.#headBefore, this.#last);
  }

  #hearLeftover(raw: RawLine): void {
    this.#leftover ??= new Leftover(raw.at);
    this.#leftover.add(raw);
  }

  /** What stands between two lines has to be what the second one says that it found there. */
  #settleLeftover(line: ChainLine, at: number): void {
    const leftover = this.#leftover;
    this.#leftover = undefined;
    const named = (recoveredLine.safeParse(line).data ?? brokenLine.safeParse(line).data)?.remains;
    if (leftover?.isNamedBy(named))
      this.#remarks.push(`Line ${leftover.at}: ${leftover.text} that a kill left, named by line ${at}.`);
    else if (leftover)
      this.#find(leftover.at, 'LINE_UNREADABLE', `${leftover.text} that are no line of a chain.`);
    else if (named && named.bytes > 0)
      this.#find(at, 'LINES_MISSING', `The ${named.bytes} bytes that this line names are not before it.`);
  }

  #hearBroken(line: ChainLine, at: number): void {
    const { fault } = brokenLine.safeParse(line).data ?? { fault: 'it does not say why' };
    this.#find(at, 'CHAIN_WAS_BROKEN', `Found at ${line.at}, and gone on from here: ${fault}.`);
    if (line.previous !== (this.#last?.sha256Hex ?? NO_LINE)) this.#changed(at);
  }

  #follow({ number, previous }: ChainLine, at: number): void {
    const before = this.#last?.number ?? 0;
    if (number > before + 1) {
      const missing = number - before - 1;
      this.#find(
        at,
        'LINES_MISSING',
        missing === 1
          ? `Line number ${before + 1} is missing before it.`
          : `${missing} lines are missing before it: ${before + 1} to ${number - 1}.`,
      );
    } else if (number <= before)
      this.#find(at, 'LINES_OUT_OF_ORDER', `It has the number ${number}, and the one before it ${before}.`);
    else if (previous !== (this.#last?.sha256Hex ?? NO_LINE)) this.#changed(at);
  }

  #changed(at: number): void {
    const before = this.#last;
    this.#find(
      before?.line ?? at,
      'LINE_CHANGED',
      before
        ? `It is not what it was when line ${at} was written after it, or line ${at} was changed.`
        : 'It names a line before it, and is the first one.',
    );
  }

  #compareNoted(number: number, { at, sha256Hex }: RawLine): void {
    const noted = this.#noted.get(number);
    this.#noted.delete(number);
    if (noted !== undefined && noted !== sha256Hex)
      this.#find(at, 'NOT_AS_NOTED', `Its digest is ${sha256Hex}, and not ${noted}.`);
  }

  end(headAfter: Head): void {
    const leftover = this.#leftover;
    if (leftover)
      this.#remarks.push(
        `Line ${leftover.at}: ${leftover.text} of a line that is written, or was not to its end.`,
      );
    for (const number of this.#noted.keys()) this.#find(null, 'NOT_AS_NOTED', `There is no line ${number}.`);
    const fault = this.#faultOfHead(headAfter);
    if (fault !== undefined) this.#find(null, 'HEAD_WRONG', fault);
  }

  /** The last line may be one ahead of its head; and more may have come since that was read. */
  #faultOfHead(headAfter: Head): string | undefined {
    const head = this.#headBefore;
    const last = this.#last?.number ?? 0;
    if (headAfter === 'garbled' || head === 'garbled')
      return 'The file with the head of the chain cannot be read.';
    if (headAfter === 'missing') return this.#faultWithoutHead(last);
    if (head !== 'missing' && head.number > last)
      return `The chain ends with line number ${last}, and had ${head.number}: lines were cut off at its end.`;
    if (head !== 'missing' && !this.#hasHead) return `Line number ${head.number} is not what its head says.`;
    if (last > headAfter.number + 1)
      return `Lines were added behind number ${headAfter.number}, where its head is.`;
    return undefined;
  }

  #faultWithoutHead(last: number): string | undefined {
    if (last <= 1 && !this.#hasBegun) return undefined;
    return last === 0
      ? 'The chain is gone or empty, and so is the file with its head; it had lines.'
      : 'The file with the head of the chain is gone.';
  }

  #find(line: number | null, code: FindingCode, message: string): void {
    this.#findingCount += 1;
    if (this.#findings.length < MOST_TOLD) this.#findings.push({ line, code, message });
  }

  report(): Omit<ChainReport, 'path' | 'sizeBytes'> {
    const last = this.#last;
    return {
      ok: this.#findingCount === 0,
      lines: this.#lines,
      first: this.#first,
      last: last && { number: last.number, sha256Hex: last.sha256Hex, at: last.at },
      findings: this.#findings,
      findingCount: this.#findingCount,
      remarks: this.#remarks.slice(0, MOST_TOLD),
    };
  }
}

const isAt = (head: Head, { number, sha256Hex }: Position): boolean =>
  typeof head !== 'string' && head.number === number && head.sha256Hex === sha256Hex;
