import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { liesAside, setAside } from '../files/disk/set-aside.ts';
import { lastLineAtMs, withInterrupted } from './interrupted.ts';
import { KeptRecords } from './kept-records.ts';
import { LogFile, logFolderOf, readLog, removeLog, runOfFile } from './log-file.ts';
import type { JobLog, JobRecord, LogEntry } from './record.ts';
import { openRecordFile, type RecordFile, readRecordFile, recordsPathOf } from './record-file.ts';

/** Records and logs of the last runs, in memory and below `<stateDir>/history`. Nothing here throws. */
export interface HistoryStore {
  /** Takes the place of what was recorded of the run. */
  put(record: JobRecord): void;
  readonly records: readonly JobRecord[];
  /** @returns its number in the log of the run, from 1 on */
  addLine(runId: string, entry: LogEntry): number;
  /** Nothing more is to come of it. */
  endLog(runId: string): void;
  log(runId: string): Promise<JobLog>;
  /** Resolves when what is not kept any more has been removed. */
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly stateDir: string;
  /** Runs that are kept: at least 1. */
  readonly limit: number;
  /** Told when something could not be read, written or removed; more often than anybody wants to hear. */
  readonly onFault: (error: unknown) => void;
  /** Told where what could not be read is kept. */
  readonly onMoved?: (place: string) => void;
}

/** With what previous processes left; runs that they were killed in are said to be interrupted. */
export async function openHistoryStore(
  options: StoreOptions,
): Promise<{ readonly store: HistoryStore; readonly interrupted: readonly JobRecord[] }> {
  const { stateDir, limit } = options;
  const { records: found, isWhole, isFree } = await readOrSetAside(options);
  const kept = new KeptRecords(limit);
  const left = await withInterrupted(stateDir, found);
  const evicted = left.flatMap((record) => kept.put(record));
  const interrupted = left.filter((_, index) => found[index]?.result === 'running');
  const store = new FileStore(options, kept, isFree);
  if (evicted.length + interrupted.length > 0 || !isWhole) store.rewrite();
  // their records may be among those that could not be read
  const isDoubtful = !isWhole || liesAside(recordsPathOf(stateDir));
  store.removeStrangers(isDoubtful ? limit : 0);
  return { store, interrupted };
}

/** `isFree`: nothing that could not be read stands where records are written. */
async function readOrSetAside({ stateDir, onFault, onMoved }: StoreOptions) {
  const read = await readRecordFile(stateDir).catch((error: unknown) => {
    onFault(error);
    return { records: [], isWhole: false };
  });
  if (read.isWhole) return { ...read, isFree: true };
  try {
    const place = setAside(recordsPathOf(stateDir));
    onMoved?.(place);
    return { ...read, isFree: true };
  } catch (error) {
    onFault(error);
    return { ...read, isFree: false };
  }
}

const NOWHERE: RecordFile = { append: () => {}, close: () => {} };

/** As if nothing had ever been; for a daemon that is to keep no history. */
export async function forgetHistory(stateDir: string): Promise<void> {
  await rm(join(stateDir, 'history'), { recursive: true, force: true });
}

class FileStore implements HistoryStore {
  readonly #folder: string;
  readonly #kept: KeptRecords;
  readonly #file: RecordFile;
  readonly #onFault: (error: unknown) => void;
  readonly #logs = new Map<string, LogFile>();
  /** Runs of which there are files: a flood of refused assignments leaves none. */
  readonly #logged = new Set<string>();
  readonly #removals = new Set<Promise<void>>();

  constructor({ stateDir, onFault }: StoreOptions, kept: KeptRecords, isFree: boolean) {
    this.#folder = logFolderOf(stateDir);
    this.#kept = kept;
    this.#file = isFree ? openRecordFile(stateDir, () => kept.all) : NOWHERE;
    this.#onFault = onFault;
  }

  get records(): readonly JobRecord[] {
    return this.#kept.all;
  }

  put(record: JobRecord): void {
    const evicted = this.#kept.put(record);
    this.#guarded(() => this.#file.append([record]));
    for (const { runId } of evicted) this.#remove(runId);
  }

  /** Nothing stays open: should the daemon not come up, nobody closes it. */
  rewrite(): void {
    this.#guarded(() => this.#file.append([]));
    this.#guarded(() => this.#file.close());
  }

  addLine(runId: string, entry: LogEntry): number {
    const log = this.#logs.get(runId) ?? new LogFile(this.#folder, runId);
    this.#logs.set(runId, log);
    this.#logged.add(runId);
    this.#guarded(() => log.add(entry));
    return log.count;
  }

  endLog(runId: string): void {
    this.#guarded(() => this.#logs.get(runId)?.close());
    this.#logs.delete(runId);
  }

  log(runId: string): Promise<JobLog> {
    return readLog(this.#folder, runId);
  }

  async close(): Promise<void> {
    for (const runId of [...this.#logs.keys()]) this.endLog(runId);
    this.#guarded(() => this.#file.close());
    await Promise.all(this.#removals);
  }

  /**
   * Logs that a process left which was killed before it had removed them, or before it had recorded their run.
   *
   * @param mostKept - so many of them stay, the newest
   */
  removeStrangers(mostKept: number): void {
    this.#track(async () => {
      const names = await readdir(this.#folder).catch(() => []);
      const runIds = [...new Set(names.flatMap((name) => runOfFile(name) ?? []))];
      for (const runId of runIds) if (this.#kept.has(runId)) this.#logged.add(runId);
      const strangers = runIds.filter((runId) => !this.#kept.has(runId));
      const oldestFirst = mostKept === 0 ? strangers : await this.#oldestFirst(strangers);
      for (const runId of oldestFirst.slice(0, Math.max(0, strangers.length - mostKept)))
        await removeLog(this.#folder, runId);
    });
  }

  async #oldestFirst(runIds: readonly string[]): Promise<string[]> {
    const dated: { runId: string; atMs: number }[] = [];
    for (const runId of runIds) dated.push({ runId, atMs: await lastLineAtMs(this.#folder, runId) });
    return dated.sort((a, b) => a.atMs - b.atMs).map(({ runId }) => runId);
  }

  #remove(runId: string): void {
    this.endLog(runId);
    if (this.#logged.delete(runId)) this.#track(() => removeLog(this.#folder, runId));
  }

  #track(remove: () => Promise<void>): void {
    const removal = remove()
      .catch(this.#onFault)
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  #guarded(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#onFault(error);
    }
  }
}
