import { crc32 } from 'node:zlib';
import { demand } from '../../domain/udif/read/findings.ts';
import type { Chunk, Partition } from '../../domain/udif/read/mish.ts';
import { type DmgImage, inflateChunk, readExactly } from './image.ts';
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
  const { koly, partitions, file } = image;
  if (koly.dataForkCrc !== undefined) {
    const ranges = steps(koly.dataForkOffset, koly.dataForkLength);
    const crc = await crcOf(ranges, ({ at, length }) => readExactly(file, at, length), signal);
    expectCrc('stored data', koly.dataForkCrc, crc);
  }
  const crcs: Buffer[] = [];
  for (const partition of partitions) crcs.push(await verifyPartition(image, partition, signal));
  if (koly.mainCrc !== undefined) expectCrc('whole image', koly.mainCrc, crc32(Buffer.concat(crcs)));
}

async function verifyPartition(image: DmgImage, partition: Partition, signal: AbortSignal): Promise<Buffer> {
  const bytesOf = (part: ChunkPart) => readChunkPart(image, part);
  const crc = await crcOf(chunkParts(partition.chunks), bytesOf, signal);
  if (partition.crc !== undefined) expectCrc(`partition "${partition.name}"`, partition.crc, crc);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(partition.crc ?? 0);
  return bytes;
}

interface Range {
  readonly at: number;
  readonly length: number;
}

type ChunkPart = { readonly chunk: Chunk } | { readonly range: Range };

/** Zlib chunks whole, raw ones (which may be as large as the image) in steps; empty ones do not count. */
function* chunkParts(chunks: readonly Chunk[]): Generator<ChunkPart> {
  for (const chunk of chunks) {
    if (chunk.form === 'zlib') yield { chunk };
    if (chunk.form !== 'raw') continue;
    for (const range of steps(chunk.storedOffset, chunk.storedBytes)) yield { range };
  }
}

const readChunkPart = ({ file }: DmgImage, part: ChunkPart): Promise<Buffer> =>
  'chunk' in part ? inflateChunk(file, part.chunk) : readExactly(file, part.range.at, part.range.length);

function* steps(start: number, length: number): Generator<Range> {
  for (let at = start; at < start + length; at += STEP_BYTES) {
    yield { at, length: Math.min(STEP_BYTES, start + length - at) };
  }
}

async function crcOf<Part>(
  parts: Iterable<Part>,
  bytesOf: (part: Part) => Promise<Buffer>,
  signal: AbortSignal,
): Promise<number> {
  let crc = 0;
  for await (const bytes of mapInOrder(parts, STEPS_IN_FLIGHT, bytesOf)) {
    signal.throwIfAborted();
    crc = crc32(bytes, crc);
  }
  return crc;
}

const hex = (crc: number): string => `$${crc.toString(16).toUpperCase().padStart(8, '0')}`;

const expectCrc = (what: string, stated: number, found: number): void =>
  demand(stated === found, `The CRC-32 of the ${what} is ${hex(found)}, but the image says ${hex(stated)}.`);
