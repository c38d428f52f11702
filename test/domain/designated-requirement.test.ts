import { describe, expect, test } from 'vitest';
import { requirementFault } from '../../src/domain/code-signature/designated-requirement.ts';

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const data = (value: string): Buffer =>
  Buffer.concat([u32(value.length), Buffer.from(value), Buffer.alloc((4 - (value.length % 4)) % 4)]);
const op = (...parts: (number | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? u32(part) : data(part))));
const all = (...parts: Buffer[]): Buffer =>
  parts.reduceRight((rest, part) => Buffer.concat([u32(6), part, rest]));

const blob = (magic: number, content: Buffer): Buffer =>
  Buffer.concat([u32(magic), u32(content.length + 8), content]);
const setOf = (expression: Buffer, kind = 3): Buffer =>
  blob(
    0xfade0c01,
    Buffer.concat([u32(1), u32(kind), u32(20), blob(0xfade0c00, Buffer.concat([u32(1), expression]))]),
  );
const EMPTY = blob(0xfade0c01, u32(0));

const identifier = op(2, 'com.example');
const [generic, apple, hash] = [op(15), op(3), op(4, 0xffffffff, 'x'.repeat(20))];
const team = op(11, 0, 'subject.OU', 1, 'TEAM123456');
const developerId = op(14, 1, 'oid-bytes', 0);

const faultOf = (set: Buffer | undefined, isNeeded = true) =>
  requirementFault(set, { identifier: 'com.example', isNeeded });

describe('a designated requirement', () => {
  test('as signing makes it: identifier, anchor, certificates', () => {
    expect(faultOf(setOf(all(identifier, generic, developerId, team)))).toBeUndefined();
    expect(faultOf(setOf(all(identifier, apple)))).toBeUndefined();
    expect(faultOf(setOf(all(identifier, hash)))).toBeUndefined();
    expect(faultOf(EMPTY, false)).toBeUndefined();
    expect(faultOf(undefined, false)).toBeUndefined();
  });

  test.each([
    ['an empty set', blob(0xfade0c01, Buffer.concat([u32(0), Buffer.from('hidden')]))],
    ['a requirement', Buffer.concat([setOf(all(identifier, generic)), Buffer.from('hidden')])],
  ])('must not have bytes behind %s', (_, set) => {
    expect(() => faultOf(set, false)).toThrow(/There are bytes/);
  });

  test.each([
    ['none', EMPTY, /has no/],
    ['everything', setOf(op(1)), /other code/],
    ['one or the other', setOf(Buffer.concat([u32(7), identifier, generic])), /other code/],
    ['all but one', setOf(all(identifier, Buffer.concat([u32(9), generic]))), /other code/],
    [
      'an alternative further inside',
      setOf(all(identifier, Buffer.concat([u32(7), generic, apple]))),
      /other/,
    ],
    ['a code hash', setOf(all(identifier, op(8, 'x'.repeat(20)))), /other code/],
    ['an identifier alone', setOf(identifier), /anybody/],
    ['a certificate without anchor', setOf(all(identifier, team)), /anybody/],
    ['no identifier', setOf(all(generic, team)), /another identifier/],
    ['another identifier', setOf(all(op(2, 'com.other'), generic)), /another identifier/],
    ['something behind', setOf(Buffer.concat([all(identifier, generic), u32(15)])), /other code/],
    ['an unknown match', setOf(all(identifier, generic, op(11, 0, 'subject.OU', 9, 'x'))), /other code/],
  ])('that is %s is a fault', (_, set, why) => {
    expect(faultOf(set)).toMatch(why);
  });

  test('that cannot be read is refused', () => {
    for (const set of [setOf(identifier, 1), setOf(u32(6)), setOf(op(2)), Buffer.alloc(9)])
      expect(() => faultOf(set)).toThrow();
  });
});
