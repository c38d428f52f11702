import { describe, expect, test } from 'vitest';
import { readTree } from '../../src/formats/hfsplus/read/b-tree.ts';
import { byBinaryName } from '../../src/formats/hfsplus/read/compare.ts';
import { readOverflow } from '../../src/formats/hfsplus/read/extents.ts';
import { buildPlist } from '../../src/formats/plist/index.ts';
import { partitionsOf } from '../../src/formats/udif/read/property-list.ts';

const FORK = { dataForkOffset: 0, dataForkLength: 10_000 };
const ZLIB = 0x80000005;
const EMPTY = 0;

interface ChunkFields {
  readonly type: number;
  readonly sectors: number;
  readonly storedBytes: number;
}

/** One block table whose chunks follow each other on the volume and all begin at the start of the data. */
function blockTable(chunks: readonly ChunkFields[]): Buffer {
  const bytes = Buffer.alloc(204 + 40 * (chunks.length + 1));
  bytes.write('mish');
  bytes.writeBigUInt64BE(BigInt(chunks.reduce((sum, { sectors }) => sum + sectors, 0)), 16);
  bytes.writeUInt32BE(chunks.length + 1, 200);
  let sector = 0;
  for (const [index, { type, sectors, storedBytes }] of chunks.entries()) {
    const at = 204 + 40 * index;
    bytes.writeUInt32BE(type, at);
    bytes.writeBigUInt64BE(BigInt(sector), at + 8);
    bytes.writeBigUInt64BE(BigInt(sectors), at + 16);
    bytes.writeBigUInt64BE(BigInt(storedBytes), at + 32);
    sector += sectors;
  }
  bytes.writeUInt32BE(0xffffffff, 204 + 40 * chunks.length);
  return bytes;
}

function findingOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    const { code, failure } = error as { code: string; failure: { reason: string } };
    return `${code}: ${failure.reason}`;
  }
  return 'accepted';
}

const image = (tables: readonly Buffer[]): string => {
  const blkx = tables.map((Data, index) => ({ Name: `p${index}`, Data }));
  return findingOf(() => partitionsOf(buildPlist({ 'resource-fork': { blkx } }, 'binary'), FORK));
};
const chunksOf = (count: number, fields: ChunkFields): ChunkFields[] =>
  Array<ChunkFields>(count).fill(fields);

describe('a small disk image', () => {
  test('whose chunks all inflate the same stored bytes', () => {
    const table = blockTable(chunksOf(1_000, { type: ZLIB, sectors: 16_384, storedBytes: 8_192 }));
    expect(image([table])).toBe('DMG_CORRUPT: Chunks of the image share their stored bytes.');
  });

  test('that unfolds to more than could be signed', () => {
    const table = blockTable(chunksOf(1_500, { type: ZLIB, sectors: 16_384, storedBytes: 1 }));
    expect(image([table])).toBe('DMG_CORRUPT: The image unfolds to 12582912000 bytes, more than 8589934592.');
  });

  test('with a volume of nothing, block by block', () => {
    const table = blockTable(chunksOf(1, { type: EMPTY, sectors: 2 ** 30, storedBytes: 0 }));
    expect(image([table])).toBe('DMG_CORRUPT: The partition "p0" has 549755813888 bytes.');
  });

  test('with very many chunks, in partitions of one table', () => {
    const table = blockTable(chunksOf(50_000, { type: EMPTY, sectors: 1, storedBytes: 0 }));
    expect(image(Array<Buffer>(5).fill(table))).toBe(
      'DMG_CORRUPT: The image has 250000 chunks, more than 200000.',
    );
  });
});

describe('the trees of a volume', () => {
  test('that announce too many records', () => {
    const bytes = Buffer.alloc(512);
    bytes.writeInt8(1, 8);
    bytes.writeUInt16BE(1, 14);
    bytes.writeUInt32BE(600_000, 20);
    bytes.writeUInt16BE(512, 32);
    bytes.writeUInt32BE(1, 36);
    expect(findingOf(() => readTree({ name: 'catalog', bytes, compare: byBinaryName }))).toBe(
      'DMG_CORRUPT: The catalog names 600000 records, more than 500000.',
    );
  });

  test('with very many extents of one file take time in proportion', () => {
    const key = Buffer.alloc(10);
    const data = Buffer.alloc(64);
    for (let extent = 0; extent < 8; extent += 1) data.writeUInt32BE(1, extent * 8 + 4);
    const records = Array.from({ length: 20_000 }, () => ({ key, data }));
    expect(readOverflow(records).get('0:0')).toHaveLength(160_000);
  });
});
