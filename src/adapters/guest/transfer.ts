import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { readAhead } from '../../files/disk/read-ahead.ts';
import type { GuestExecOptions, GuestSession } from './guest.ts';
import { boundedSink, createFile, writeAll } from './guest-output.ts';
import { checkedGuestPath, refused, transferFailed } from './guest-path.ts';
import { type ReceiveLimits, receiveTar } from './receive-tar.ts';
import { packCommand, unpackCommand, word } from './remote-tar.ts';
import { tarOf } from './send-tar.ts';
import { shellLine } from './ssh/quote.ts';

export type { ReceiveLimits } from './receive-tar.ts';

export interface PutTreeOptions {
  readonly sourceDir: string;
  /** Absolute, or below the guest's home; made when missing. */
  readonly remoteDir: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (sentBytes: number) => void;
}

/** Read while the last one is encrypted and sent. */
const PAGES_AHEAD = 3;

/** Copies everything below a folder into the guest: modes, times and links as they are. */
export const putTree = (session: GuestSession, { sourceDir, ...options }: PutTreeOptions): Promise<void> =>
  putTar(session, { ...options, tar: tarOf(sourceDir) });

export interface PutTarOptions extends Omit<PutTreeOptions, 'sourceDir'> {
  readonly tar: AsyncIterable<Buffer>;
}

/** Unpacks a tar stream in the guest while it comes. */
export async function putTar(session: GuestSession, options: PutTarOptions): Promise<void> {
  const { tar, remoteDir, signal, onProgress } = options;
  const stdin = Readable.from(counted(readAhead(tar, PAGES_AHEAD), onProgress), { objectMode: false });
  await succeed(session, 'Copying a folder into the machine', unpackCommand(remoteDir), { stdin, signal });
}

async function* counted(pages: AsyncIterable<Buffer>, onProgress: PutTreeOptions['onProgress']) {
  let sentBytes = 0;
  for await (const page of pages) {
    yield page;
    sentBytes += page.length;
    onProgress?.(sentBytes);
  }
}

export interface GetFilesOptions {
  readonly remoteDir: string;
  /** Relative to `remoteDir`, regular files all. */
  readonly paths: readonly string[];
  /** Exists; files that lie there already are replaced. */
  readonly destDir: string;
  readonly limits: ReceiveLimits;
  readonly signal: AbortSignal;
}

/**
 * Copies some files out of the guest, which is taken for hostile.
 *
 * @throws ShipError GUEST_OUTPUT_REFUSED · GUEST_OUTPUT_TOO_LARGE · GUEST_TRANSFER_FAILED · GUEST_LOST
 */
export async function getFiles(session: GuestSession, options: GetFilesOptions): Promise<void> {
  const { remoteDir, paths, destDir, limits, signal } = options;
  if (paths.length === 0) return;
  const stdin = paths.map((path) => `./${checkedGuestPath(path)}\0`).join('');
  const { sink, missing, settled } = receiveTar(paths, destDir, limits);
  const command = packCommand(remoteDir);
  try {
    await succeed(session, 'Copying files out of the machine', command, { stdin, stdout: sink, signal });
  } finally {
    await settled();
  }
  const fault = await settled();
  if (fault) throw fault;
  if (missing.size > 0) throw refused(`it kept back ${missing.size} of ${paths.length} files`);
}

export interface PutFileOptions {
  readonly source: Readable | Uint8Array;
  readonly remotePath: string;
  /** Permission bits; nobody else can read the file at any moment when they say so. */
  readonly mode: number;
  readonly signal: AbortSignal;
}

export async function putFile(session: GuestSession, options: PutFileOptions): Promise<void> {
  const file = word(options.remotePath);
  const mode = options.mode.toString(8).padStart(4, '0');
  const command = `umask 077; rm -f ${file} && cat > ${file} && chmod ${mode} ${file}`;
  await succeed(session, 'Copying a file into the machine', command, {
    stdin: options.source,
    signal: options.signal,
  });
}

export interface GetFileOptions {
  readonly remotePath: string;
  /** Must not exist. */
  readonly destPath: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface ReceivedFile {
  readonly sizeBytes: number;
  readonly sha256Hex: string;
}

/** Copies one file out of the guest; its digest is taken on the way. */
export async function getFile(session: GuestSession, options: GetFileOptions): Promise<ReceivedFile> {
  const { remotePath, destPath, maxBytes, signal } = options;
  signal.throwIfAborted();
  const file = await createFile(destPath, 0o600);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const sink = boundedSink(maxBytes, async (chunks) => {
    for (const chunk of chunks) hash.update(chunk);
    sizeBytes += await writeAll(file, chunks);
  });
  try {
    const command = `${isPlainFile(remotePath)} && cat ${word(remotePath)}`;
    await succeed(session, 'Copying a file out of the machine', command, { stdout: sink, signal });
    return { sizeBytes, sha256Hex: hash.digest('hex') };
  } catch (error) {
    await rm(destPath, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

export interface GetTailOptions {
  readonly remotePath: string;
  /** Zero for the first byte. */
  readonly fromByte: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** What a growing file has after `fromByte`, at most `maxBytes` of it; empty when there is nothing new. */
export async function getTail(session: GuestSession, options: GetTailOptions): Promise<Buffer> {
  const { remotePath, fromByte, maxBytes, signal } = options;
  const taken: Buffer[] = [];
  const sink = boundedSink(maxBytes, async (chunks) => void taken.push(...chunks));
  const command = `${isPlainFile(remotePath)} && tail -c +${fromByte + 1} ${word(remotePath)} | head -c ${maxBytes}`;
  await succeed(session, 'Reading a file of the machine', command, { stdout: sink, signal });
  return Buffer.concat(taken);
}

/** A link, a pipe or a device would make us wait or read something else. */
export const isPlainFile = (path: string): string => `[ -f ${word(path)} ] && [ ! -L ${word(path)} ]`;

export async function succeed(
  session: GuestSession,
  what: string,
  command: string,
  options: GuestExecOptions,
): Promise<void> {
  const { exitCode, stderr } = await session.exec(shellLine(command), options);
  if (exitCode !== 0) throw transferFailed(what, stderr, exitCode);
}
