import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { WrittenItem } from '../../files/archive/write-watch.ts';
import { gathered, headerOf, paddingOf, tarEnd } from './send-tar.ts';

/** Content of small files that need not be read again waits up to this much; what is beyond is read from the disk. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
const PAGE_BYTES = 256 * 1024;

interface Waiting {
  readonly path: string;
  readonly item: WrittenItem;
  readonly content?: readonly Buffer[];
}

/** A tree as a tar stream while it is still being written. */
export class TreeFeed {
  /** What is in the stream so far, by path in it. */
  readonly sent = new Map<string, WrittenItem>();
  readonly #sourceDir: string;
  readonly #signal: AbortSignal;
  #waiting: Waiting[] = [];
  #heldBytes = 0;
  #isOver = false;
  #wake = (): void => undefined;

  /** @param signal - ends the stream with its reason */
  constructor(sourceDir: string, signal: AbortSignal) {
    this.#sourceDir = sourceDir;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.grown(), { once: true });
  }

  /** @param path - in the stream; `item.path` is that below `sourceDir` */
  add(path: string, item: WrittenItem, content?: readonly Buffer[]): void {
    const isHeld = content && this.#heldBytes + item.sizeBytes <= MAX_HELD_BYTES;
    if (isHeld) this.#heldBytes += item.sizeBytes;
    this.#waiting.push({ path, item, ...(isHeld && { content }) });
    this.#wake();
  }

  /** An item that was added has become larger. */
  grown(): void {
    this.#wake();
  }

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  tar(): AsyncGenerator<Buffer, void, void> {
    return gathered(this.#pieces());
  }

  async *#pieces(): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const next of batch) yield* this.#piecesOf(next);
      if (this.#waiting.length > 0) continue;
      if (this.#isOver) return yield* tarEnd();
      await this.#change();
    }
  }

  async *#piecesOf({ path, item, content }: Waiting): AsyncGenerator<Buffer, void, void> {
    this.#signal.throwIfAborted();
    yield* headerOf({ ...item, path }, item.sizeBytes, new Date());
    if (content) {
      this.#heldBytes -= item.sizeBytes;
      yield* content;
    } else if (item.type === 'file') yield* this.#read(item);
    yield* paddingOf(item.sizeBytes);
    this.sent.set(path, item);
  }

  async *#read(item: WrittenItem): AsyncGenerator<Buffer, void, void> {
    if (item.sizeBytes === 0) return;
    const path = join(this.#sourceDir, item.path);
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      for (let at = 0; at < item.sizeBytes; ) {
        while (at >= item.writtenBytes) await this.#change();
        const page = await readPage(file, at, item.writtenBytes);
        at += page.length;
        yield page;
      }
    } finally {
      await file.close();
    }
  }

  async #change(): Promise<void> {
    this.#signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#signal.throwIfAborted();
  }
}

async function readPage(file: FileHandle, at: number, end: number): Promise<Buffer> {
  const page = Buffer.allocUnsafe(Math.min(PAGE_BYTES, end - at));
  const { bytesRead } = await file.read(page, 0, page.length, at);
  if (bytesRead === 0) throw new Error('a file that was just written became shorter');
  return page.subarray(0, bytesRead);
}
