import {
  acknowledgedLine,
  type Before,
  brokenLine,
  type ChainLine,
  NO_LINE,
  numberAfter,
  type Position,
  parseLine,
  recoveredLine,
} from './chain-line.ts';
import { type FindingCode, Findings, type FoundBreaks } from './findings.ts';
import type { readHead } from './head.ts';
import { Leftover } from './leftover.ts';
import type { PassedBytes } from './passed-bytes.ts';
import type { RawLine } from './read-lines.ts';

export type Head = Awaited<ReturnType<typeof readHead>>;

export interface CheckedLines extends FoundBreaks {
  /** Whole lines of the chain. */
  readonly lines: number;
  readonly first: { readonly at: string } | null;
  readonly last: (Position & { readonly at: string }) | null;
  /** What is in order, and may surprise. */
  readonly remarks: readonly string[];
}

export interface KnownBefore {
  /** Lines that were noted down elsewhere. */
  readonly noted: readonly Position[];
  /** As it was before the first line was read. */
  readonly head: Head;
  /** It is noted in the journal that the chain has begun. */
  readonly hasBegun: boolean;
}

const MOST_REMARKS = 100;
const BEHIND_HEAD =
  'It is behind the head: nobody can tell whether a kill came before its head was written, or somebody has added it.';

/** Hears the lines of a chain, one after another, and finds what is not as it was written. */
export class ChainCheck {
  readonly #noted: Map<number, string>;
  readonly #headBefore: Head;
  readonly #hasBegun: boolean;
  readonly #findings = new Findings();
  readonly #remarks: string[] = [];
  #lines = 0;
  #first: { at: string } | null = null;
  #last: (Position & { at: string; line: number }) | null = null;
  #hasHead = false;
  #leftover: Leftover | undefined;

  constructor({ noted, head, hasBegun }: KnownBefore) {
    this.#noted = new Map(noted.map(({ number, sha256Hex }) => [number, sha256Hex]));
    this.#headBefore = head;
    this.#hasBegun = hasBegun;
  }

  /** @param passed - all that stands before the line */
  hear(raw: RawLine, passed: PassedBytes): void {
    const line = parseLine(raw.bytes);
    if (!line) return this.#hearLeftover(raw);
    // first: it says nothing of how it follows the line before itself
    if (line.kind === 'acknowledged') this.#hearAcknowledged(line, raw, passed.digest);
    this.#settleLeftover(line, raw);
    if (line.kind === 'broken') this.#hearBroken(line, raw);
    else this.#follow(line, raw);
    this.#compareNoted(line.number, raw);
    this.#lines += 1;
    this.#first ??= { at: line.at };
    this.#last = { number: line.number, sha256Hex: raw.sha256Hex, at: line.at, line: raw.at };
    this.#hasHead ||= isAt(this.#headBefore, this.#last);
  }

  #hearLeftover(raw: RawLine): void {
    this.#leftover ??= new Leftover(raw);
    this.#leftover.add(raw);
  }

  /** It holds for as long as nothing before it has changed since; what is found behind it was not known then. */
  #hearAcknowledged(line: ChainLine, raw: RawLine, { bytes, sha256Hex }: Before): void {
    const said = acknowledgedLine.safeParse(line).data;
    const isAsSaid = said?.before.bytes === bytes && said.before.sha256Hex === sha256Hex;
    // behind the head anybody may have put one
    if (isAsSaid && !this.#hasHead) return this.#findings.acknowledge(raw.at, said);
    if (isAsSaid) return this.#find(raw, 'ACKNOWLEDGEMENT_VOID', BEHIND_HEAD);
    const message = `What stands before it is not what was acknowledged by it at ${line.at}.`;
    this.#find(raw, 'ACKNOWLEDGEMENT_VOID', message);
  }

  /** What stands between two lines has to be what the second one says that it found there. */
  #settleLeftover(line: ChainLine, raw: RawLine): void {
    const leftover = this.#leftover;
    this.#leftover = undefined;
    const named = (recoveredLine.safeParse(line).data ?? brokenLine.safeParse(line).data)?.remains;
    if (leftover?.isNamedBy(named))
      this.#remark(`Line ${leftover.at}: ${leftover.text} that a kill left, named by line ${raw.at}.`);
    else if (leftover)
      this.#find(leftover, 'LINE_UNREADABLE', `${leftover.text} that are no line of a chain.`);
    else if (named && named.bytes > 0)
      this.#find(raw, 'LINES_MISSING', `The ${named.bytes} bytes that this line names are not before it.`);
  }

  #hearBroken(line: ChainLine, raw: RawLine): void {
    const { fault } = brokenLine.safeParse(line).data ?? { fault: 'it does not say why' };
    this.#find(raw, 'CHAIN_WAS_BROKEN', `Found at ${line.at}, and gone on from here: ${fault}.`);
    if (line.previous !== (this.#last?.sha256Hex ?? NO_LINE)) this.#changed(raw);
  }

  #follow({ number, previous }: ChainLine, raw: RawLine): void {
    const before = this.#last?.number ?? 0;
    if (number === numberAfter(before)) {
      if (previous !== (this.#last?.sha256Hex ?? NO_LINE)) this.#changed(raw);
    } else if (number > before) {
      const missing = number - before - 1;
      this.#find(
        raw,
        'LINES_MISSING',
        missing === 1
          ? `Line number ${before + 1} is missing before it.`
          : `${missing} lines are missing before it: ${before + 1} to ${number - 1}.`,
      );
    } else
      this.#find(raw, 'LINES_OUT_OF_ORDER', `It has the number ${number}, and the one before it ${before}.`);
  }

  #changed(raw: RawLine): void {
    const before = this.#last;
    const { at } = raw;
    if (!before) return this.#find(raw, 'LINE_CHANGED', 'It names a line before it, and is the first one.');
    const message = `It is not what it was when line ${at} was written after it, or line ${at} was changed.`;
    this.#find({ at: before.line, sha256Hex: before.sha256Hex }, 'LINE_CHANGED', message);
  }

  #compareNoted(number: number, { at, sha256Hex }: RawLine): void {
    const noted = this.#noted.get(number);
    this.#noted.delete(number);
    if (noted === undefined || noted === sha256Hex) return;
    this.#findings.addNotAsNoted({
      ...{ line: at, sha256Hex },
      message: `Its digest is ${sha256Hex}, and not ${noted}.`,
    });
  }

  /** @param headAfter - as it was when the last line had been read */
  end(headAfter: Head): CheckedLines {
    const leftover = this.#leftover;
    if (leftover && !leftover.isOfKill)
      this.#find(leftover, 'LINE_UNREADABLE', `${leftover.text} that are no line of a chain.`);
    else if (leftover)
      this.#remark(`Line ${leftover.at}: ${leftover.text} of a line that is written, or was not to its end.`);
    for (const number of this.#noted.keys())
      this.#findings.addNotAsNoted({ line: null, sha256Hex: null, message: `There is no line ${number}.` });
    if (this.#isBehind(headAfter))
      this.#remark(
        `Line ${this.#last?.line}: its number, ${this.#last?.number}, is one more than that of the head. It is being written, or a kill came before its head was; or somebody has added it, which nothing here can tell. Hold it against the log with --expect; whoever writes the next line takes it for the last one.`,
      );
    const fault = this.#faultOfHead(headAfter);
    if (fault !== undefined) this.#find(null, 'HEAD_WRONG', fault);
    const last = this.#last;
    return {
      ...{ lines: this.#lines, first: this.#first, remarks: this.#remarks },
      last: last && { number: last.number, sha256Hex: last.sha256Hex, at: last.at },
      ...this.#findings.report(),
    };
  }

  /** One line alone, of which the head does not know. */
  #isBehind(head: Head): boolean {
    return typeof head !== 'string' && this.#hasHead && this.#last?.number === numberAfter(head.number);
  }

  /** The last line may be one ahead of its head; and more may have come since that was read. */
  #faultOfHead(headAfter: Head): string | undefined {
    const head = this.#headBefore;
    const last = this.#last?.number ?? 0;
    if (headAfter === 'garbled' || head === 'garbled')
      return 'The file with the head of the chain cannot be read.';
    if (headAfter === 'missing') return this.#faultWithoutHead(last);
    if (head !== 'missing' && !this.#hasHead)
      return head.number > last
        ? `The chain ends with line number ${last}, and had ${head.number}: lines were cut off at its end.`
        : `Line number ${head.number} is not what its head says.`;
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

  #find(about: Pick<RawLine, 'at' | 'sha256Hex'> | null, code: FindingCode, message: string): void {
    this.#findings.add({ line: about?.at ?? null, code, message, sha256Hex: about?.sha256Hex ?? null });
  }

  #remark(text: string): void {
    if (this.#remarks.length < MOST_REMARKS) this.#remarks.push(text);
  }
}

const isAt = (head: Head, { number, sha256Hex }: Position): boolean =>
  typeof head !== 'string' && head.number === number && head.sha256Hex === sha256Hex;
