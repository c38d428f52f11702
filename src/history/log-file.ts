import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type JobLog, type LogEntry, logEntrySchema } from './record.ts';
import { linesOf, parsedLine } from './record-file.ts';

export const logFolderOf = (stateDir: string): string => join(stateDir, 'history', 'logs');

/** Of one log: the first lines, and the last ones in two files that take turns. */
const PARTS = ['', '.before', '.last'] as const;
type Part = (typeof PARTS)[number];

interface Bound {
  readonly lines: number;
  readonly bytes: number;
}
/** 256 KiB and 2,000 lines in all. */
export const LOG_BOUNDS = {
  first: { lines: 1_000, bytes: 128 * 1024 },
  last: { lines: 500, bytes: 64 * 1024 },
} as const satisfies Record<string, Bound>;

/** Ids of runs become file names; ours are UUIDs. */
const RUN_ID = /^[A-Za-z0-9-]{1,64}$/;
export const isFileName = (runId: string): boolean => RUN_ID.test(runId);

const pathOf = (folder: string, runId: string, part: Part): string => join(folder, `${runId}${part}.jsonl`);

/** The run whose log a file is a part of. */
export const runOfFile = (fileName: string): string | undefined =>
  /^([A-Za-z0-9-]{1,64})(?:\.before|\.last)?\.jsonl$/.exec(fileName)?.[1];

/** The log of one run on its way to the disk: each line is with the system when `add` returns. */
export class LogFile {
  readonly #folder: string;
  readonly #runId: string;
  #part: Part = '';
  #file: number | undefined;
  #written = { lines: 0, bytes: 0 };
  #count = 0;
  /** A disk without room may have taken the beginning of a line. */
  #isTorn = false;

  constructor(folder: string, runId: string) {
    this.#folder = folder;
    this.#runId = runId;
  }

  /** Lines so far, those included that could not be written. */
  get count(): number {
    return this.#count;
  }

  /** @throws the system's error; the line is missing then, and counted */
  add(entry: LogEntry): void {
    this.#count += 1;
    const line = `${this.#isTorn ? '\n' : ''}${JSON.stringify({ n: this.#count, ...entry })}\n`;
    const bytes = Buffer.byteLength(line);
    if (this.#isFull(bytes)) this.#turn();
    this.#file ??= this.#open();
    try {
      writeSync(this.#file, line);
      this.#isTorn = false;
    } catch (error) {
      this.#isTorn = true;
      throw error;
    }
    this.#written = { lines: this.#written.lines + 1, bytes: this.#written.bytes + bytes };
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #isFull(moreBytes: number): boolean {
    const bound = this.#part === '' ? LOG_BOUNDS.first : LOG_BOUNDS.last;
    const { lines, bytes } = this.#written;
    return lines > 0 && (lines >= bound.lines || bytes + moreBytes > bound.bytes);
  }

  #turn(): void {
    this.close();
    if (this.#part === '.last')
      renameSync(pathOf(this.#folder, this.#runId, '.last'), pathOf(this.#folder, this.#runId, '.before'));
    this.#part = '.last';
    this.#written = { lines: 0, bytes: 0 };
  }

  #open(): number {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    return openSync(pathOf(this.#folder, this.#runId, this.#part), 'a', 0o600);
  }
}

const lineSchema = logEntrySchema.extend({ n: z.number().int().positive() });
type Line = z.output<typeof lineSchema>;

/** What is kept of the log of a run; empty when nothing is. */
export async function readLog(folder: string, runId: string): Promise<JobLog> {
  if (!isFileName(runId)) return { first: [], leftOut: 0, last: [] };
  const [first = [], ...rest] = await Promise.all(PARTS.map((part) => readPart(folder, runId, part)));
  const last = rest.flat();
  const [lastOfFirst, firstOfLast] = [first.at(-1)?.n ?? 0, last[0]?.n];
  const leftOut = firstOfLast === undefined ? 0 : Math.max(0, firstOfLast - lastOfFirst - 1);
  return { first: first.map(entryOf), leftOut, last: last.map(entryOf) };
}

async function readPart(folder: string, runId: string, part: Part): Promise<Line[]> {
  const maxBytes = 2 * LOG_BOUNDS.first.bytes;
  const lines = await linesOf(pathOf(folder, runId, part), maxBytes).catch(() => []);
  return lines.flatMap((line) => {
    const read = lineSchema.safeParse(parsedLine(line));
    return read.success ? [read.data] : [];
  });
}

const entryOf = ({ n: _, ...entry }: Line): LogEntry => entry;

export async function removeLog(folder: string, runId: string): Promise<void> {
  if (!isFileName(runId)) return;
  await Promise.all(PARTS.map((part) => rm(pathOf(folder, runId, part), { force: true })));
}
