import { EventEmitter } from 'node:events';
import { contained } from '../contained.ts';
import type { Logger } from '../observability/logger.ts';
import { EarlyLines } from './early-lines.ts';
import { logFinished } from './finished-line.ts';
import { JobRecorder } from './job-recorder.ts';
import { selected } from './kept-records.ts';
import { heardLine } from './log-line.ts';
import type { History, JobRecord, ListOptions, LogEntry } from './record.ts';
import type { AssignmentFacts } from './run-trace.ts';
import { forgetHistory, type HistoryStore, openHistoryStore } from './store.ts';
import type { RedactSentence } from './texts.ts';

export interface HistoryOptions {
  readonly stateDir: string;
  /** Runs that are kept; 0 for none. */
  readonly limit: number;
  readonly logger: Logger;
  readonly factsOf: (assignmentId: string) => AssignmentFacts | undefined;
  readonly redact: RedactSentence;
  readonly now?: () => number;
}

/** The history of the daemon, which it writes itself. */
export interface LiveHistory extends History {
  /** For `inspect` of the supervisor. */
  readonly observe: JobRecorder['observe'];
  /** Takes every finished line of the log. */
  readonly hear: (line: string) => void;
  /** When nothing more is to come. */
  close(): Promise<void>;
}

const NOT_KEPT = 'The history of jobs cannot be kept in full; the jobs themselves go on. This is told once.';
const MOVED =
  'The history of jobs could not be read in full: the file was moved aside, and what could be read goes on.';
const WARN = 40;

/** With what previous processes left: those of its runs that they were killed in are told in the log. */
export async function openHistory(options: HistoryOptions): Promise<LiveHistory> {
  const { stateDir, limit, logger } = options;
  let tell: ((error: unknown) => void) | undefined = (error) => logger.error({ err: error }, NOT_KEPT);
  const onFault = (error: unknown): void => {
    tell?.(error);
    tell = undefined;
  };
  if (limit > 0) {
    const { store, interrupted } = await openHistoryStore({
      ...{ stateDir, limit, onFault },
      onMoved: (place) => logger.error({ place }, MOVED),
    });
    for (const record of interrupted) logFinished(logger, record);
    return new KeptHistory(options, store, onFault);
  }
  await forgetHistory(stateDir).catch(onFault);
  return new KeptHistory(options, undefined, onFault);
}

interface Told {
  finished: [JobRecord];
  line: [runId: string, number: number, entry: LogEntry];
}

class KeptHistory implements LiveHistory {
  readonly #store: HistoryStore | undefined;
  readonly #recorder: JobRecorder;
  readonly #early = new EarlyLines();
  readonly #told = new EventEmitter<Told>().setMaxListeners(0);
  readonly #onFault: (error: unknown) => void;
  readonly hear: (line: string) => void;

  constructor(
    { logger, factsOf, redact, now }: HistoryOptions,
    store: HistoryStore | undefined,
    onFault: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#onFault = onFault;
    this.hear = contained((line) => this.#hear(line), onFault);
    this.#recorder = new JobRecorder({
      ...{ factsOf, redact, onFault },
      ...(now && { now }),
      onProgress: (record) => {
        store?.put(record);
        for (const entry of this.#early.take(record.runId)) this.#addLine(record.runId, entry);
      },
      onFinished: (record) => {
        store?.put(record);
        this.#keepReasons(record);
        logFinished(logger, record);
        this.#told.emit('finished', record);
      },
      onGone: (record) => {
        if (record.path.length > 0) store?.put(record);
        store?.endLog(record.runId);
      },
    });
  }

  get observe(): JobRecorder['observe'] {
    return this.#recorder.observe;
  }

  list(options: ListOptions = {}): readonly JobRecord[] {
    const isOfEnded = options.failedOnly || options.endedOnly;
    return selected((isOfEnded && this.#store?.records) || this.#records(), options);
  }

  record(id: string): JobRecord | undefined {
    const records = this.#records();
    return (
      records.find(({ runId }) => runId === id) ?? selected(records.filter(({ jobId }) => jobId === id))[0]
    );
  }

  log: History['log'] = async (runId) =>
    (await this.#store?.log(runId)) ?? { first: [], leftOut: 0, last: [] };

  onFinished(listener: (record: JobRecord) => void): () => void {
    const safe = contained(listener, this.#onFault);
    this.#told.on('finished', safe);
    return () => void this.#told.off('finished', safe);
  }

  onLine: History['onLine'] = (listener) => {
    const safe = contained(listener, this.#onFault);
    this.#told.on('line', safe);
    return () => void this.#told.off('line', safe);
  };

  async close(): Promise<void> {
    await this.#store?.close();
  }

  /** Runs that go on are told as they are now. */
  #records(): JobRecord[] {
    const running = this.#recorder.running();
    const ids = new Set(running.map(({ runId }) => runId));
    const kept = (this.#store?.records ?? []).filter(({ runId }) => !ids.has(runId));
    return [...kept, ...running];
  }

  #hear(line: string): void {
    if (!this.#store) return;
    const heard = heardLine(line);
    if (!heard) return;
    const { run, job, vm, entry } = heard;
    const isKnown = run !== undefined && this.#recorder.has(run);
    const runId = isKnown ? run : this.#recorder.runOf(job, vm);
    if (runId !== undefined) this.#addLine(runId, entry);
    else if (run !== undefined) this.#early.add(run, entry);
  }

  /** Of an assignment that no run came of, only what went wrong is worth a file. */
  #keepReasons({ runId, path }: JobRecord): void {
    if (path.length > 0) return;
    const lines = this.#early.take(runId);
    if (lines.some(({ level }) => level >= WARN)) for (const entry of lines) this.#addLine(runId, entry);
  }

  #addLine(runId: string, entry: LogEntry): void {
    if (this.#store) this.#told.emit('line', runId, this.#store.addLine(runId, entry), entry);
  }
}
