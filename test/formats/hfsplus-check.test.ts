import { describe, expect, test } from 'vitest';
import { planVolume } from '../../src/formats/hfsplus/plan.ts';
import { readVolume } from '../../src/formats/hfsplus/read/volume.ts';
import {
  checkAlternateHeader,
  type Fork,
  parseVolumeHeader,
} from '../../src/formats/hfsplus/read/volume-header.ts';
import type { VolumeEntry } from '../../src/formats/hfsplus/tree.ts';

const NODE = 4096;
const HEADER = 1024;
const entries: VolumeEntry[] = [
  { path: 'folder', type: 'directory', mode: 0o755, sizeBytes: 0 },
  { path: 'link', type: 'symlink', mode: 0o755, sizeBytes: 0, linkTarget: '/x' },
  ...Array.from({ length: 40 }, (_, index) => ({
    path: `folder/file ${String(index).padStart(2, '0')}`,
    type: 'file' as const,
    mode: 0o644,
    sizeBytes: 5000,
  })),
];

/** The volume as bytes; the contents of files are zeros. */
function soundVolume(): Buffer {
  const plan = planVolume('Volume', entries, new Date('2026-01-02T03:04:05Z'));
  const volume = Buffer.alloc(plan.totalBytes);
  for (const piece of plan.pieces) if ('bytes' in piece) piece.bytes.copy(volume, piece.offset);
  return volume;
}

function check(volume: Buffer) {
  const headerBytes = volume.subarray(HEADER, HEADER + 512);
  const header = parseVolumeHeader(headerBytes, volume.length);
  checkAlternateHeader(headerBytes, volume.subarray(-1024, -512));
  const bytesOf = ({ extents: [first], sizeBytes }: Fork) =>
    volume.subarray((first?.start ?? 0) * NODE, (first?.start ?? 0) * NODE + sizeBytes);
  return readVolume({
    header,
    volumeBytes: volume.length,
    bitmap: bytesOf(header.bitmap),
    extents: bytesOf(header.extents),
    catalog: bytesOf(header.catalog),
    attributes: bytesOf(header.attributes),
  });
}

const bitmapAt = (volume: Buffer): number => volume.readUInt32BE(HEADER + 112 + 16) * NODE;
const catalogAt = (volume: Buffer): number => volume.readUInt32BE(HEADER + 272 + 16) * NODE;
const leafAt = (volume: Buffer, leaf: number): number => catalogAt(volume) + leaf * NODE;
/** Where a record of a leaf is, counted from the start of the volume. */
const recordAt = (volume: Buffer, leaf: number, record: number): number =>
  leafAt(volume, leaf) + volume.readUInt16BE(leafAt(volume, leaf) + NODE - 2 * (record + 1));
const dataAt = (volume: Buffer, leaf: number, record: number): number => {
  const at = recordAt(volume, leaf, record);
  return at + 2 + volume.readUInt16BE(at);
};

// First leaf: 0 the root, 1 its thread, 2 "folder", 3 "link", 4 the thread of "folder", 5 "file 00", 6 "file 01" …
const damages: [finding: string, damage: (volume: Buffer) => void, RegExp][] = [
  ['signature', (v) => v.write('HY', HEADER, 'latin1'), /not HFS\+/],
  ['not unmounted', (v) => v.writeUInt32BE(0, HEADER + 4), /cleanly unmounted/],
  ['block count', (v) => v.writeUInt32BE(7, HEADER + 44), /7 blocks/],
  ['copy of the header', (v) => v.writeUInt32BE(9, v.length - 1024 + 44), /copy of the volume header/],
  ['file count', (v) => v.writeUInt32BE(40, HEADER + 32), /names 40 files/],
  ['folder count', (v) => v.writeUInt32BE(2, HEADER + 36), /2 folders/],
  ['next id', (v) => v.writeUInt32BE(57, HEADER + 64), /next id is 57/],
  ['free blocks', (v) => v.writeUInt32BE(1, HEADER + 48), /1 free blocks; there are 0/],
  ['bitmap bit cleared', (v) => v.writeUInt8(0xfe, bitmapAt(v)), /bitmap of the volume is wrong/],
  [
    'bitmap bit past the end',
    (v) => v.writeUInt8(1, bitmapAt(v) + NODE - 1),
    /bitmap of the volume is wrong/,
  ],
  ['depth', (v) => v.writeUInt16BE(1, catalogAt(v) + 14), /at height 1/],
  ['root', (v) => v.writeUInt32BE(99, catalogAt(v) + 16), /node 99/],
  ['leaf records', (v) => v.writeUInt32BE(5, catalogAt(v) + 20), /names 5 records/],
  ['first leaf', (v) => v.writeUInt32BE(2, catalogAt(v) + 24), /wrong leaves/],
  ['last leaf', (v) => v.writeUInt32BE(2, catalogAt(v) + 28), /wrong leaves/],
  ['total nodes', (v) => v.writeUInt32BE(3, catalogAt(v) + 36), /names 3 nodes/],
  ['free nodes', (v) => v.writeUInt32BE(1, catalogAt(v) + 40), /1 free nodes; there are 0/],
  ['node map', (v) => v.writeUInt8(0x7f, catalogAt(v) + 248), /map of the catalog is wrong about node 0/],
  ['sibling link', (v) => v.writeUInt32BE(0, leafAt(v, 1)), /wrong links/],
  ['node kind', (v) => v.writeInt8(0, leafAt(v, 1) + 8), /of kind 0/],
  ['node height', (v) => v.writeUInt8(2, leafAt(v, 1) + 9), /height 2/],
  ['record offset', (v) => v.writeUInt16BE(9, leafAt(v, 1) + NODE - 4), /wrong offsets/],
  ['record count', (v) => v.writeUInt16BE(60_000, leafAt(v, 1) + 10), /names 60000 records/],
  ['key order', (v) => v.writeUInt16BE(0x7a, recordAt(v, 1, 5) + 8), /out of order/],
  ['index key', (v) => v.writeUInt16BE(0x7a, recordAt(v, 2, 0) + 8), /not its first key|out of order/],
  ['record type', (v) => v.writeUInt16BE(9, dataAt(v, 1, 5)), /type 9/],
  ['thread name', (v) => v.writeUInt16BE(0x78, dataAt(v, 1, 4) + 10), /thread of "folder"/],
  ['thread parent', (v) => v.writeUInt32BE(16, dataAt(v, 1, 4) + 4), /thread of "folder"/],
  ['thread kind', (v) => v.writeUInt16BE(4, dataAt(v, 1, 4)), /thread of "folder"/],
  ['id used twice', (v) => v.writeUInt32BE(17, dataAt(v, 1, 6) + 8), /the id 17/],
  ['valence', (v) => v.writeUInt32BE(41, dataAt(v, 1, 2) + 4), /counts 41, holds 40/],
  ['mode', (v) => v.writeUInt16BE(0o040644, dataAt(v, 1, 5) + 42), /mode of "file 00"/],
  ['no thread flag', (v) => v.writeUInt16BE(0, dataAt(v, 1, 5) + 2), /says it has no thread/],
  ['block count of a file', (v) => v.writeUInt32BE(3, dataAt(v, 1, 5) + 88 + 12), /names 3 blocks/],
  ['size of a file', (v) => v.writeBigUInt64BE(8193n, dataAt(v, 1, 5) + 88), /8193 bytes in blocks for 8192/],
  ['extent outside', (v) => v.writeUInt32BE(5000, dataAt(v, 1, 5) + 88 + 16), /outside the volume/],
  ['extents overlap', (v) => v.writeUInt32BE(2, dataAt(v, 1, 5) + 88 + 16), /in use twice/],
];

describe('the check of a volume', () => {
  test('finds nothing wrong with what the writer lays out', () => {
    const { name, entries: found } = check(soundVolume());
    expect(name).toBe('Volume');
    expect(found.map(({ path }) => path)).toEqual([
      'folder',
      ...entries.slice(2).map(({ path }) => path),
      'link',
    ]);
    expect(found[0]).toMatchObject({ type: 'directory', mode: 0o755 });
    expect(found[1]).toMatchObject({ type: 'file', mode: 0o644, sizeBytes: 5000 });
    expect(found.at(-1)).toMatchObject({ type: 'symlink', sizeBytes: 2 });
  });

  test.each(damages)('names the damage: %s', (_, damage, finding) => {
    const volume = soundVolume();
    damage(volume);
    expect(() => check(volume)).toThrow(finding);
    expect(() => check(volume)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^DMG_(CORRUPT|UNSUPPORTED)$/) }),
    );
  });

  test('ends with a finding, not a crash, whatever one byte of the metadata becomes', () => {
    const sound = soundVolume();
    const end = catalogAt(sound) + 2 * NODE;
    for (let at = HEADER; at < end; at += 31) {
      const volume = Buffer.from(sound);
      volume[at] = (volume[at] ?? 0) ^ 0xff;
      try {
        check(volume);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^DMG_/) });
      }
    }
  });
});
