import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { openRegular } from '../files/disk/bounded-file.ts';
import { readRange } from '../files/disk/read-range.ts';
import {
  brokenLine,
  type ChainLine,
  digestOf,
  MAX_LINE_BYTES,
  numberAfter,
  type Position,
  parseLine,
  type Remains,
} from './chain-line.ts';
import { readHead } from './head.ts';
import { MOST_LEFT_BYTES } from './leftover.ts';
import { isMarked } from './mark.ts';
import { unlessMissing } from './read-lines.ts';

/** How a chain was left, as far as its last line and its head tell. */
export interface Standing {
  readonly last: Position | null;
  /** As it is kept beside the chain. */
  readonly head: Position | null;
  readonly remains: Remains | null;
  /** The last byte is no newline. */
  readonly isOpen: boolean;
  /** It is noted elsewhere that the chain has begun. */
  readonly isMarked: boolean;
  /** Why the file is not as it was left; null when it is. */
  readonly fault: string | null;
}

/** A whole line, and as much again for what a kill left behind it. */
const TAIL_BYTES = MAX_LINE_BYTES + MOST_LEFT_BYTES + 2;
const NEWLINE = 0x0a;
const UNPROVEN = 'its last line acknowledges breaks, and its head does not know of it';
const UNREADABLE = 'its end is not made of lines of a chain';

/** Looks at the end of the file alone, however long it is. @throws the system's error */
export async function standingOf(path: string): Promise<Standing> {
  const marked = await isMarked(path);
  const head = await readHead(path);
  const end = await endOf(path);
  const { last, remains, isOpen } = end;
  return {
    last: last?.position ?? null,
    head: typeof head === 'string' ? null : head,
    ...{ remains, isOpen, isMarked: marked },
    fault: head === 'missing' ? faultWithoutHead(end, marked) : faultOf(end, head),
  };
}

const { O_RDWR, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;

/** The same, after the file was opened as for the next line. Nothing is written. @throws the system's error */
export async function standingWhenOpened(path: string): Promise<Standing> {
  const standing = await standingOf(path);
  const file = await open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK).catch(unlessMissing);
  await file?.close();
  return standing;
}

interface LastLine {
  readonly position: Position;
  readonly line: ChainLine;
  /** Where it ends among the bytes that were looked at. */
  readonly end: number;
}

interface End {
  readonly last: LastLine | null;
  readonly remains: Remains | null;
  readonly isOpen: boolean;
  /** No kill leaves so much behind the last line. */
  readonly isUnreadable: boolean;
  readonly sizeBytes: number;
}

const NOTHING: End = { last: null, remains: null, isOpen: false, isUnreadable: false, sizeBytes: 0 };

async function endOf(path: string): Promise<End> {
  const file = await openRegular(path, false).catch(unlessMissing);
  if (!file) return NOTHING;
  return readEnd(file).finally(() => file.close());
}

async function readEnd(file: FileHandle): Promise<End> {
  const { size: sizeBytes } = await file.stat();
  if (sizeBytes === 0) return NOTHING;
  const start = Math.max(0, sizeBytes - TAIL_BYTES);
  const bytes = await readRange(file, start, sizeBytes - start);
  const isOpen = bytes.at(-1) !== NEWLINE;
  // the newline at the end closes the last line, and begins none
  const content = isOpen ? bytes : bytes.subarray(0, -1);
  const last = lastLineIn(content, start === 0);
  const rest = content.subarray(last ? last.end + 1 : 0);
  return {
    ...{ last, isOpen, sizeBytes },
    remains: last?.end === content.length ? null : { bytes: rest.length, sha256Hex: digestOf(rest) },
    isUnreadable: rest.length > MOST_LEFT_BYTES,
  };
}

/** @param isWhole - the bytes are those of the whole file, and not the end of a line first */
function lastLineIn(bytes: Buffer, isWhole: boolean): LastLine | null {
  for (let end = bytes.length; ; ) {
    const begin = end === 0 ? 0 : bytes.lastIndexOf(NEWLINE, end - 1) + 1;
    const text = bytes.subarray(begin, end);
    const line = begin > 0 || isWhole ? parseLine(text) : undefined;
    if (line) return { line, position: { number: line.number, sha256Hex: digestOf(text) }, end };
    if (begin === 0) return null;
    end = begin - 1;
  }
}

/** A kill may come between a line and its head: the last line may be one ahead. */
function faultOf({ last, isUnreadable, sizeBytes }: End, head: Position | 'garbled'): string | null {
  if (isUnreadable) return UNREADABLE;
  if (head === 'garbled') return 'the file with its head cannot be read';
  if (sizeBytes === 0) return `the file is gone or empty, and had ${head.number} lines`;
  if (!last) return `it has no line any more, and had ${head.number}`;
  const { number, sha256Hex } = last.position;
  if (number === head.number)
    return sha256Hex === head.sha256Hex ? null : `its last line, ${number}, was changed`;
  const isNext = number === numberAfter(head.number) && last.line.previous === head.sha256Hex;
  if (isNext && last.line.kind === 'acknowledged') return UNPROVEN;
  if (isNext || saysSo(last.line, head)) return null;
  return number < head.number
    ? `it ends with line ${number}, and had ${head.number}`
    : `lines were added after line ${head.number}`;
}

/** That is so before the first line of all, and between that and its head. */
function faultWithoutHead({ last, isUnreadable, sizeBytes }: End, marked: boolean): string | null {
  if (isUnreadable) return UNREADABLE;
  if (!marked && (!last || last.position.number === 1)) return null;
  return sizeBytes === 0
    ? 'the file is gone or empty, and so is the one with its head; it had lines'
    : 'the file with its head is gone';
}

/** The line that says that the chain was broken was written, and a kill came before its head was. */
function saysSo(line: ChainLine, head: Position): boolean {
  const expected = brokenLine.safeParse(line).data?.expected;
  return expected?.number === head.number && expected.sha256Hex === head.sha256Hex;
}
