import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, createDeflateRaw, deflateRaw, deflateRawSync } from 'node:zlib';
import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { ShipError } from '../../errors.ts';
import { passingPieces, readRange } from '../disk/read-range.ts';
import { readStart, SMALL_FILE_BYTES } from '../disk/small-file.ts';
import { shown } from './refusals.ts';
import { throughZlib } from './through-zlib.ts';
import { type ZipSizes, zipMethods } from './zip-format.ts';

const deflateInMemory = promisify(deflateRaw);

/** Files up to this size are compressed in one piece, so that their header can say how large they are. */
const SMALL_BYTES = 1024 * 1024;
const READ_BYTES = 256 * 1024;
const LEVEL = 6;
/** A probe takes this many bytes at the start, in the middle and at the end of a large file. */
const PROBE_BYTES = 32 * 1024;
/** Media and compressed files shrink by less than this: not worth a second for each 30 MB. */
const WORTH_RATIO = 0.97;

/** How one file goes into a zip: what its header says, then its data. */
export interface PackedFile {
  readonly method: (typeof zipMethods)[keyof typeof zipMethods];
  /** Known before the data; left out, they are what `data` returns. */
  readonly sizes?: ZipSizes;
  data(): AsyncGenerator<Buffer, ZipSizes>;
}

/** Told the bytes of a file as they are packed, in their order; `sizeBytes` is how many it has. */
export type OnBytes = (name: string, bytes: Buffer, sizeBytes: number) => void;

export interface Reading {
  readonly signal: AbortSignal;
  readonly onBytes?: OnBytes | undefined;
}

/** Opens a file that must still be what the listing of its folder said: no link, and of that size. */
export async function openListedFile(path: string, name: string, sizeBytes: number): Promise<FileHandle> {
  // a pipe that has taken its place would otherwise hold us up until somebody writes
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags);
  const stats = await file.stat();
  if (stats.isFile() && stats.size === sizeBytes) return file;
  await file.close();
  throw changed(name);
}

/** Chooses between stored and deflated, by trying; memory does not grow with the file. */
export async function packFile(
  file: FileHandle,
  name: string,
  sizeBytes: number,
  reading: Reading,
): Promise<PackedFile> {
  if (sizeBytes <= SMALL_BYTES) {
    const bytes = await readRange(file, 0, sizeBytes);
    reading.onBytes?.(name, bytes, sizeBytes);
    return packInMemory(bytes);
  }
  if (!(await isWorthCompressing(file, sizeBytes))) return packStored(file, name, sizeBytes, reading);
  return { method: zipMethods.deflated, data: () => deflated(file, name, sizeBytes, reading) };
}

/** A file of 64 KiB at most, at once: compressing it takes less than a trip to another thread would. */
export function packSmallFile(
  path: string,
  name: string,
  sizeBytes: number,
  { onBytes }: Reading,
): PackedFile {
  const { stats, bytes } = readStart(path, SMALL_FILE_BYTES);
  if (!stats.isFile() || stats.size !== sizeBytes || bytes.length !== sizeBytes) throw changed(name);
  onBytes?.(name, bytes, sizeBytes);
  return smallerOf(bytes, deflateRawSync(bytes, { level: LEVEL }));
}

const packInMemory = async (bytes: Buffer): Promise<PackedFile> =>
  smallerOf(bytes, await deflateInMemory(bytes, { level: LEVEL }));

function smallerOf(bytes: Buffer, packed: Buffer): PackedFile {
  const isSmaller = packed.length < bytes.length;
  const data = isSmaller ? packed : bytes;
  const sizes = { crc32: crc32(bytes), packedBytes: data.length, unpackedBytes: bytes.length };
  return {
    method: isSmaller ? zipMethods.deflated : zipMethods.stored,
    sizes,
    data: () => once(data, sizes),
  };
}

async function* once(data: Buffer, sizes: ZipSizes): AsyncGenerator<Buffer, ZipSizes> {
  if (data.length > 0) yield data;
  return sizes;
}

/**
 * Read twice: a stored entry whose size and checksum only follow its data cannot be read from a stream, and the
 * installer of an iPhone streams.
 */
async function packStored(
  file: FileHandle,
  name: string,
  sizeBytes: number,
  { signal, onBytes }: Reading,
): Promise<PackedFile> {
  const sizes = { crc32: await checksumOf(file, signal), packedBytes: sizeBytes, unpackedBytes: sizeBytes };
  return { method: zipMethods.stored, sizes, data: () => stored(file, name, sizes, onBytes) };
}

async function* stored(
  file: FileHandle,
  name: string,
  sizes: ZipSizes,
  onBytes: OnBytes | undefined,
): AsyncGenerator<Buffer, ZipSizes> {
  let checksum = 0;
  let bytes = 0;
  for await (const chunk of chunks(file)) {
    checksum = crc32(chunk, checksum);
    bytes += chunk.length;
    onBytes?.(name, chunk, sizes.unpackedBytes);
    yield chunk;
  }
  if (checksum !== sizes.crc32 || bytes !== sizes.unpackedBytes) throw changed(name);
  return sizes;
}

async function* deflated(
  file: FileHandle,
  name: string,
  sizeBytes: number,
  { signal, onBytes }: Reading,
): AsyncGenerator<Buffer, ZipSizes> {
  const onChunk = (chunk: Buffer) => onBytes?.(name, chunk, sizeBytes);
  const sizes = { crc32: 0, packedBytes: 0, unpackedBytes: 0 };
  const engine = createDeflateRaw({ level: LEVEL, chunkSize: READ_BYTES });
  for await (const packed of throughZlib(measured(file, sizes, onChunk), engine, { signal })) {
    sizes.packedBytes += packed.length;
    yield packed;
  }
  if (sizes.unpackedBytes !== sizeBytes) throw changed(name);
  return sizes;
}

async function* measured(
  file: FileHandle,
  sizes: { crc32: number; unpackedBytes: number },
  onChunk: (chunk: Buffer) => void,
): AsyncGenerator<Buffer, void> {
  for await (const chunk of chunks(file)) {
    sizes.crc32 = crc32(chunk, sizes.crc32);
    sizes.unpackedBytes += chunk.length;
    onChunk(chunk);
    yield chunk;
  }
}

async function* chunks(file: FileHandle): AsyncGenerator<Buffer, void> {
  for (let position = 0; ; ) {
    const chunk = await readRange(file, position, READ_BYTES);
    if (chunk.length === 0) return;
    position += chunk.length;
    yield chunk;
  }
}

async function checksumOf(file: FileHandle, signal: AbortSignal): Promise<number> {
  let checksum = 0;
  for await (const chunk of passingPieces(file, READ_BYTES)) {
    signal.throwIfAborted();
    checksum = crc32(chunk, checksum);
  }
  return checksum;
}

async function isWorthCompressing(file: FileHandle, sizeBytes: number): Promise<boolean> {
  const starts = [0, Math.floor((sizeBytes - PROBE_BYTES) / 2), sizeBytes - PROBE_BYTES];
  const samples = await Promise.all(starts.map((start) => readRange(file, start, PROBE_BYTES)));
  const sample = Buffer.concat(samples);
  const packed = await deflateInMemory(sample, { level: 1 });
  return packed.length < sample.length * WORTH_RATIO;
}

export const changed = (name: string): ShipError =>
  new ShipError('BUNDLE_CHANGED', {
    summary: `The file ${shown(name)} changed while the bundle was packed.`,
    reason: 'It has not the size or the content that it had a moment before.',
    nextStep: TRY_AGAIN_OR_REPORT,
  });
