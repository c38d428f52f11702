import { join } from 'node:path';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { type LineFile, openLineFile } from '../journal/line-file.ts';
import { type JobRecord, jobRecordSchema, withoutWay } from './record.ts';

/** A line for each change of a record: the last one of a run counts. */
export const recordsPathOf = (stateDir: string): string => join(stateDir, 'history', 'jobs.jsonl');

/** Far above what is written: a file that is larger was made by somebody else. */
const MAX_BYTES = 128 * 1024 * 1024;
/** Then it is written anew: about ten lines a run are written, one is kept. */
const MAX_LINES = 2_000;

/** What is kept of a run that goes on: enough to say what was lost with a killed process. */
const keptOf = (record: JobRecord): JobRecord => (record.result === 'running' ? withoutWay(record) : record);

export interface RecordFile extends Pick<LineFile, 'close'> {
  /** @throws the system's error */
  append(records: readonly JobRecord[]): void;
}

/** @param all - every record that is to be kept, those of `append` included */
export function openRecordFile(stateDir: string, all: () => readonly JobRecord[]): RecordFile {
  const lines = openLineFile(recordsPathOf(stateDir), () => all().map(keptOf), MAX_LINES);
  return { append: (records) => lines.append(records.map(keptOf)), close: () => lines.close() };
}

/**
 * What was kept, in the order in which the runs were last heard of. A line that was torn by a kill, or made by
 * somebody else, is left out.
 *
 * @throws the system's error; nothing for a file that is not there
 */
export async function readRecords(stateDir: string): Promise<JobRecord[]> {
  return (await readRecordFile(stateDir)).records;
}

/** The same, and whether all of it could be read, but for a last line that a kill tore. @throws as `readRecords` */
export async function readRecordFile(
  stateDir: string,
): Promise<{ readonly records: JobRecord[]; readonly isWhole: boolean }> {
  const newest = new Map<string, unknown>();
  const lines = await linesOf(recordsPathOf(stateDir), MAX_BYTES);
  let isWhole = true;
  for (const [index, line] of lines.entries()) {
    const entry = parsedLine(line);
    const { runId } = (entry ?? {}) as { runId?: unknown };
    if (typeof runId !== 'string') {
      isWhole &&= index === lines.length - 1 && isTorn(line);
      continue;
    }
    newest.delete(runId);
    newest.set(runId, entry);
  }
  const records = [...newest.values()].flatMap((entry) => jobRecordSchema.safeParse(entry).data ?? []);
  return { records, isWhole: isWhole && records.length === newest.size };
}

/** @throws the system's error · Error for what is no regular file, or too large; nothing for a file that is not there */
export async function linesOf(path: string, maxBytes: number): Promise<string[]> {
  try {
    const read = await readBoundedText(path, maxBytes);
    if ('unread' in read) throw new Error(`${path} is left unread: ${read.unread}`);
    return read.text.split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** What a kill leaves of the last line: nothing, or its beginning. */
const isTorn = (line: string): boolean => line === '' || line.startsWith('{');

export function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
