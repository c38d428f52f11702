import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { counted } from '../text.ts';
import { type Acknowledgement, acknowledgementOf } from './acknowledge.ts';
import { type LineContent, numberAfter, type Position, writeLine } from './chain-line.ts';
import { prepareHead, writeHead } from './head.ts';
import { setMark } from './mark.ts';
import { endOf, isAt } from './own-end.ts';
import { type Standing, standingOf } from './standing.ts';
import { type ChainReport, verifyChain } from './verify-chain.ts';
import { whyNot } from './why-not.ts';

const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;

export interface ChainFileOptions {
  /** Of the lines; their head lies beside it. */
  readonly path: string;
  /** Told of each line that is on the disk. */
  readonly onWritten?: (position: Position, content: LineContent) => void;
  /** Told when the file is not as it was left, before the chain goes on. */
  readonly onBroken?: (fault: string) => void;
}

interface Opened {
  readonly file: FileHandle;
  last: Position | null;
  /** The newline of the last line is missing. */
  isOpen: boolean;
  /** As it was left here, by `endOf`. */
  end: string;
}

const TOO_SLOW = 'it could not be read to its end in time';
const CHANGED = 'its end was changed while this process wrote to it';

/**
 * An append-only file of lines, each of which holds the digest of the one before. Whoever opens it must be the only one
 * that writes to it. A file that was not left as it is found goes on in a line that says so; what a kill left of a line
 * stays there, and is named by the next one.
 */
export class ChainFile {
  readonly #options: ChainFileOptions;
  #opened: Opened | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #fault: string | null = null;
  /** Why the last look at all of it came to no end. */
  #blindness: string | null = null;
  #acknowledged = 0;

  constructor(options: ChainFileOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Where the chain stands, once something was written or looked at. */
  get last(): Position | null {
    return this.#opened?.last ?? null;
  }

  /** What is wrong with the file, as far as it was looked at here, and not acknowledged. */
  get fault(): string | null {
    return this.#blindness ?? this.#fault;
  }

  /**
   * Looks at its end, and brings that in order: to be called at the start. A file that is not there yet is not made.
   *
   * @throws the system's error
   */
  check(): Promise<void> {
    return this.#inTurn(async () => {
      const standing = await standingOf(this.path);
      if (!isNew(standing)) this.#opened ??= await this.#open(standing);
    });
  }

  /**
   * On the disk, head included, when it resolves.
   *
   * @param signal - given up by it until its turn has come; what is begun is ended
   * @throws the system's error; what was written of it stays · the signal's reason
   */
  append(content: LineContent, signal?: AbortSignal): Promise<Position> {
    return this.#inTurn(async () => {
      signal?.throwIfAborted();
      const left = this.#opened;
      if (left && !(await isAsLeft(this.path, left))) await this.#close();
      this.#opened ??= await this.#open(await standingOf(this.path), left?.end);
      return this.#write(this.#opened, content);
    });
  }

  /**
   * Reads all of it, beside those who write to it, and knows what is wrong afterwards: also that it cannot be read.
   *
   * @throws the system's error · the signal's reason
   */
  async lookThrough(signal: AbortSignal): Promise<void> {
    const before = this.#acknowledged;
    const report = await verifyChain(this.path, { signal }).catch((error: unknown) => {
      this.#blindness = signal.aborted ? TOO_SLOW : `it could not be read: ${whyNot(error)}`;
      throw error;
    });
    this.#blindness = null;
    if (this.#acknowledged === before) this.#fault = faultIn(report);
  }

  /**
   * Enters that a person knows what is wrong with the file: all of it, when that is what the person has seen.
   *
   * @returns false when other breaks were found, or none
   * @throws the system's error · the signal's reason
   */
  acknowledge(wish: Acknowledgement, signal: AbortSignal): Promise<boolean> {
    return this.#inTurn(async () => {
      const seen = await verifyChain(this.path, { signal });
      if (seen.breaksId !== wish.breaksId) return false;
      // what is wrong with its end or its head now becomes a line of its own
      await this.#close();
      this.#opened = await this.#open(await standingOf(this.path));
      await this.#write(this.#opened, acknowledgementOf(await verifyChain(this.path, { signal }), wish));
      this.#acknowledged += 1;
      this.#fault = null;
      return true;
    });
  }

  /** After the lines that are on their way. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#close());
  }

  async #close(): Promise<void> {
    await this.#opened?.file.close();
    this.#opened = undefined;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** @param left - how this process has left its end, where it had it open */
  async #open(found: Standing, left?: string): Promise<Opened> {
    const file = await open(this.path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      const end = await endOf(file);
      // no kill explains what became of it
      const fault = found.fault ?? (left === undefined || left === end ? null : CHANGED);
      const standing = { ...found, fault };
      const opened: Opened = { file, last: found.last, isOpen: found.isOpen, end };
      await this.#bringInOrder(opened, standing);
      if (!standing.isMarked) await setMark(this.path);
      return opened;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #bringInOrder(opened: Opened, standing: Standing): Promise<void> {
    const { fault, head, last, remains } = standing;
    // with one more line behind it, it would look like one that somebody has added
    if (fault === null && last && head?.number !== last.number) await writeHead(this.path, last);
    if (fault !== null) {
      this.#fault = fault;
      this.#options.onBroken?.(fault);
      const content = { kind: 'broken', fault, expected: head, remains };
      const number = numberAfter(Math.max(last?.number ?? 0, head?.number ?? 0));
      await this.#write(opened, content, number);
    } else if (remains) await this.#write(opened, { kind: 'recovered', remains });
    else if (!last) await this.#write(opened, { kind: 'begun' });
  }

  async #write(opened: Opened, content: LineContent, number?: number): Promise<Position> {
    const { text, position } = writeLine(opened.last, content, new Date(), number);
    const putHead = await prepareHead(this.path, position);
    try {
      await opened.file.writeFile(`${opened.isOpen ? '\n' : ''}${text}`);
      await opened.file.sync();
      await putHead();
      Object.assign(opened, { last: position, isOpen: false, end: await endOf(opened.file) });
    } catch (error) {
      await this.#letGo(opened);
      throw error;
    }
    this.#options.onWritten?.(position, content);
    return position;
  }

  /** How much of a line is in the file is found out before the next one. */
  async #letGo(opened: Opened): Promise<void> {
    if (this.#opened !== opened) return;
    this.#opened = undefined;
    await opened.file.close().catch(() => {});
  }
}

const isAsLeft = async (path: string, { file, end }: Opened): Promise<boolean> =>
  (await isAt(path, file)) && (await endOf(file)) === end;

const isNew = ({ last, head, remains, fault }: Standing): boolean =>
  fault === null && !last && !head && !remains;

/** The first of them, for one sentence. */
function faultIn({ findings: [first], findingCount }: ChainReport): string | null {
  if (!first) return null;
  const place = first.line === null ? '' : `line ${first.line}: `;
  const others = findingCount === 1 ? '' : `; and ${counted(findingCount - 1, 'more finding')}`;
  return `${place}${first.message.replace(/\.$/, '')}${others}`;
}
