import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { foldName } from '../../src/formats/hfsplus/case-fold.ts';
import { cutIntoChunks } from '../../src/formats/hfsplus/chunks.ts';
import { cleanVolumeName, decompose, diskName } from '../../src/formats/hfsplus/names.ts';
import { planVolume, type VolumePlan } from '../../src/formats/hfsplus/plan.ts';
import type { VolumeEntry } from '../../src/formats/hfsplus/tree.ts';

const date = new Date('2026-01-02T03:04:05Z');
const folder = (path: string): VolumeEntry => ({ path, type: 'directory', mode: 0o755, sizeBytes: 0 });
const file = (path: string, sizeBytes = 0): VolumeEntry => ({ path, type: 'file', mode: 0o644, sizeBytes });
const link = (path: string, linkTarget: string): VolumeEntry => ({
  path,
  type: 'symlink',
  mode: 0o755,
  sizeBytes: 0,
  linkTarget,
});

/** The volume with zeros for the contents of files. */
function volumeOf(plan: VolumePlan): Buffer {
  const volume = Buffer.alloc(plan.totalBytes);
  for (const piece of plan.pieces) if ('bytes' in piece) piece.bytes.copy(volume, piece.offset);
  return volume;
}

describe('names', () => {
  test('case folds by the table of HFS+, not by that of Unicode', () => {
    expect(foldName('MiXeD')).toBe('mixed');
    expect(foldName('ÆØÞ')).toBe('æøþ');
    expect(foldName('Ω')).toBe('ω');
    expect(foldName('Ԁ')).toBe('Ԁ'); // U+0500, upper case only for Unicode
    expect(foldName('a\u200db')).toBe('ab');
    expect(foldName('\0')).toBe('\uffff');
  });

  test('are decomposed but for the ranges that Apple leaves composed', () => {
    expect(decompose('é')).toBe('e\u0301');
    expect(decompose('한')).toBe('\u1112\u1161\u11ab');
    expect(decompose('\u2126\ufa10\u{2f800}')).toBe('\u2126\ufa10\u{2f800}');
  });

  test('a colon is stored as a slash', () => expect(diskName('a:b', 'a:b')).toBe('a/b'));

  test.each([
    ['half of a surrogate pair', 'x\ud800'],
    ['more than 255 units', 'n'.repeat(256)],
    ['more than 255 units when decomposed', 'é'.repeat(128)],
    ['dot dot', '..'],
    ['nothing that counts in a comparison', '\u200d'],
    ['NUL', 'a\0b'],
  ])('%s is refused by name', (_, name) => {
    expect(() => diskName(name, name)).toThrow(expect.objectContaining({ code: 'DMG_NAME_UNSUPPORTED' }));
  });

  test.each([
    ['My App', 'My App'],
    ['a/b:c', 'a b c'],
    ['  .hidden\tname\n ', 'hidden name'],
    ['x'.repeat(40), 'x'.repeat(27)],
    [`${'x'.repeat(26)}é`, 'x'.repeat(26)], // e and its accent stay together
    [`${'x'.repeat(26)}😀`, 'x'.repeat(26)],
    ['\ud800', 'Application'],
    ['..', 'Application'],
  ])('the volume name %j becomes %j', (wanted, cleaned) => expect(cleanVolumeName(wanted)).toBe(cleaned));
});

describe('the tree', () => {
  test.each([
    ['case', 'a/README', 'a/readme'],
    ['accents written in two ways', 'a/\u00e9', 'a/e\u0301'],
    ['a joiner that does not count', 'a/xy', 'a/x\u200dy'],
  ])('two names that differ only by %s are refused with both', (_, one, other) => {
    const entries = [folder('a'), file(other), file(one)];
    const collide = () => planVolume('V', entries, date);
    expect(collide).toThrow(expect.objectContaining({ code: 'DMG_NAME_COLLISION' }));
    expect(collide).toThrow(JSON.stringify(one));
    expect(collide).toThrow(JSON.stringify(other));
  });

  test('one name in two folders is no collision', () => {
    expect(() => planVolume('V', [folder('a'), folder('b'), file('a/x'), file('b/X')], date)).not.toThrow();
  });

  test.each([
    ['a file without its folder', [file('a/b')]],
    ['a file in a file', [file('a'), file('a/b')]],
    ['a link without target', [link('l', '')]],
  ])('%s is refused', (_, entries) => {
    const plan = () => planVolume('V', entries, date);
    expect(plan).toThrow(expect.objectContaining({ code: 'DMG_ENTRY_INVALID' }));
  });
});

describe('the volume', () => {
  const entries = [
    folder('My.app'),
    folder('My.app/Contents'),
    file('My.app/Contents/data', 4097),
    file('My.app/Contents/empty'),
    link('Applications', '/Applications'),
  ];

  test('has the fields of the volume header where they belong', () => {
    const plan = planVolume('V', entries, date);
    const header = volumeOf(plan).subarray(1024, 1536);
    expect(header.toString('latin1', 0, 2)).toBe('H+');
    expect(header.toString('hex', 2, 12)).toBe('00048000010031302e30');
    expect(header.readUInt32BE(16)).toBe(date.getTime() / 1000 + 2082844800);
    // 3 files, 2 folders, 4096-byte blocks, 10 in all, none free
    expect([32, 36, 40, 44, 48].map((at) => header.readUInt32BE(at))).toEqual([3, 2, 4096, 10, 0]);
    expect(header.readUInt32BE(64)).toBe(21);
    const runs = [112, 192, 272, 352, 432].map((at) => [16, 20].map((o) => header.readUInt32BE(at + o)));
    const [bitmap, extents, catalog, attributes, startup] = runs;
    expect({ bitmap, extents, attributes, catalog, startup }).toEqual({
      bitmap: [4, 1],
      extents: [5, 1],
      attributes: [6, 1],
      catalog: [7, 2],
      startup: [0, 0],
    });
    expect(volumeOf(plan).subarray(-1024, -512)).toEqual(header);
  });

  test('has exactly its blocks set in the bitmap', () => {
    const bitmap = volumeOf(planVolume('V', entries, date)).subarray(4 * 4096, 5 * 4096);
    expect([...bitmap.subarray(0, 3)]).toEqual([0xff, 0b11000000, 0]);
  });

  test('stays the same byte for byte', () => {
    const digest = createHash('sha256')
      .update(volumeOf(planVolume('V', entries, date)))
      .digest('hex');
    expect(digest).toMatchInlineSnapshot(
      `"19a84e356dcf86778fa79150e41af322c7ee0c1269c2fda55ff55328fa673858"`,
    );
  });

  test('does not depend on the order of the entries', () => {
    const straight = volumeOf(planVolume('V', entries, date));
    const reversed = volumeOf(planVolume('V', entries.toReversed(), date));
    expect(reversed.equals(straight)).toBe(true);
  });

  test('is cut into chunks that together are the volume', () => {
    const plan = planVolume('V', [...entries, file('big', 3_000_000)], date);
    const chunks = [...cutIntoChunks(plan, 1024 * 1024)];
    const sizes = chunks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    expect(sizes).toBe(plan.totalBytes);
    const parts = chunks.flatMap((chunk) => chunk.parts);
    for (const piece of plan.pieces) {
      const own = parts.filter((part) => part.piece === piece);
      expect(own.reduce((sum, part) => sum + part.sizeBytes, 0)).toBe(piece.sizeBytes);
    }
  });

  test('with more files than a catalog can list is refused', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => file(`${index}${'n'.repeat(249)}`));
    const plan = () => planVolume('V', many, date);
    expect(plan).toThrow(expect.objectContaining({ code: 'DMG_TOO_LARGE' }));
  });
});
