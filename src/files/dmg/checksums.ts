import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { demand } from '../../formats/udif/read/findings.ts';
import type { Chunk, Partition } from '../../formats/udif/read/mish.ts';
import { type DmgImage, inflated, readExactly } from './image.ts';
import { mapInOrder } from './ordered.ts';

const STEP_BYTES = 1024 * 1024;
const STEPS_IN_FLIGHT = 3;

/**
 * Recomputes the three kinds of checksums of an image: of the stored bytes, of what the chunks of each
 * partition give, and of the partitions' checksums together.
 *
 * @throws ShipError DMG_CORRUPT · the signal's reason when aborted
 */
export async function verifyChecksums(image: DmgImage, signal: AbortSignal): Promise<void> {
  const { koly, partitions } = image;
  const found = isReadInOrder(image) ? await readOnce(image, signal) : await readTwice(image, signal);
  if (koly.dataForkCrc !== undefined) expectCrc('stored data', koly.dataForkCrc, found.dataFork);
  for (const [index, { name, crc }] of partitions.entries())
    if (crc !== undefined) expectCrc(`partition "${name}"`, crc, found.partitions[index] ?? 0);
  const stated = Buffer.concat(partitions.map(({ crc = 0 }) => bigEndian(crc)));
  if (koly.mainCrc !== undefined) expectCrc('whole image', koly.mainCrc, crc32(stated));
}

interface FoundCrcs {
  readonly dataFork: number;
  /** Of what the chunks give, in the order of the partitions. */
  readonly partitions: readonly number[];
}

const bigEndian = (crc: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes;
};

/** Images are usually stored in the order of their partitions: then one pass serves all checksums. */
function isReadInOrder({ koly, partitions }: DmgImage): boolean {
  let at = koly.dataForkOffset;
  for (const { form, storedOffset, storedBytes } of partitions.flatMap(({ chunks }) => chunks)) {
    if (form === 'empty') continue;
    if (storedOffset !== at) return false;
    at += storedBytes;
  }
  return at === koly.dataForkOffset + koly.dataForkLength;
}

async function readOnce(image: DmgImage, signal: AbortSignal): Promise<FoundCrcs> {
  let dataFork = 0;
  const partitions: number[] = [];
  for (const partition of image.partitions) {
    let crc = 0;
    for await (const { stored, volume } of partsOf(image, partition, signal)) {
      dataFork = crc32(stored, dataFork);
      crc = crc32(volume, crc);
    }
    partitions.push(crc);
  }
  return { dataFork, partitions };
}

async function readTwice(image: DmgImage, signal: AbortSignal): Promise<FoundCrcs> {
  const { koly, file } = image;
  const { partitions } = await readOnce(image, signal);
  const ranges = steps(koly.dataForkOffset, koly.dataForkLength);
  const read = ({ at, length }: Range) => readExactly(file, at, length);
  let dataFork = 0;
  for await (const bytes of mapInOrder(ranges, STEPS_IN_FLIGHT, read)) {
    signal.throwIfAborted();
    dataFork = crc32(bytes, dataFork);
  }
  return { dataFork, partitions };
}

interface Range {
  readonly at: number;
  readonly length: number;
}

interface Part {
  readonly stored: Buffer;
  readonly volume: Buffer;
}

async function* partsOf(
  { file }: DmgImage,
  { chunks }: Partition,
  signal: AbortSignal,
): AsyncGenerator<Part, void> {
  for await (const part of mapInOrder(chunkParts(chunks), STEPS_IN_FLIGHT, (part) => readPart(file, part))) {
    signal.throwIfAborted();
    yield part;
  }
}

/** Zlib chunks whole, raw ones (which may be as large as the image) in steps; empty ones do not count. */
function* chunkParts(chunks: readonly Chunk[]): Generator<Chunk | Range> {
  for (const chunk of chunks) {
    if (chunk.form === 'zlib') yield chunk;
    if (chunk.form === 'raw') yield* steps(chunk.storedOffset, chunk.storedBytes);
  }
}

async function readPart(file: FileHandle, part: Chunk | Range): Promise<Part> {
  if ('form' in part) {
    const stored = await readExactly(file, part.storedOffset, part.storedBytes);
    return { stored, volume: await inflated(part, stored) };
  }
  const bytes = await readExactly(file, part.at, part.length);
  return { stored: bytes, volume: bytes };
}

function* steps(start: number, length: number): Generator<Range> {
  for (let at = start; at < start + length; at += STEP_BYTES) {
    yield { at, length: Math.min(STEP_BYTES, start + length - at) };
  }
}

const hex = (crc: number): string => `$${crc.toString(16).toUpperCase().padStart(8, '0')}`;

const expectCrc = (what: string, stated: number, found: number): void =>
  demand(stated === found, `The CRC-32 of the ${what} is ${hex(found)}, but the image says ${hex(stated)}.`);
