import { describe, expect, test } from 'vitest';
import { kolyTrailer } from '../../src/formats/udif/koly.ts';
import { blockTable } from '../../src/formats/udif/mish.ts';
import { propertyList } from '../../src/formats/udif/property-list.ts';
import {
  parseKoly,
  signatureRange,
  unsignedPrefixLength,
  withoutSignature,
} from '../../src/formats/udif/read/koly.ts';
import { parseMish } from '../../src/formats/udif/read/mish.ts';
import { partitionsOf } from '../../src/formats/udif/read/property-list.ts';

const MIB = 1024 * 1024;
const chunks = [
  { type: 'zlib', volumeBytes: MIB, storedBytes: 1000 },
  { type: 'raw', volumeBytes: 8192, storedBytes: 8192 },
] as const;
const figures = {
  dataForkBytes: 9192,
  dataForkCrc: 0x01020304,
  propertyListBytes: 3000,
  mainCrc: 0xa1a2a3a4,
  sectorCount: 2064,
  segmentId: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
};
const FILE_BYTES = 9192 + 3000 + 512;
const fork = { dataForkOffset: 0, dataForkLength: 9192 };

/** The bytes that are not zero, by offset: what a golden file would hold. */
function runs(bytes: Buffer): Record<string, string> {
  const found: Record<string, string> = {};
  for (const match of bytes.toString('latin1').matchAll(/[^\0](?:\0{0,2}[^\0])*/g)) {
    found[`0x${match.index.toString(16)}`] = Buffer.from(match[0], 'latin1').toString('hex');
  }
  return found;
}

describe('the trailer', () => {
  test('has every field where readers look for it', () => {
    expect(kolyTrailer(figures)).toHaveLength(512);
    expect(runs(kolyTrailer(figures))).toMatchInlineSnapshot(`
      {
        "0x0": "6b6f6c79",
        "0x163": "02",
        "0x167": "20a1a2a3a4",
        "0x1eb": "02",
        "0x1f2": "0810",
        "0x26": "23e8",
        "0x3b": "01",
        "0x3f": "0100112233445566778899aabbccddeeff",
        "0x53": "02",
        "0x57": "2001020304",
        "0x7": "04000002",
        "0xde": "23e8",
        "0xe6": "0bb8",
        "0xf": "01",
      }
    `);
  });

  test('is read back as it was written', () => {
    const koly = parseKoly(kolyTrailer(figures), FILE_BYTES);
    expect(koly).toMatchObject({
      dataForkOffset: 0,
      dataForkLength: 9192,
      dataForkCrc: 0x01020304,
      xmlOffset: 9192,
      xmlLength: 3000,
      signatureOffset: 0,
      signatureSize: 0,
      mainCrc: 0xa1a2a3a4,
      sectorCount: 2064,
    });
    expect(unsignedPrefixLength(koly)).toBe(12_192);
  });

  test.each<[string, (koly: Buffer) => void, number, RegExp]>([
    ['another magic', (k) => k.write('kolx', 0), FILE_BYTES, /does not end with the trailer/],
    ['another version', (k) => k.writeUInt32BE(5, 4), FILE_BYTES, /version 5/],
    ['a gap before the trailer', () => {}, FILE_BYTES + 1, /1 bytes of no use/],
    ['a property list past the end', () => {}, FILE_BYTES - 1, /after the trailer begins/],
    ['a list before the data', (k) => k.writeBigUInt64BE(9n, 0xd8), FILE_BYTES, /not come after the data/],
    ['a length beyond any file', (k) => k.writeBigUInt64BE(2n ** 60n, 0x20), FILE_BYTES, /no file can have/],
    ['a signature elsewhere', (k) => k.writeBigUInt64BE(5n, 0x130), FILE_BYTES + 5, /signature is at 0/],
  ])('with %s is a finding', (_, damage, fileBytes, finding) => {
    const koly = kolyTrailer(figures);
    damage(koly);
    expect(() => parseKoly(koly, fileBytes)).toThrow(finding);
  });

  test('names its signature to every reader alike', () => {
    const koly = kolyTrailer(figures);
    koly.writeBigUInt64BE(12_192n, 0x128);
    koly.writeBigUInt64BE(700n, 0x130);
    expect(signatureRange(koly, FILE_BYTES + 700)).toEqual({ offset: 12_192, sizeBytes: 700 });
    expect(parseKoly(koly, FILE_BYTES + 700)).toMatchObject({ signatureOffset: 12_192, signatureSize: 700 });
    expect(withoutSignature(koly)).toEqual(kolyTrailer(figures));
    expect(signatureRange(kolyTrailer(figures), FILE_BYTES)).toBeUndefined();
  });

  test.each<[string, bigint, bigint]>([
    ['that reaches into the trailer', 12_192n, 701n],
    ['beyond any file', 2n ** 60n, 700n],
    ['of nothing beyond any file', 2n ** 60n, 0n],
    ['longer than any file', 0n, 2n ** 64n - 1n],
  ])('with a signature %s is refused', (_, offset, sizeBytes) => {
    const koly = kolyTrailer(figures);
    koly.writeBigUInt64BE(offset, 0x128);
    koly.writeBigUInt64BE(sizeBytes, 0x130);
    expect(() => signatureRange(koly, FILE_BYTES + 700)).toThrow(/leaves the file/);
    expect(() => parseKoly(koly, FILE_BYTES + 700)).toThrow(/disk image is damaged/);
  });

  test('of an empty file is a finding', () => {
    expect(() => parseKoly(Buffer.alloc(0), 0)).toThrow(/0 bytes, less than a trailer/);
  });
});

describe('the block table', () => {
  test('has every field where readers look for it', () => {
    const table = blockTable(chunks, 0xb1b2b3b4);
    expect(table).toHaveLength(204 + 3 * 40);
    expect(runs(table)).toMatchInlineSnapshot(`
      {
        "0x0": "6d697368",
        "0x102": "08",
        "0x10b": "10",
        "0x112": "03e8",
        "0x11a": "2000ffffffff",
        "0x12a": "0810",
        "0x13a": "23e8",
        "0x16": "0810",
        "0x22": "0808fffffffe",
        "0x43": "02",
        "0x47": "20b1b2b3b4",
        "0x7": "01",
        "0xcb": "0380000005",
        "0xe2": "08",
        "0xf2": "03e8",
        "0xf7": "01",
      }
    `);
  });

  test('is read back from the property list as it was written', () => {
    const [partition, ...more] = partitionsOf(propertyList(blockTable(chunks, 0xb1b2b3b4)), fork);
    expect(more).toEqual([]);
    expect(partition).toEqual({
      name: 'whole disk (Apple_HFS : 0)',
      sizeBytes: MIB + 8192,
      crc: 0xb1b2b3b4,
      chunks: [
        { form: 'zlib', offset: 0, sizeBytes: MIB, storedOffset: 0, storedBytes: 1000 },
        { form: 'raw', offset: MIB, sizeBytes: 8192, storedOffset: 1000, storedBytes: 8192 },
      ],
    });
  });

  const first = 204;
  test.each<[string, (table: Buffer) => void, RegExp]>([
    ['another magic', (t) => t.write('mash', 0), /wrong magic/],
    ['more chunks than it has room for', (t) => t.writeUInt32BE(9, 200), /names 9 chunks, has 3/],
    ['no terminator', (t) => t.writeUInt32BE(1, first + 80), /terminator/],
    ['a gap', (t) => t.writeBigUInt64BE(1n, first + 8), /the last ended at 0/],
    ['chunks that do not reach its end', (t) => t.writeBigUInt64BE(9999n, 16), /the partition at 5119488/],
    ['a chunk outside the data', (t) => t.writeBigUInt64BE(8193n, first + 40 + 24), /outside the data/],
    [
      'a raw chunk of another length',
      (t) => t.writeBigUInt64BE(1n, first + 40 + 32),
      /another stored length/,
    ],
    [
      'a chunk too large for memory',
      (t) => t.writeBigUInt64BE(99_999n, first + 16),
      /too many for one chunk/,
    ],
    ['a method that is not read', (t) => t.writeUInt32BE(0x80000007, first), /packed with LZFSE/],
    ['a partition without end', (t) => t.writeBigUInt64BE(2n ** 40n, 16), /has 562949953421312 bytes/],
    ['another kind of checksum', (t) => t.writeUInt32BE(6, 64), /type 6, not CRC-32/],
  ])('with %s is a finding', (_, damage, finding) => {
    const table = blockTable(chunks, 0);
    damage(table);
    expect(() => parseMish(table, 'x', fork)).toThrow(finding);
  });
});

test.each([
  ['no property list at all', 'hello'],
  ['an empty dict', '<plist version="1.0"><dict/></plist>'],
  [
    'a partition that is no dict',
    '<plist><dict><key>resource-fork</key><dict><key>blkx</key><array><true/></array></dict></dict></plist>',
  ],
])('%s is a finding', (_, xml) => {
  const read = () => partitionsOf(Buffer.from(xml), fork);
  expect(read).toThrow(expect.objectContaining({ code: 'DMG_CORRUPT' }));
});
