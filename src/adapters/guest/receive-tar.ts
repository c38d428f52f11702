import { lstat, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { Parser, type ReadEntry } from 'tar';
import { contained } from '../../contained.ts';
import { createFile, writeAll } from './guest-output.ts';
import { refused, tooLarge } from './guest-path.ts';

export interface ReceiveLimits {
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
}

/** A path is ASCII `./` from our own list; compressed data would not start so, and the parser would inflate it. */
const FIRST_BYTE_OF_TAR = '.'.charCodeAt(0);
/** Header, padding and one long name for each file, generously. */
const OVERHEAD_BYTES_PER_FILE = 16 * 1024;

interface TarSink {
  readonly sink: Writable;
  /** Nothing is open or being written any more; what was wrong with the end of the stream. Never rejects. */
  settled(): Promise<Error | undefined>;
}

export interface TarReceiver extends TarSink {
  /** What was asked for and has not come. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Takes a tar stream from a guest that may be hostile: only regular files, only those asked for, each once, within
 * the limits, written below `destDir` without ever following a link.
 */
export function receiveTar(paths: readonly string[], destDir: string, limits: ReceiveLimits): TarReceiver {
  // APFS and bsdtar may spell an accented letter in another normal form than the list did.
  const asked = new Map(paths.map((path) => [path.normalize('NFC'), path]));
  const missing = new Set(paths);
  const budget = { leftBytes: limits.maxTotalBytes };
  const write = async (entry: ReadEntry): Promise<void> => {
    if (entry.type === 'Directory') return void entry.resume();
    const path = asked.get(entry.path.replace(/^\.\//, '').normalize('NFC'));
    const sizeBytes = checkedSize(entry, path, missing, limits, budget);
    missing.delete(path as string);
    budget.leftBytes -= sizeBytes;
    await replaceFile(entry, destDir, path as string);
  };
  const maxStreamBytes = limits.maxTotalBytes + (paths.length + 2) * OVERHEAD_BYTES_PER_FILE;
  return { ...tarSink(write, maxStreamBytes), missing };
}

function checkedSize(
  entry: ReadEntry,
  path: string | undefined,
  missing: ReadonlySet<string>,
  limits: ReceiveLimits,
  budget: { readonly leftBytes: number },
): number {
  const name = JSON.stringify(entry.path.slice(0, 200));
  if (path === undefined || !missing.has(path)) throw refused(`it sent ${name}, which was not asked for`);
  if (!['File', 'OldFile'].includes(entry.type))
    throw refused(`it sent ${name} as ${entry.type}, not as a file`);
  const sizeBytes = entry.size;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw refused(`it sent ${name} without a size`);
  if (sizeBytes > limits.maxFileBytes)
    throw tooLarge(`${name} has ${sizeBytes} bytes, allowed are ${limits.maxFileBytes}`);
  if (sizeBytes > budget.leftBytes)
    throw tooLarge(`All files together may have ${limits.maxTotalBytes} bytes`);
  return sizeBytes;
}

/** A Writable around the parser; entries are written one after the other, and hold back the stream meanwhile. */
function tarSink(write: (entry: ReadEntry) => Promise<void>, maxStreamBytes: number): TarSink {
  const parser = new Parser({ strict: true });
  const state: TarSinkState = { written: Promise.resolve() };
  let takenBytes = 0;
  const take = (chunk: Buffer, callback: (error?: Error) => void): void => {
    const fault = takenBytes === 0 ? firstFault(chunk) : undefined;
    takenBytes += chunk.length;
    if (fault) callback(fault);
    else if (takenBytes > maxStreamBytes) callback(tooLarge(`Its stream may have ${maxStreamBytes} bytes`));
    else if (parser.write(chunk)) callback();
    else parser.once('drain', () => callback());
  };
  const sink = new Writable({
    highWaterMark: 1024 * 1024,
    write(chunk: Buffer, _encoding, callback) {
      contained(take, (error) => callback(error as Error))(chunk, callback);
    },
    final(callback) {
      parser.once('end', () => state.written.then(() => callback(), callback));
      parser.end();
    },
    destroy(error, callback) {
      state.current?.destroy();
      callback(error);
    },
  });
  parser.on('entry', (entry: ReadEntry) => {
    state.written = state.written.then(() => {
      if (sink.destroyed) throw new Error('the transfer was given up');
      state.current = entry;
      return write(entry);
    });
    state.written.catch((error) => sink.destroy(error));
  });
  parser.on('error', (error: Error) => {
    const fault = refused(`its tar stream broke a rule (${error.message})`);
    // At the end the exit code of the command may have the better explanation: it goes first.
    if (sink.writableEnded) state.faultAtEnd ??= fault;
    else sink.destroy(fault);
  });
  return { sink, settled: () => state.written.catch(() => {}).then(() => state.faultAtEnd) };
}

interface TarSinkState {
  current?: ReadEntry;
  written: Promise<void>;
  faultAtEnd?: Error;
}

const firstFault = (chunk: Buffer): Error | undefined =>
  chunk[0] === FIRST_BYTE_OF_TAR || chunk[0] === 0
    ? undefined
    : refused('it did not send a plain tar stream');

async function replaceFile(entry: ReadEntry, destDir: string, name: string): Promise<void> {
  await realFolder(destDir, dirname(name));
  const path = join(destDir, name);
  // What lies there is replaced, not written through: it may be a link, or share its blocks with another name.
  await rm(path, { force: true });
  const file = await createFile(path, ((entry.mode ?? 0o644) & 0o755) | 0o600);
  try {
    for await (const chunk of entry) await writeAll(file, [chunk]);
  } finally {
    await file.close();
  }
}

/** Every part of the way must be a folder, made if need be; a link in the way could lead out of `destDir`. */
async function realFolder(destDir: string, relative: string): Promise<void> {
  let folder = destDir;
  for (const part of relative === '.' ? [] : relative.split('/')) {
    folder = join(folder, part);
    const stats = await lstat(folder).catch(() => undefined);
    if (!stats) await mkdir(folder);
    else if (!stats.isDirectory())
      throw refused(`it named a file below ${JSON.stringify(part)}, which is no folder`);
  }
}
