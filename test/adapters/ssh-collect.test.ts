import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Head, lineSplitter, Tail } from '../../src/adapters/guest/ssh/collect.ts';

const piecesOf = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );

function linesOf(text: string, size: number): string[] {
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line));
  for (const piece of piecesOf(Buffer.from(text), size)) splitter.add(piece);
  splitter.end();
  return lines;
}

describe('lines of a stream', () => {
  test('are the same however it is cut', () => {
    const text = fc.array(fc.constantFrom('a', 'ü', '\n', '\r\n', '😀', ' ')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (whole, size) => {
        const expected = whole.split('\n').map((line) => line.replace(/\r$/, ''));
        if (whole.endsWith('\n') || whole === '') expected.pop();
        expect(linesOf(whole, size)).toEqual(expected);
      }),
    );
  });

  test('that have no end come in pieces', () => {
    expect(linesOf('x'.repeat(40_000), 1_000).map(({ length }) => length)).toEqual([16_384, 16_384, 7_232]);
    expect(linesOf(`${'x'.repeat(40_000)}\ny`, 7).map(({ length }) => length)).toEqual([
      16_384, 16_384, 7_232, 1,
    ]);
  });
});

describe('a flood of single bytes', () => {
  const flood = Buffer.alloc(300_000, 'abcdefghij');

  test('fills the head to its limit', () => {
    const head = new Head(100_000);
    for (const piece of piecesOf(flood, 1)) head.add(piece);
    expect(head.toString()).toBe(flood.toString('utf8', 0, 100_000));
  });

  test('leaves its last bytes in the tail', () => {
    const tail = new Tail(64);
    for (const piece of piecesOf(flood, 1)) tail.add(piece);
    expect(tail.toString()).toBe(flood.toString('utf8', flood.length - 64));
  });
});
