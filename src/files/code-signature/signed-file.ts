import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ShipError } from '../../errors.ts';
import { nextInTurn, readSmallFile } from '../disk/small-file.ts';

const CHUNK_BYTES = 1024 * 1024;

/** One file opened for checking; the last part of its path must not be a link. */
export interface SignedFile {
  readonly sizeBytes: number;
  /** Exactly these bytes; a file that ends before has been cut while it was read. */
  read(offset: number, length: number): Promise<Buffer>;
  /** The bytes of a range, 1 MiB at most a turn; a chunk is only good until the next one. */
  chunks(offset: number, length: number, signal: AbortSignal): AsyncGenerator<Buffer>;
}

/** Opens a file for the time of `use`. @throws ShipError SIGNED_FILE_UNREADABLE · what `use` throws */
export async function withSignedFile<T>(path: string, use: (file: SignedFile) => Promise<T>): Promise<T> {
  const small = smallFileAt(path);
  await nextInTurn();
  return small ? use(inMemory(path, small)) : withLargeFile(path, use);
}

function smallFileAt(path: string): Buffer | undefined {
  try {
    return readSmallFile(path)?.bytes;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function inMemory(path: string, bytes: Buffer): SignedFile {
  const range = (offset: number, length: number): Buffer => {
    if (offset + length > bytes.length) throw unreadable(path, new Error(`the file ends at ${bytes.length}`));
    return bytes.subarray(offset, offset + length);
  };
  return {
    sizeBytes: bytes.length,
    // a copy, as from a file: who reads may write into what it got
    read: async (offset, length) => Buffer.from(range(offset, length)),
    chunks: async function* (offset, length) {
      if (length > 0) yield range(offset, length);
    },
  };
}

async function withLargeFile<T>(path: string, use: (file: SignedFile) => Promise<T>): Promise<T> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const sizeBytes = (await handle.stat()).size;
    return await use({
      sizeBytes,
      read: (offset, length) => readExactly(handle, path, Buffer.alloc(length), offset),
      chunks: (offset, length, signal) => readChunks(handle, path, { offset, length, signal }),
    });
  } finally {
    await handle.close();
  }
}

interface Range {
  readonly offset: number;
  readonly length: number;
  readonly signal: AbortSignal;
}

async function* readChunks(handle: FileHandle, path: string, range: Range): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, range.length));
  for (let done = 0; done < range.length; done += buffer.length) {
    range.signal.throwIfAborted();
    const length = Math.min(buffer.length, range.length - done);
    yield await readExactly(handle, path, buffer.subarray(0, length), range.offset + done);
  }
}

async function readExactly(handle: FileHandle, path: string, into: Buffer, offset: number): Promise<Buffer> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await handle
      .read(into, done, into.length - done, offset + done)
      .catch((error: unknown) => {
        throw unreadable(path, error);
      });
    if (bytesRead === 0) throw unreadable(path, new Error(`the file ends at ${offset + done}`));
    done += bytesRead;
  }
  return into;
}

/** What the operating system refused, as SIGNED_FILE_UNREADABLE. */
export const unreadable = (path: string, cause: unknown): ShipError =>
  new ShipError('SIGNED_FILE_UNREADABLE', {
    summary: 'A file whose signature is checked could not be read.',
    reason: `The operating system said ${(cause as NodeJS.ErrnoException).code ?? 'that it ended too early'}.`,
    nextStep: 'Check that the file exists and may be read by this user, and run the check again.',
    cause,
    detail: { path },
  });
