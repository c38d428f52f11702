import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { KOLY_BYTES } from '../../formats/udif/koly.ts';
import { corrupt, demand } from '../../formats/udif/read/findings.ts';
import { type Koly, parseKoly } from '../../formats/udif/read/koly.ts';
import type { Chunk, Partition } from '../../formats/udif/read/mish.ts';
import { partitionsOf } from '../../formats/udif/read/property-list.ts';
import { readRange } from '../disk/read-range.ts';

const inflateInPool = promisify(inflate);

/** That of a 4 GiB image has about 250 KiB. */
const MAX_PROPERTY_LIST_BYTES = 4 * 1024 * 1024;

export interface DmgImage {
  readonly file: FileHandle;
  readonly koly: Koly;
  readonly partitions: readonly Partition[];
}

/** Opens a disk image for as long as `work` takes. */
export async function withImage<Result>(
  path: string,
  work: (image: DmgImage) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, 'r');
  try {
    const koly = await kolyOf(file);
    return await work({ file, koly, partitions: await readPartitions(file, koly) });
  } finally {
    await file.close();
  }
}

export async function kolyOf(file: FileHandle): Promise<Koly> {
  const { size } = await file.stat();
  const trailer = await readExactly(file, Math.max(size - KOLY_BYTES, 0), Math.min(size, KOLY_BYTES));
  return parseKoly(trailer, size);
}

async function readPartitions(file: FileHandle, koly: Koly): Promise<Partition[]> {
  const { xmlOffset, xmlLength } = koly;
  demand(xmlLength <= MAX_PROPERTY_LIST_BYTES, `The property list has ${xmlLength} bytes.`);
  return partitionsOf(await readExactly(file, xmlOffset, xmlLength), koly);
}

export async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = await readRange(file, position, length);
  if (bytes.length < length)
    throw corrupt(`The file ends at ${position + bytes.length}, in the middle of a part.`);
  return bytes;
}

/** The bytes that one zlib chunk stands for. */
export async function inflateChunk(file: FileHandle, chunk: Chunk): Promise<Buffer> {
  return inflated(chunk, await readExactly(file, chunk.storedOffset, chunk.storedBytes));
}

/** As `inflateChunk`, when its stored bytes have been read. */
export async function inflated(chunk: Chunk, stored: Buffer): Promise<Buffer> {
  const bytes = await inflateInPool(stored, {
    maxOutputLength: Math.max(chunk.sizeBytes, 1),
    chunkSize: Math.max(chunk.sizeBytes, 64),
  }).catch((cause: unknown) => {
    throw corrupt(`The chunk at byte ${chunk.storedOffset} of the file cannot be inflated.`, cause);
  });
  demand(
    bytes.length === chunk.sizeBytes,
    `The chunk at byte ${chunk.storedOffset} of the file has ${bytes.length} bytes, not ${chunk.sizeBytes}.`,
  );
  return bytes;
}
