import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  type Stats,
  writeSync,
} from 'node:fs';

/**
 * Files up to this size are opened, read or written, and closed in one go on this thread. Each trip to the thread
 * pool costs many times what the system call does: for 30,000 files of a few KiB it was most of the time of a job.
 */
export const SMALL_FILE_BYTES = 64 * 1024;

/** After so many small files, whatever else waits in this process has its turn: a few milliseconds of work. */
const FILES_PER_TURN = 64;

/** A link as the last part is not followed, and a pipe put in the place of a file does not block. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Never opens what is there already, and never goes through a link. */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export interface FileStart {
  readonly stats: Stats;
  /** Empty for what is no regular file. */
  readonly bytes: Buffer;
}

/**
 * The first bytes of a file.
 *
 * @param maxBytes - 64 KiB at most
 * @throws the system's error
 */
export function readStart(path: string, maxBytes: number): FileStart {
  return withDescriptor(openSync(path, READ), (descriptor) => {
    const stats = fstatSync(descriptor);
    const length = stats.isFile() ? Math.min(stats.size, maxBytes, SMALL_FILE_BYTES) : 0;
    return { stats, bytes: readFrom(descriptor, length) };
  });
}

/**
 * As `readStart`, into memory that is there already: a buffer for each of thousands of files keeps the garbage
 * collector busier than the reading takes.
 *
 * @param target - 64 KiB at most
 * @returns how many bytes there are; 0 for what is no regular file
 * @throws the system's error
 */
export function readStartInto(
  path: string,
  target: Buffer,
): { readonly stats: Stats; readonly bytes: number } {
  return withDescriptor(openSync(path, READ), (descriptor) => {
    const stats = fstatSync(descriptor);
    return { stats, bytes: stats.isFile() ? fill(descriptor, target) : 0 };
  });
}

/**
 * The whole of a regular file of 64 KiB at most.
 *
 * @returns undefined for a larger one, and for what is no regular file
 * @throws the system's error
 */
export function readSmallFile(path: string): FileStart | undefined {
  return withDescriptor(openSync(path, READ), (descriptor) => {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > SMALL_FILE_BYTES) return undefined;
    return { stats, bytes: readFrom(descriptor, stats.size) };
  });
}

/**
 * Writes a new file.
 *
 * @param mode - what it gets, whatever the umask of this process is
 * @returns the file as it is then
 * @throws the system's error
 */
export function createSmallFile(path: string, mode: number, chunks: readonly Buffer[]): Stats {
  return withDescriptor(openSync(path, CREATE, mode), (descriptor) => {
    for (const chunk of chunks)
      for (let done = 0; done < chunk.length; ) done += writeSync(descriptor, chunk, done);
    const stats = fstatSync(descriptor);
    if ((stats.mode & 0o7777) === mode) return stats;
    fchmodSync(descriptor, mode);
    return fstatSync(descriptor);
  });
}

let filesOfThisTurn = 0;

/** To be awaited after each small file. */
export async function nextInTurn(): Promise<void> {
  filesOfThisTurn += 1;
  if (filesOfThisTurn % FILES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
}

function withDescriptor<T>(descriptor: number, use: (descriptor: number) => T): T {
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readFrom(descriptor: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, fill(descriptor, bytes));
}

function fill(descriptor: number, target: Buffer): number {
  let filled = 0;
  while (filled < target.length) {
    const count = readSync(descriptor, target, filled, target.length - filled, filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
