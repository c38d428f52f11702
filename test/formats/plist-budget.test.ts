import { describe, expect, test } from 'vitest';
import { parsePlist } from '../../src/formats/plist/index.ts';
import { PlistBudget } from '../../src/formats/plist/limits.ts';
import { arrayOf, dataObject, sharedPlist } from '../helpers/shared-plist.ts';

const refused = (bytes: Buffer, budget?: PlistBudget): string => {
  try {
    parsePlist(bytes, { name: 'Info.plist', ...(budget && { budget }) });
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as { failure: { reason: string } }).failure.reason}`;
  }
  throw new Error('was accepted');
};
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
const UNFOLDS = 'PLIST_INVALID: It unfolds to more than 16777216 bytes.';
const MANY = 'PLIST_INVALID: It holds more than 200000 values.';

describe('a binary property list is measured by what it unfolds to', () => {
  test('many objects at one place are one value in memory', () => {
    const bytes = sharedPlist(
      [arrayOf(numbers(100, 1)), dataObject(Buffer.alloc(1000))],
      [0, ...Array<number>(100).fill(1)],
    );
    const values = parsePlist(bytes, { name: 'a' }) as Buffer[];
    expect(values).toHaveLength(100);
    expect(new Set(values).size).toBe(1);
  });

  test('many objects at one large place', () => {
    const bytes = sharedPlist(
      [arrayOf(numbers(2_000, 1)), dataObject(Buffer.alloc(1_000_000))],
      [0, ...Array<number>(2_000).fill(1)],
    );
    expect(refused(bytes)).toBe(UNFOLDS);
  });

  test('one object that is named again and again', () => {
    const bytes = sharedPlist([arrayOf(Array<number>(20_000).fill(1)), dataObject(Buffer.alloc(100_000))]);
    expect(refused(bytes)).toBe(UNFOLDS);
  });

  test('objects that overlap, each a byte behind the one before', () => {
    const count = 1_000;
    // 0x4f 0x12 0x12 …: from each byte on it reads as data of 0x12121212 or fewer bytes
    const body = Buffer.concat(numbers(count).map(() => dataObject(Buffer.alloc(60_000)).subarray(0, 6)));
    const bytes = sharedPlist(
      [arrayOf(numbers(count, 1)), body, Buffer.alloc(70_000)],
      [0, ...Array<number>(count).fill(1)],
      (object) => (object === 0 ? 0 : (object - 1) * 6),
    );
    expect(refused(bytes)).toBe(UNFOLDS);
  });

  test('arrays of arrays of arrays', () => {
    const bodies = [...numbers(12).map((level) => arrayOf(Array<number>(10).fill(level + 1))), arrayOf([])];
    expect(refused(sharedPlist(bodies))).toBe(MANY);
  });

  test('an object that contains itself under another number', () => {
    expect(refused(sharedPlist([arrayOf([1])], [0, 0]))).toBe('PLIST_INVALID: An object contains itself.');
  });
});

test('several files share a budget, also after one of them was refused in its depth', () => {
  const budget = new PlistBudget({ maxValues: 150, maxUnfoldedBytes: 1000 });
  const deep = Buffer.from(`<plist>${'<array>'.repeat(101)}${'</array>'.repeat(101)}</plist>`);
  const flat = Buffer.from(`<plist><array>${'<true/>'.repeat(40)}</array></plist>`);
  expect(refused(deep, budget)).toBe('PLIST_INVALID: It is nested more than 100 levels deep.');
  expect(parsePlist(flat, { name: 'b', budget })).toHaveLength(40);
  expect(budget.isSpent).toBe(false);
  expect(refused(flat, budget)).toBe('PLIST_INVALID: It holds more than 150 values.');
  expect(budget.isSpent).toBe(true);
});
