import type { ArchiveEntry } from './archive-entry.ts';
import { withoutFinderData } from './finder-data.ts';
import { gunzipStrictly } from './inflate.ts';
import { defaultUnpackLimits, type UnpackLimits } from './limits.ts';
import { type ArchiveOrigin, refuseCorrupt } from './refusals.ts';
import { stoppable } from './stoppable.ts';
import { readTar } from './tar-reader.ts';
import { TreeWriter } from './tree-writer.ts';
import { UnpackBudget } from './unpack-budget.ts';
import type { WriteWatch } from './write-watch.ts';
import { readZip } from './zip-reader.ts';

export interface UnpackOptions {
  /** Aborting ends the work at once; rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Overrides of `defaultUnpackLimits`. */
  readonly limits?: Partial<UnpackLimits>;
  readonly watch?: WriteWatch;
}

export interface UnpackedBundle {
  readonly kind: 'tar.gz' | 'zip';
  /** Entries of the archive that were written. */
  readonly entryCount: number;
  /** Bytes of all files. */
  readonly unpackedBytes: number;
  readonly archiveBytes: number;
  /** Paths below the folder of files that begin like data, not like code or a script, as they were written. */
  readonly dataFiles: ReadonlySet<string>;
}

/** Passes the bytes on while there is room for them. */
export type Budgeted = (blocks: AsyncIterable<Buffer>) => AsyncGenerator<Buffer, void>;

type Source = AsyncGenerator<Buffer, void>;

/** One archive on its way into one folder. */
export class Unpacking {
  readonly budget: UnpackBudget;
  private readonly writer: TreeWriter;
  private readonly signal: AbortSignal;
  private readonly origin: ArchiveOrigin;

  private constructor(writer: TreeWriter, budget: UnpackBudget, signal: AbortSignal, origin: ArchiveOrigin) {
    this.writer = writer;
    this.budget = budget;
    this.signal = signal;
    this.origin = origin;
  }

  static async start(destDir: string, options: UnpackOptions, origin: ArchiveOrigin): Promise<Unpacking> {
    options.signal.throwIfAborted();
    const limits = { ...defaultUnpackLimits, ...options.limits };
    const budget = new UnpackBudget(limits);
    return new Unpacking(
      await TreeWriter.into(destDir, { limits, budget, watch: options.watch }),
      budget,
      options.signal,
      origin,
    );
  }

  /** Works on a source that is let go in every case, and at once, even when it has gone silent. */
  async over<T>(source: AsyncIterable<Buffer>, work: (counted: Source) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const onAbort = () => stop.abort(this.signal.reason);
    this.signal.addEventListener('abort', onAbort, { once: true });
    if (this.signal.aborted) onAbort();
    const counted = this.counted(source, stop.signal);
    try {
      return await work(counted);
    } finally {
      this.signal.removeEventListener('abort', onAbort);
      stop.abort();
      await counted.return();
    }
  }

  private async *counted(source: AsyncIterable<Buffer>, signal: AbortSignal): Source {
    for await (const chunk of stoppable(source, signal)) {
      this.budget.spendArchiveBytes(chunk.length);
      yield chunk;
    }
  }

  async tarGz(stream: AsyncIterable<Buffer>): Promise<UnpackedBundle> {
    const { signal, onCorrupt, budget } = this;
    const tar = this.unpackedBytes(gunzipStrictly(stream, { signal, onCorrupt }));
    const onSize = (bytes: number) => budget.assertRoomFor(bytes);
    const onHole = (bytes: number) => budget.spendUnpackedBytes(bytes);
    const onExtendedHeader = (bytes: number) => budget.spendExtendedHeader(bytes);
    await this.writeAll(readTar(tar, { onCorrupt, onSize, onHole, onExtendedHeader }));
    return this.result('tar.gz');
  }

  /** Entries that another reader has found; `content` takes the unpacked bytes past the budget. */
  async entries(find: (content: Budgeted) => AsyncIterable<ArchiveEntry>): Promise<void> {
    await this.writeAll(find((blocks) => this.unpackedBytes(blocks)));
  }

  async zip(path: string): Promise<UnpackedBundle> {
    const { signal, onCorrupt, budget } = this;
    const onSize = (bytes: number) => budget.spendUnpackedBytes(bytes);
    await this.writeAll(readZip(path, { signal, onCorrupt, onSize }));
    return this.result('zip');
  }

  private readonly onCorrupt = (reason: string, cause?: unknown): Error =>
    refuseCorrupt({ origin: this.origin, archiveBytes: this.budget.archiveBytes }, reason, cause);

  private async *unpackedBytes(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    for await (const block of blocks) {
      this.budget.spendUnpackedBytes(block.length);
      yield block;
    }
  }

  private async writeAll(entries: AsyncIterable<ArchiveEntry>): Promise<void> {
    const onLeftOut = (name: string) => {
      this.budget.spendEntries(1);
      this.budget.spendPathBytes(name.length);
    };
    for await (const entry of withoutFinderData(entries, onLeftOut)) {
      this.signal.throwIfAborted();
      await this.writer.add(entry, this.signal);
    }
    this.signal.throwIfAborted();
    await this.writer.finish();
  }

  private result(kind: UnpackedBundle['kind']): UnpackedBundle {
    const { entryCount, fileBytes: unpackedBytes, dataFiles } = this.writer;
    return { kind, entryCount, unpackedBytes, archiveBytes: this.budget.archiveBytes, dataFiles };
  }
}
