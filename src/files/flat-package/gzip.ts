import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import { isIncompressible } from '../dmg/compress.ts';
import { mapInOrder } from '../dmg/ordered.ts';

const deflateInPool = promisify(deflateRaw);

const LEVEL = 6;
/** Packed each by itself: larger ones gain nothing worth the memory. */
const BLOCK_BYTES = 1024 * 1024;
const BLOCKS_AT_ONCE = 4;
/** Method deflate, no flags, no time, no system: the same content gives the same bytes. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** An empty last block of deflate. */
const LAST_BLOCK = Buffer.from([3, 0]);

/**
 * Compresses a stream as one gzip member, its blocks at the same time in the thread pool: each ends at a whole byte, so
 * that they can be put one behind the other.
 *
 * @param source - pieces of any size, each good only until the next one
 */
export async function* gzipInBlocks(
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const sums = { crc: 0, sizeBytes: 0 };
  yield HEADER;
  yield* mapInOrder(summed(blocksOf(source, BLOCK_BYTES), sums, signal), BLOCKS_AT_ONCE, packed);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sums.crc, 0);
  trailer.writeUInt32LE(sums.sizeBytes % 2 ** 32, 4);
  yield Buffer.concat([LAST_BLOCK, trailer]);
}

async function packed(block: Buffer): Promise<Buffer> {
  const level = (await isIncompressible(block)) ? constants.Z_NO_COMPRESSION : LEVEL;
  return deflateInPool(block, { level, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: BLOCK_BYTES / 4 });
}

async function* summed(
  blocks: AsyncIterable<Buffer>,
  sums: { crc: number; sizeBytes: number },
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for await (const block of blocks) {
    signal.throwIfAborted();
    sums.crc = crc32(block, sums.crc);
    sums.sizeBytes += block.length;
    yield block;
  }
}

/** Blocks of one size, in memory of their own; the last one may be shorter. */
async function* blocksOf(source: AsyncIterable<Buffer>, blockBytes: number): AsyncGenerator<Buffer> {
  let block = Buffer.allocUnsafeSlow(blockBytes);
  let filled = 0;
  for await (const piece of source) {
    for (let taken = 0; taken < piece.length; ) {
      const count = piece.copy(block, filled, taken);
      taken += count;
      filled += count;
      if (filled < blockBytes) continue;
      yield block;
      block = Buffer.allocUnsafeSlow(blockBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
