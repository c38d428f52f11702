import { describe, expect, test } from 'vitest';
import { isAllZero } from '../../src/formats/code-signature/bytes.ts';
import { type CodeResources, parseCodeResources } from '../../src/formats/code-signature/code-resources.ts';
import { parseDerEntitlements } from '../../src/formats/code-signature/der-entitlements.ts';
import { parseEmbeddedSignature } from '../../src/formats/code-signature/embedded-signature.ts';
import { pathPattern } from '../../src/formats/code-signature/path-pattern.ts';
import { PatternBudget } from '../../src/formats/code-signature/path-pattern-budget.ts';
import { requirementMismatch } from '../../src/formats/code-signature/requirement-text.ts';
import { isUsualOmission, treatmentOf } from '../../src/formats/code-signature/resource-rules.ts';
import { isMachO } from '../../src/formats/macho/header.ts';
import { sliceRanges } from '../../src/formats/macho/slices.ts';
import { MachOFault } from '../../src/formats/macho/types.ts';
import { inOneGo } from '../../src/turns.ts';

describe('path patterns', () => {
  const matches = (pattern: string, path: string): boolean => pathPattern(pattern, new PatternBudget())(path);

  test.each([
    ['^a', 'abc', true],
    ['^a', 'ba', false],
    ['c$', 'abc', true],
    ['c$', 'abcd', false],
    ['b', 'abc', true],
    ['', 'abc', true],
    ['^(a|b)*c+$', 'ababcc', true],
    ['^(a|b)*c+$', 'abad', false],
    ['^x?y$', 'y', true],
    ['^x?y$', 'xxy', false],
    ['^[^/]+/[a-c-]$', 'dir/-', true],
    ['^[^/]+/[a-c-]$', 'dir/sub/a', false],
    ['^[]x]$', ']', true],
    ['^a{2}$', 'aa', true],
    ['^a{2}$', 'aaa', false],
    ['^a{2,}$', 'aaaa', true],
    ['^a{1,3}b$', 'aaab', true],
    ['^a{1,3}b$', 'aaaab', false],
    ['^a\\.b$', 'a.b', true],
    ['^a\\.b$', 'axb', false],
    ['(^|/)foo($|/)', 'a/foo', true],
    ['(^|/)foo($|/)', 'afoo', false],
    ['^()$', '', true],
    ['^Überraschung/.*\\.txt$', 'Überraschung/x.txt', true],
  ])('%s on %s is %s', (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected);
  });

  test('agree with JavaScript on random small patterns', () => {
    let state = 1;
    const pick = (count: number): number => {
      state = (state * 48_271) % 0x7fffffff;
      return state % count;
    };
    const pieces = [
      'a',
      'b',
      '.',
      '^',
      '$',
      '(a|b)',
      '(ab)*',
      'a+',
      'b?',
      '[ab]',
      '[^a]',
      '(a*)*',
      '(|b)',
      'a{1,2}',
    ];
    for (let round = 0; round < 2_000; round += 1) {
      const pattern = Array.from({ length: 1 + pick(5) }, () => pieces[pick(pieces.length)]).join('');
      const path = Array.from({ length: pick(7) }, () => 'abc'[pick(3)]).join('');
      expect(matches(pattern, path), `${pattern} on ${path}`).toBe(new RegExp(pattern).test(path));
    }
  });

  test('that hang other engines end at once', () => {
    expect(matches('^(a+)+$', `${'a'.repeat(2_000)}b`)).toBe(false);
    expect(matches('(.*)*(.*)*(.*)*x$', 'a'.repeat(2_000))).toBe(false);
  });

  test.each([
    '(',
    'a)',
    '[a',
    '*a',
    'a{3,1}',
    'a{1,999}',
    '((a{100}){100}){100}',
    '\\',
    '[[:alpha:]]',
    '('.repeat(99),
  ])('%s is refused', (pattern) => {
    expect(() => matches(pattern, 'a')).toThrow(expect.objectContaining({ code: 'SIGNATURE_MALFORMED' }));
  });
});

describe('CodeResources', () => {
  const seal = (rules: string, files = ''): CodeResources =>
    inOneGo(
      parseCodeResources(
        Buffer.from(`<?xml version="1.0"?><plist version="1.0"><dict>
          <key>files2</key><dict>${files}</dict><key>rules2</key><dict>${rules}</dict></dict></plist>`),
      ),
    );
  const rule = (pattern: string, body: string): string => `<key>${pattern}</key>${body}`;

  const item = (path: string): string =>
    `<key>${path}</key><dict><key>hash2</key><data>${'A'.repeat(43)}=</data></dict>`;

  test.each<[string, string]>([
    ['is longer than any of macOS', 'a'.repeat(1025)],
    ['has more accents on a letter than any language', `a${'\u0301\u0316'.repeat(16)}`],
    ['would take long to be composed', `a${'\u0301\u0316'.repeat(30_000)}`],
  ])('a sealed path that %s is refused', (_, path) => {
    expect(() => seal('<key>^.*</key><true/>', item(path))).toThrow(/it seals a path that no file can have/i);
  });

  test.each([
    // unknown entities in front: they would be named if the key were decoded
    ['nothing but entities', `&own;${'&amp;'.repeat(1_000_000)}`],
    ['letters and entities in turn', `&own;${'a&#98;'.repeat(1_000_000)}`],
    ['short texts that comments part', '&lt;<!-- -->'.repeat(1_000_000)],
    ['short texts in CDATA', '<![CDATA[&]]>'.repeat(1_000_000)],
  ])('a key of millions of characters is refused before it is decoded: %s', (_, key) => {
    const cause = expect.objectContaining({ message: 'A text has more than 65536 characters' });
    expect(() => seal('<key>^.*</key><true/>', item(key))).toThrow(expect.objectContaining({ cause }));
  });

  test('a path that is sealed twice is refused', () => {
    expect(() => seal('<key>^.*</key><true/>', item('a') + item('a'))).toThrow(/no property list/);
    expect(seal('<key>^.*</key><true/>', item('a\u0301')).items.has('á')).toBe(true);
  });

  test('the heaviest rule decides', () => {
    const { rules } = seal(
      rule('^.*', '<true/>') +
        rule('^Frameworks/', '<dict><key>nested</key><true/><key>weight</key><real>10</real></dict>') +
        rule('^Frameworks/skip', '<dict><key>omit</key><true/><key>weight</key><integer>11</integer></dict>'),
    );
    expect(treatmentOf(rules, 'a.txt')).toBe('sealed');
    expect(treatmentOf(rules, 'Frameworks/F.framework')).toBe('nested');
    expect(treatmentOf(rules, 'Frameworks/skip.txt')).toBe('omitted');
    expect(treatmentOf([], 'a')).toBe('unmentioned');
  });

  test('entries that seal nothing are refused', () => {
    const wrong = ['<dict/>', '<string>x</string>', '<dict><key>hash2</key><data>AAAA</data></dict>'];
    for (const entry of wrong)
      expect(() => seal('', rule('a', entry))).toThrow(
        expect.objectContaining({ code: 'SIGNATURE_MALFORMED' }),
      );
  });

  test('only what every tool leaves out is usual', () => {
    for (const path of [
      'Info.plist',
      'PkgInfo',
      '.DS_Store',
      'a/.DS_Store',
      'Resources/en.lproj/locversion.plist',
    ])
      expect(isUsualOmission(path)).toBe(true);
    for (const path of ['a/Info.plist', 'payload.js', 'PkgInfo2']) expect(isUsualOmission(path)).toBe(false);
  });
});

test('requirements are held against identifier and code hash', () => {
  const code = { identifiers: ['com.acme.tool'], cdHashes: ['ab'.repeat(20)] };
  const text = (identifier: string): string => `(identifier "${identifier}") and (certificate root = H"00")`;
  expect(requirementMismatch(text('com.acme.tool'), code)).toBeUndefined();
  expect(requirementMismatch(text('com.evil.tool'), code)).toBe('asks for the identifier "com.evil.tool"');
  expect(requirementMismatch(`cdhash H"${'AB'.repeat(20)}"`, code)).toBeUndefined();
  expect(requirementMismatch(`cdhash H"${'cd'.repeat(20)}"`, code)).toBe('asks for another code hash');
});

test('a quoted identifier is read to its own end, and its words are not words of the language', () => {
  const odd = 'com.acme.this or "that" \\ not!';
  const quoted = `"${odd.replace(/["\\]/g, '\\$&')}"`;
  const code = { identifiers: [odd], cdHashes: [] };
  expect(requirementMismatch(`identifier ${quoted} and anchor apple generic`, code)).toBeUndefined();
  const other = { identifiers: ['com.acme.this or '], cdHashes: [] };
  expect(requirementMismatch(`identifier ${quoted}`, other)).toBe(`asks for the identifier "${odd}"`);
  expect(requirementMismatch(`identifier "com.acme`, code)).toBe('asks for the identifier "com.acme"');
  expect(requirementMismatch(`! identifier ${quoted}`, other)).toBeUndefined();
});

test('hostile headers are refused before anything is believed', () => {
  const malformed = expect.objectContaining({ code: 'SIGNATURE_MALFORMED' });
  const blob = (...words: number[]): Buffer => {
    const bytes = Buffer.alloc(words.length * 4);
    for (const [index, word] of words.entries()) bytes.writeUInt32BE(word, index * 4);
    return bytes;
  };
  expect(() => parseEmbeddedSignature(Buffer.alloc(0))).toThrow(malformed);
  expect(() => parseEmbeddedSignature(blob(0xfade0cc0, 0xffffffff, 1))).toThrow(malformed);
  expect(() => parseEmbeddedSignature(blob(0xfade0cc0, 12, 0xffffffff))).toThrow(malformed);
  expect(() => parseEmbeddedSignature(blob(0xfade0cc0, 28, 1, 0, 0xfffffff0, 0, 0))).toThrow(malformed);
  expect(() => parseEmbeddedSignature(blob(0xfade0cc0, 28, 1, 0, 0, 0, 0))).toThrow(malformed);
  expect(() => sliceRanges(blob(0xcafebabe, 17, 0, 0, 0), 1_000)).toThrow(MachOFault);
  expect(() => sliceRanges(blob(0xcafebabe, 1, 7, 3, 900, 200, 0), 1_000)).toThrow(MachOFault);
  expect(() => sliceRanges(blob(0xcafebabe, 2, 7, 3, 100, 200, 0, 12, 0, 150, 10, 0), 1_000)).toThrow(
    MachOFault,
  );
  // a Java class of version 52 has the magic of a universal file
  expect(isMachO(blob(0xcafebabe, 52, 7))).toBe(false);
});

test('zeros are told from content, at both ends', () => {
  expect(isAllZero(Buffer.alloc(0))).toBe(true);
  expect(isAllZero(Buffer.alloc(9))).toBe(true);
  expect(isAllZero(Buffer.from([1, 0, 0]))).toBe(false);
  expect(isAllZero(Buffer.from([0, 0, 1]))).toBe(false);
  expect(isAllZero(Buffer.from([5, 5, 5]))).toBe(false);
});

describe('DER entitlements', () => {
  const tlv = (tag: number, ...content: Uint8Array[]): Buffer => {
    const body = Buffer.concat(content);
    return Buffer.concat([Buffer.from([tag, body.length]), body]);
  };
  const TRUE = Buffer.from([1, 1, 0xff]);
  const root = (...entries: Buffer[]): Buffer => tlv(0x70, Buffer.from([2, 1, 1]), tlv(0xb0, ...entries));
  const text = (bytes: string): Buffer => tlv(0x0c, Buffer.from(bytes, 'latin1'));

  test('are a dictionary', () => {
    expect(parseDerEntitlements(root(tlv(0x30, text('a'), TRUE)))).toMatchObject({ a: true });
  });

  test.each<[string, Buffer]>([
    ['a key that is there twice', root(tlv(0x30, text('a'), TRUE), tlv(0x30, text('a'), TRUE))],
    ['a key that is not UTF-8', root(tlv(0x30, text('\xff'), TRUE))],
    ['a text that is not UTF-8', root(tlv(0x30, text('a'), text('\xff\xfe')))],
    ['a text in pieces', root(tlv(0x30, text('a'), tlv(0x2c, text('x'), text('y'))))],
    ['a truth value of two bytes', root(tlv(0x30, text('a'), tlv(1, Buffer.from([0, 1]))))],
    ['a truth value without bytes', root(tlv(0x30, text('a'), tlv(1)))],
    ['an entry of three', root(tlv(0x30, text('a'), TRUE, TRUE))],
    ['bytes behind them', Buffer.concat([root(), Buffer.alloc(1)])],
    ['another version', tlv(0x70, Buffer.from([2, 1, 2]), tlv(0xb0))],
  ])('with %s are refused', (_, der) => {
    expect(() => parseDerEntitlements(der)).toThrowError(
      expect.objectContaining({ code: 'SIGNATURE_MALFORMED' }) as Error,
    );
  });
});
