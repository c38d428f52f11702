import { describe, expect, test } from 'vitest';
import { parseCodeDirectory } from '../../src/formats/code-signature/code-directory.ts';
import { directoryFormFault } from '../../src/formats/code-signature/directory-form.ts';

const HEADER_BYTES = 108;
const IDENTIFIER = 'com.example.tool\0';
const TEAM = 'TEAM123456\0';
const DIGEST_BYTES = 32;
const SPECIAL_SLOTS = 2;
const text = { offset: 0, sizeBytes: 0x4000 };

interface Shape {
  readonly version?: number;
  readonly pageExponent?: number;
  readonly segment?: readonly [bigint, bigint];
  /** Behind the team, before the digests. */
  readonly padding?: Buffer;
  /** Behind the digests. */
  readonly tail?: Buffer;
}

/** A CodeDirectory over one page, its fields as in Apple's cs_blobs.h. */
function directoryOf(shape: Shape = {}, change: (blob: Buffer) => void = () => undefined) {
  const { version = 0x20600, pageExponent = 12, segment = [0n, 0x4000n] } = shape;
  const { padding = Buffer.alloc(0), tail = Buffer.alloc(0) } = shape;
  const texts = Buffer.from(IDENTIFIER + TEAM);
  const digests = Buffer.alloc(DIGEST_BYTES * (SPECIAL_SLOTS + 1), 7);
  const digestsAt = HEADER_BYTES + texts.length + padding.length + DIGEST_BYTES * SPECIAL_SLOTS;
  const blob = Buffer.concat([Buffer.alloc(HEADER_BYTES), texts, padding, digests, tail]);
  const fields = [
    0xfade0c02,
    blob.length,
    version,
    0x10000,
    digestsAt,
    HEADER_BYTES,
    SPECIAL_SLOTS,
    1,
    0x1000,
  ];
  for (const [index, value] of fields.entries()) blob.writeUInt32BE(value, index * 4);
  blob.set([DIGEST_BYTES, 2, 0, pageExponent], 36);
  blob.writeUInt32BE(HEADER_BYTES + IDENTIFIER.length, 48);
  blob.writeBigUInt64BE(segment[0], 64);
  blob.writeBigUInt64BE(segment[1], 72);
  change(blob);
  return parseCodeDirectory(blob);
}

describe('a CodeDirectory', () => {
  test('as signing writes it has no fault', () => {
    expect(directoryFormFault(directoryOf(), text)).toBeUndefined();
    expect(directoryFormFault(directoryOf({ pageExponent: 14 }), text)).toBeUndefined();
    expect(directoryFormFault(directoryOf({ padding: Buffer.alloc(3) }), text)).toBeUndefined();
    const later = { offset: 0x1000, sizeBytes: 0x4000 };
    for (const limit of [0x4000n, 0x5000n])
      expect(directoryFormFault(directoryOf({ segment: [0x1000n, limit] }), later)).toBeUndefined();
  });

  test('of a disk image has no segment, and one page or more', () => {
    expect(directoryFormFault(directoryOf({ pageExponent: 0 }), undefined)).toBeUndefined();
  });

  test.each([
    ['platform', 38],
    ['spare', 43],
    ['spare', 55],
    ['encryption', 95],
    ['linkage', 96],
    ['linkage', 107],
  ])('must not set the field of the %s (byte %i)', (name, at) => {
    const lie = directoryOf({}, (blob) => blob.writeUInt8(1, at));
    expect(directoryFormFault(lie, text)).toBe(`its CodeDirectory sets the field of the ${name}`);
  });

  test.each<readonly [string, Shape, RegExp]>([
    ['pages that no system takes', { pageExponent: 13 }, /pages have 8192 bytes/],
    ['one page for all code', { pageExponent: 0 }, /pages have 0 bytes/],
    ['no executable segment', { segment: [0n, 0n] }, /executable segment is another/],
    ['a longer executable segment', { segment: [0n, 0x8000n] }, /executable segment is another/],
    ['a later executable segment', { segment: [0x1000n, 0x4000n] }, /executable segment is another/],
    ['bytes between its parts', { padding: Buffer.from('hidden') }, /holds more than it names/],
    ['bytes behind its digests', { tail: Buffer.from('hidden') }, /holds more than it names/],
  ])('must not have %s', (_, shape, fault) => {
    expect(directoryFormFault(directoryOf(shape), text)).toMatch(fault);
  });
});
