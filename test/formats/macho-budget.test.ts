import { describe, expect, test } from 'vitest';
import { importedClasses } from '../../src/formats/macho/index.ts';
import { readLayout } from '../../src/formats/macho/layout.ts';
import { MachOFault } from '../../src/formats/macho/types.ts';

const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
};

/** A 64-bit program for arm64 with these load commands, and what follows them. */
function program(commands: readonly Buffer[], rest: Buffer = Buffer.alloc(0)): Buffer {
  const sizeBytes = commands.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([
    words(0xfeedfacf, 0x0100000c, 0, 2, commands.length, sizeBytes, 0, 0),
    ...commands,
    rest,
  ]);
}

describe('imported symbols', () => {
  const NAME = '_OBJC_CLASS_$_NSThing';

  /** Symbols whose names begin at these places of one table of strings. */
  function withSymbols(names: readonly number[], strings: Buffer): Buffer {
    const entriesAt = 32 + 24 + 80;
    const stringsAt = entriesAt + names.length * 16;
    const symtab = words(0x2, 24, entriesAt, names.length, stringsAt, strings.length);
    const dysymtab = Buffer.concat([words(0xb, 80, 0, 0, 0, 0, 0, names.length), Buffer.alloc(48)]);
    const entries = Buffer.concat(names.map((place) => words(place, 0, 0, 0)));
    return program([symtab, dysymtab], Buffer.concat([entries, strings]));
  }
  const classesIn = (bytes: Buffer, budget?: { symbols: number }) =>
    importedClasses(
      {
        sizeBytes: bytes.length,
        read: async (offset, length) => bytes.subarray(offset, offset + length),
      },
      { offset: 0, sizeBytes: bytes.length },
      budget,
    );

  test('that all lie in one long name are not copied out of it', async () => {
    const strings = Buffer.from(`${NAME}${'x'.repeat(200_000)}\0${NAME}\0`);
    const names = Array.from({ length: 20_000 }, (_, index) => index);
    expect(await classesIn(withSymbols(names, strings))).toEqual(new Set());
    expect(await classesIn(withSymbols([...names, strings.length - NAME.length - 1], strings))).toEqual(
      new Set(['NSThing']),
    );
  });

  test('are counted for all programs of a bundle', async () => {
    const bytes = withSymbols([0, 0, 0], Buffer.from(`${NAME}\0`));
    const budget = { symbols: 5 };
    expect(await classesIn(bytes, budget)).toEqual(new Set(['NSThing']));
    expect(budget.symbols).toBe(2);
    expect(await classesIn(bytes, budget)).toBeUndefined();
  });
});

test('segments that announce the sections of others are refused', () => {
  const segment = Buffer.alloc(72);
  segment.writeUInt32LE(0x19, 0);
  segment.writeUInt32LE(72, 4);
  segment.writeUInt32LE(200, 64);
  const bytes = program(Array<Buffer>(10_000).fill(segment), Buffer.alloc(32_000));
  expect(() => readLayout(bytes, { offset: 0, sizeBytes: bytes.length })).toThrowError(
    new MachOFault('a segment announces more sections than it has'),
  );
});
