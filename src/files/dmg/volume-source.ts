import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ShipError } from '../../errors.ts';
import type { ChunkPart, ChunkPlan } from '../../formats/hfsplus/chunks.ts';
import type { VolumeEntry } from '../../formats/hfsplus/tree.ts';
import { nextInTurn, readStartInto, SMALL_FILE_BYTES } from '../disk/small-file.ts';
import { forEachAtOnce } from './ordered.ts';

/** Small files are read side by side; more than this gains nothing with four pool threads. */
const READS_AT_ONCE = 8;

interface OpenFile {
  readonly handle: FileHandle;
  readonly before: Stats;
}

/** Bytes that are those of a file of the volume, as they are. */
export interface FileRange {
  /** As in its `VolumeEntry`. */
  readonly path: string;
  readonly fromByte: number;
}

export interface VolumeChunk {
  readonly bytes: Buffer;
  /** Given when all of the chunk lies in one file. */
  readonly copyOf?: FileRange;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Told the bytes of each file, in its order; several files at a time. Empty files are not read. */
  readonly onBytes?: ((entry: VolumeEntry, bytes: Buffer) => void) | undefined;
}

/** Yields the volume chunk by chunk, each with what the source files hold at that moment. */
export async function* volumeChunks(
  plans: Iterable<ChunkPlan>,
  { signal, onBytes }: ReadOptions,
): AsyncGenerator<VolumeChunk> {
  const spanning = new Map<VolumeEntry, OpenFile>();
  try {
    for (const plan of plans) {
      const range = onlyFileIn(plan);
      const chunk = range ? Buffer.allocUnsafeSlow(plan.sizeBytes) : Buffer.alloc(plan.sizeBytes);
      await forEachAtOnce(plan.parts, READS_AT_ONCE, async (part) => {
        signal.throwIfAborted();
        await fillPart(part, chunk, spanning);
        if ('entry' in part.piece)
          onBytes?.(part.piece.entry, chunk.subarray(part.at, part.at + part.sizeBytes));
      });
      yield { bytes: chunk, ...(range && { copyOf: range }) };
    }
  } finally {
    await Promise.all([...spanning.values()].map(({ handle }) => handle.close()));
  }
}

function onlyFileIn({ parts, sizeBytes }: ChunkPlan): FileRange | undefined {
  const [part] = parts;
  if (!part || 'bytes' in part.piece || part.sizeBytes !== sizeBytes) return undefined;
  return { path: part.piece.entry.path, fromByte: part.from };
}

async function fillPart(part: ChunkPart, chunk: Buffer, spanning: Map<VolumeEntry, OpenFile>): Promise<void> {
  const { piece, from, at, sizeBytes } = part;
  const target = chunk.subarray(at, at + sizeBytes);
  if ('bytes' in piece) {
    target.set(piece.bytes.subarray(from, from + sizeBytes));
    return;
  }
  if (sizeBytes === piece.sizeBytes && sizeBytes <= SMALL_FILE_BYTES) {
    readWhole(piece.entry, target);
    await nextInTurn();
    return;
  }
  const file = spanning.get(piece.entry) ?? (await openSource(piece.entry));
  spanning.set(piece.entry, file);
  await readFully(file.handle, target, from, piece.entry);
  if (from + sizeBytes < piece.sizeBytes) return;
  await assertUnchanged(file, piece.entry);
  spanning.delete(piece.entry);
  await file.handle.close();
}

function readWhole(entry: VolumeEntry, target: Buffer): void {
  const { stats, bytes } = startOf(entry, target);
  if (!stats.isFile()) throw changed(entry, 'It is no longer a file.');
  if (stats.size !== entry.sizeBytes) throw changed(entry, sizeReason(entry, stats.size));
  if (bytes !== entry.sizeBytes) throw changed(entry, sizeReason(entry, bytes));
}

function startOf(entry: VolumeEntry, target: Buffer): ReturnType<typeof readStartInto> {
  try {
    return readStartInto(entry.source ?? '', target);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    throw changed(entry, `It cannot be opened any more (${cause.code}).`, cause);
  }
}

/** A link is not followed, and a pipe put in the file's place does not block. */
async function openSource(entry: VolumeEntry): Promise<OpenFile> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(entry.source ?? '', flags).catch((cause: NodeJS.ErrnoException) => {
    throw changed(entry, `It cannot be opened any more (${cause.code}).`, cause);
  });
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw changed(entry, 'It is no longer a file.');
    if (before.size !== entry.sizeBytes) throw changed(entry, sizeReason(entry, before.size));
    return { handle, before };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readFully(
  handle: FileHandle,
  target: Buffer,
  position: number,
  entry: VolumeEntry,
): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw changed(entry, sizeReason(entry, position + done));
    done += bytesRead;
  }
}

async function assertUnchanged({ handle, before }: OpenFile, entry: VolumeEntry): Promise<void> {
  const after = await handle.stat();
  if (after.size !== before.size) throw changed(entry, sizeReason(entry, after.size));
  if (after.mtimeMs !== before.mtimeMs) throw changed(entry, 'It was written to meanwhile.');
}

const sizeReason = (entry: VolumeEntry, sizeBytes: number): string =>
  `It had ${entry.sizeBytes} bytes when the image was laid out and ${sizeBytes} bytes when it was read.`;

const changed = (entry: VolumeEntry, reason: string, cause?: unknown): ShipError =>
  new ShipError('BUNDLE_CHANGED', {
    summary: `The file ${JSON.stringify(entry.path)} changed while the disk image was being written.`,
    reason,
    nextStep: 'Make sure that nothing writes into the bundle and package it again.',
    ...(cause !== undefined && { cause }),
  });
