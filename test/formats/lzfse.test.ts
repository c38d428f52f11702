import { describe, expect, test } from 'vitest';
import { readPackedHeader } from '../../src/formats/lzfse/block-header.ts';
import { decodeLzfse } from '../../src/formats/lzfse/decode.ts';
import { LzfseFault } from '../../src/formats/lzfse/fault.ts';
import { decodeLzvn } from '../../src/formats/lzfse/lzvn.ts';
import { le16, le32 } from '../helpers/catalog-parts.ts';
import { sample } from '../helpers/lzfse-samples.ts';
import recorded from '../helpers/lzfse-vectors.json' with { type: 'json' };
import { seededRandom } from '../helpers/soak-random.ts';

const vectors = recorded.vectors.map(({ name, form, base64 }) => ({
  name,
  form,
  stored: Buffer.from(base64, 'base64'),
}));
const vector = (wanted: string): (typeof vectors)[number] =>
  vectors.find(({ name }) => name === wanted) as (typeof vectors)[number];

describe("streams of Apple's encoder", () => {
  test.each(vectors)('$name', ({ form, stored }) => {
    expect(decodeLzfse(stored, form.sizeBytes).equals(sample(form))).toBe(true);
  });

  test('several blocks of all kinds one after the other', () => {
    const body = Buffer.concat([...vectors.map(({ stored }) => stored.subarray(0, -4)), Buffer.from('bvx$')]);
    const wanted = Buffer.concat(vectors.map(({ form }) => sample(form)));
    expect(decodeLzfse(body, wanted.length).equals(wanted)).toBe(true);
  });

  test('LZVN without a block around it', () => {
    const { form, stored } = vector('coded as LZVN, of all kinds of matches');
    expect(decodeLzvn(stored.subarray(12, -4), form.sizeBytes).equals(sample(form))).toBe(true);
  });
});

test('a block whose tables are plain numbers', () => {
  const { form, stored } = vector('compressed');
  const header = readPackedHeader(stored);
  const { frequencies: tables } = header;
  const plain = Buffer.concat([
    Buffer.from('bvx1'),
    le32(header.rawBytes, header.literalBytes + header.matchBytes, header.literalCount, header.matchCount),
    le32(header.literalBytes, header.matchBytes, -header.literalSpareBits),
    le16(...header.literalStates),
    le32(-header.matchSpareBits),
    le16(header.lengthState, header.matchState, header.distanceState),
    le16(...tables.lengths, ...tables.matches, ...tables.distances, ...tables.literals, 0),
    stored.subarray(header.headerBytes),
  ]);
  expect(decodeLzfse(plain, form.sizeBytes).equals(sample(form))).toBe(true);
});

describe('a stream that is refused', () => {
  const stored = (length: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from('bvx-'), le32(length), bytes, Buffer.from('bvx$')]);
  const lzvn = (...bytes: readonly number[]): Buffer => Buffer.from([...bytes, 6, 0, 0, 0, 0, 0, 0, 0]);

  test.each([
    ['empty', Buffer.alloc(0), 'It has no end in its 0 bytes.'],
    ['without an end', stored(1, Buffer.alloc(1)).subarray(0, -4), 'It has no end in its 9 bytes.'],
    ['with more behind its end', Buffer.from('bvx$x'), 'It ends at 4, before its 5 bytes.'],
    ['of an unknown kind', Buffer.from('bvx3bvx$'), 'A block of the kind "bvx3" is not known.'],
    ['longer than it may be', stored(101, Buffer.alloc(101)), 'It decodes to more than 100 bytes.'],
    ['cut off in a stored block', stored(50, Buffer.alloc(2)), 'A stored block of 50 bytes ends after 6.'],
  ])('%s', (_, bytes, fact) => {
    expect(() => decodeLzfse(bytes, 100)).toThrow(new LzfseFault(fact));
  });

  test.each([
    ['a match before the first byte', lzvn(0x00, 1), 'A match reaches 1 bytes back, and there are 0.'],
    ['a match of no distance', lzvn(0xe1, 7, 0x00, 0), 'A match reaches 0 bytes back, and there are 1.'],
    ['an undefined instruction', lzvn(0x70), 'The instruction 70 at 0 is not defined.'],
    ['more literals than there are bytes', Buffer.from([0xe5, 1]), 'It has no end in its 2 bytes.'],
  ])('LZVN with %s', (_, bytes, fact) => {
    expect(() => decodeLzvn(bytes, 100)).toThrow(new LzfseFault(fact));
  });

  test('with more codes or blocks than bytes: that would be work without a result', () => {
    const bytes = Buffer.from(vector('compressed').stored);
    bytes.writeUInt32LE(1, 4);
    expect(() => decodeLzfse(bytes, 100_000)).toThrow(/literals and \d+ matches for 1 bytes/);
    bytes.writeUInt32LE(0, 4);
    expect(() => decodeLzfse(bytes, 100_000)).toThrow('A block decodes to nothing.');
    const many = Buffer.concat([
      ...Array.from({ length: 100 }, () => stored(1, Buffer.alloc(1)).subarray(0, 9)),
    ]);
    expect(() => decodeLzfse(many, 2000)).toThrow('It has too many blocks for 2000 bytes.');
  });
});

test('every change of a stream decodes to what fits, or is refused as what it is', () => {
  const random = seededRandom(11);
  for (let round = 0; round < 400; round++) {
    const { form, stored } = random.pick(vectors);
    const bytes = Buffer.from(stored.subarray(0, random.between(1, stored.length)));
    for (let changes = random.between(0, 4); changes > 0; changes--)
      bytes[random.between(0, Math.min(bytes.length - 1, random.pick([40, 1e9])))] = random.between(0, 255);
    try {
      expect(decodeLzfse(bytes, form.sizeBytes).length).toBeLessThanOrEqual(form.sizeBytes);
    } catch (error) {
      expect(error).toBeInstanceOf(LzfseFault);
    }
  }
});
