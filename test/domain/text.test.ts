import { describe, expect, test } from 'vitest';
import { piecesOf, plainLine, withoutTerminalSequences, withoutTrailing } from '../../src/text.ts';

describe('terminal sequences', () => {
  test.each([
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['a colour of an 8-bit terminal', '\u009b1mbold', 'bold'],
    ['a link', '\u001b]8;;http://x\u0007text\u001b]8;;\u001b\\', 'text'],
    ['a title that ends with ST', '\u001b]0;title\u009crest', 'rest'],
    ['a character set', '\u001b(Btext', 'text'],
    ['a reset', '\u001bctext', 'text'],
    ['a title without an end', 'a\u001b]0;title', 'a'],
    ['the escape alone', 'a\u001b', 'a'],
    ['one in another', '\u001b]0;\u001b[31mred', 'red'],
  ])('%s', (_, text, expected) => {
    expect(withoutTerminalSequences(text)).toBe(expected);
  });

  test('are passed once, however many begin and never end', () => {
    for (const unit of ['\u001b', '\u001b[', '\u001b]', ';#', '\u001b[;#', '\u001b]0;a', '0;'])
      expect(withoutTerminalSequences(`\u001b${unit.repeat(300_000)}`).length).toBeLessThan(900_000);
  });
});

test('a run at the end of a text', () => {
  expect(withoutTrailing('a//b//', '/')).toBe('a//b');
  expect(withoutTrailing('...', '. ')).toBe('');
  const middle = `a${'/'.repeat(1_000_000)}b`;
  expect(withoutTrailing(middle, '/')).toBe(middle);
});

test('pieces of one width', () => {
  expect(piecesOf('abcde', 2)).toEqual(['ab', 'cd', 'e']);
  expect(piecesOf('', 2)).toEqual([]);
});

test('one plain line of what another service said', () => {
  expect(plainLine(' Not \u001b[1msigned\u001b[0m.\r\n See\u200b it. ', 100)).toBe('Not signed. See it.');
  expect(plainLine('x'.repeat(1_000), 10)).toBe('x'.repeat(10));
  expect(plainLine({ text: 'x' }, 10)).toBe('');
});
