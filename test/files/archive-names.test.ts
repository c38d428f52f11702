import { expect, test } from 'vitest';
import { macNameKey } from '../../src/files/archive/entry-path.ts';

test('every way to write one name has one key', () => {
  const different: string[] = [];
  for (let code = 0; code < 0x110000; code += 1) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const letter = String.fromCodePoint(code);
    const key = macNameKey(letter);
    const ways = [letter.toLowerCase(), letter.toUpperCase(), letter.normalize('NFC'), key];
    if (ways.some((way) => macNameKey(way) !== key)) different.push(letter);
  }
  expect(different).toEqual([]);
});

test.each([
  ['stra\u1e9ee.txt', 'STRASSE.txt'],
  ['ma\u00df', 'MASS'],
  ['caf\u00e9', 'CAFE\u0301'],
  ['\ufb01le', 'FILE'],
])('%s is %s', (one, other) => {
  expect(macNameKey(one)).toBe(macNameKey(other));
});
