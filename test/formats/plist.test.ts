import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as library from 'plist';
import { afterAll, describe, expect, test } from 'vitest';
import { buildPlist, isPortablePlist, parsePlist, parsePlistDict } from '../../src/formats/plist/plist.ts';
import { newDict, PlistReal, type PlistValue, plistEquals } from '../../src/formats/plist/value.ts';

const parse = (bytes: Buffer) => parsePlist(bytes, { name: 'Contents/Info.plist' });
const xml = (body: string): Buffer => Buffer.from(`<plist version="1.0">${body}</plist>`);
const refused = (bytes: Buffer): string => {
  try {
    parse(bytes);
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as { failure: { reason: string } }).failure.reason}`;
  }
  throw new Error('was accepted');
};

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '',
    ' ',
    ']]>',
    '&lt;',
    '\r\n',
    'a\rb',
    '__proto__',
    'UID',
    'bplistOverride',
    'ü',
    '😀',
    '<dict/>',
  ),
);
const scalar: fc.Arbitrary<PlistValue> = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    .map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n)),
  fc.double({ noNaN: true }).map((n) => (Number.isInteger(n) ? new PlistReal(n) : n)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: -60_000_000_000, max: 250_000_000_000 }).map((seconds) => new Date(seconds * 1000)),
);
const { value } = fc.letrec<{ value: PlistValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 20 }).map((entries) => newDict(entries)),
  ),
}));

describe('round trips', () => {
  test.each(['xml', 'binary'] as const)('%s keeps every value and its type', (format) => {
    fc.assert(
      fc.property(value, (original) => {
        expect(plistEquals(parse(buildPlist(original, format)), original)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('integers, reals and big integers stay what they are', () => {
    const read = parse(
      xml(
        '<array><integer>2</integer><real>2</real><real>2.5</real><integer>18446744073709551615</integer></array>',
      ),
    );
    expect(read).toEqual([2, new PlistReal(2), 2.5, 2n ** 64n - 1n]);
    const written = buildPlist(read, 'xml').toString();
    expect(written).toContain('<real>2</real>');
    expect(written).toContain('<integer>18446744073709551615</integer>');
  });

  test('a string that looks like our mark for reals stays a string', () => {
    expect(parse(buildPlist(['real:x:2'], 'xml'))).toEqual(['real:x:2']);
  });
});

describe('reading XML', () => {
  test('the last of two equal keys counts', () => {
    expect(parse(xml('<dict><key>a</key><string>1</string><key>a</key><string>2</string></dict>'))).toEqual({
      a: '2',
    });
  });

  test('__proto__ is a key like any other', () => {
    const read = parsePlistDict(xml('<dict><key>__proto__</key><dict><key>x</key><true/></dict></dict>'), {
      name: 'x',
    });
    expect(Object.keys(read)).toEqual(['__proto__']);
    expect((read as { x?: unknown }).x).toBeUndefined();
  });

  test('entities, CDATA, comments and line ends', () => {
    expect(parse(xml('<!-- a --><string>a&amp;&#x41;&#66;<![CDATA[<&>]]><!-- b -->c\r\nd</string>'))).toBe(
      'a&AB<&>c\nd',
    );
  });

  test('byte order marks and UTF-16 are read; what rcodesign cannot read is said', () => {
    const source = '<?xml version="1.0"?><plist><string>ü</string></plist>';
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(source, 'utf16le')]);
    const bigEndian = Buffer.from(utf16).swap16();
    const utf8 = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(source)]);
    for (const bytes of [utf16, bigEndian, utf8]) expect(parse(bytes)).toBe('ü');
    expect([utf16, bigEndian, utf8, Buffer.from(source)].map(isPortablePlist)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('what is hostile or no plist is refused, with the cause', () => {
    const laughs =
      '<!DOCTYPE plist [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><plist><string>&b;</string></plist>';
    expect([
      refused(Buffer.from(laughs)),
      refused(xml('<string>&b;</string>')),
      refused(xml('<array>'.repeat(101) + '</array>'.repeat(101))),
      refused(xml(`<array>${'<true/>'.repeat(200_001)}</array>`)),
      refused(Buffer.alloc(5 * 1024 * 1024, '<')),
      refused(Buffer.from('{ a = b; }')),
      refused(Buffer.from('{"a":1}')),
      refused(Buffer.alloc(0)),
      refused(Buffer.from([0x3c, 0xff])),
      refused(Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><plist><true/></plist>')),
      refused(xml('<dict><key>a</key></dict>')),
      refused(xml('<integer>1.5</integer>')),
      refused(xml('<integer>99999999999999999999</integer>')),
      refused(xml('<data>!</data>')),
      refused(xml('<date>yesterday</date>')),
      refused(xml('<null/>')),
      refused(xml('<string>a')),
      refused(xml('<true/><true/>')),
      refused(Buffer.from('<html></html>')),
    ]).toMatchInlineSnapshot(`
      [
        "PLIST_INVALID: Its DOCTYPE declares entities or is malformed.",
        "PLIST_INVALID: "&b;" is not an entity of XML.",
        "PLIST_INVALID: It is nested more than 100 levels deep.",
        "PLIST_INVALID: It holds more than 200000 values.",
        "PLIST_INVALID: It is larger than 4194304 bytes.",
        "PLIST_INVALID: It is JSON or an old-style (OpenStep) plist, not XML or binary.",
        "PLIST_INVALID: It is JSON or an old-style (OpenStep) plist, not XML or binary.",
        "PLIST_INVALID: It is empty.",
        "PLIST_INVALID: It is not valid UTF-8 text.",
        "PLIST_INVALID: It declares the encoding "iso-8859-1"; UTF-8 is needed, or UTF-16 with a byte order mark.",
        "PLIST_INVALID: The key "a" has no value.",
        "PLIST_INVALID: <integer> holds "1.5", which is not of that type.",
        "PLIST_INVALID: An integer needs more than 64 bits.",
        "PLIST_INVALID: <data> holds "!", which is not of that type.",
        "PLIST_INVALID: <date> holds "yesterday", which is not of that type.",
        "PLIST_INVALID: <null> is no tag of a property list.",
        "PLIST_INVALID: Expected </string> at character 38.",
        "PLIST_INVALID: Expected </plist> at character 28.",
        "PLIST_INVALID: It starts with <html>, not with <plist>.",
      ]
    `);
  });

  test('the error names the file of the bundle and the next step', () => {
    expect(() => parse(Buffer.from('<html>'))).toThrowErrorMatchingInlineSnapshot(
      `[ShipError: The property list "Contents/Info.plist" cannot be used. It starts with <html>, not with <plist>. Build the bundle again, and check the file with "plutil -lint".]`,
    );
  });
});

describe('reading bplist00', () => {
  const trailer = (options: {
    count: number;
    top?: number;
    tableAt: number;
    offsetBytes?: number;
    refBytes?: number;
  }) => {
    const bytes = Buffer.alloc(32);
    bytes.writeUInt8(options.offsetBytes ?? 1, 6);
    bytes.writeUInt8(options.refBytes ?? 1, 7);
    bytes.writeBigUInt64BE(BigInt(options.count), 8);
    bytes.writeBigUInt64BE(BigInt(options.top ?? 0), 16);
    bytes.writeBigUInt64BE(BigInt(options.tableAt), 24);
    return bytes;
  };
  const bplist = (objects: number[][], options: Partial<Parameters<typeof trailer>[0]> = {}) => {
    const offsets: number[] = [];
    let at = 8;
    for (const object of objects) {
      offsets.push(at);
      at += object.length;
    }
    const body = Buffer.from([...objects.flat(), ...offsets]);
    return Buffer.concat([
      Buffer.from('bplist00'),
      body,
      trailer({ count: objects.length, tableAt: at, ...options }),
    ]);
  };

  test('a sound file', () => {
    expect(
      parse(
        bplist([
          [0xa2, 1, 1],
          [0x10, 7],
        ]),
      ),
    ).toEqual([7, 7]);
  });

  test('what is hostile is refused, with the cause', () => {
    const sharedArrays = Array.from({ length: 30 }, (_, i) => (i === 29 ? [0x09] : [0xa2, i + 1, i + 1]));
    expect([
      refused(bplist([[0xa1, 0]])),
      refused(bplist(sharedArrays)),
      refused(bplist([[0x09]], { count: 2 ** 40 })),
      refused(bplist([[0x09]], { top: 3 })),
      refused(bplist([[0x09]], { tableAt: 2 ** 50 })),
      refused(bplist([[0x09]], { offsetBytes: 0 })),
      refused(bplist([[0x09]], { refBytes: 200 })),
      refused(bplist([[0xa1, 9]])),
      refused(bplist([[0x4f, 0x13, 0x7f, 255, 255, 255, 255, 255, 255, 255]])),
      refused(bplist([[0xaf, 0x12, 0x7f, 255, 255, 255]])),
      refused(bplist([[0x5f, 0x52, 1, 1]])),
      refused(bplist([[0xd1, 1, 1], [0x09]])),
      refused(bplist([[0x80, 1]])),
      refused(bplist([[0x00]])),
      refused(bplist([[0x33, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]])),
      refused(Buffer.from('bplist00')),
    ]).toMatchInlineSnapshot(`
      [
        "PLIST_INVALID: An object contains itself.",
        "PLIST_INVALID: It holds more than 200000 values.",
        "PLIST_INVALID: It holds more than 200000 values.",
        "PLIST_INVALID: Its table of objects does not lie inside the file.",
        "PLIST_INVALID: Its table of objects does not lie inside the file.",
        "PLIST_INVALID: Its trailer is malformed.",
        "PLIST_INVALID: Its trailer is malformed.",
        "PLIST_INVALID: An object lies outside the file.",
        "PLIST_INVALID: An object reaches beyond the end of the file.",
        "PLIST_INVALID: An object reaches beyond the end of the file.",
        "PLIST_INVALID: A count is malformed.",
        "PLIST_INVALID: A dict has a key that is not a string.",
        "PLIST_INVALID: It holds an object of the type 0x80, which has no place here.",
        "PLIST_INVALID: It holds an object of the type 0x0, which has no place here.",
        "PLIST_INVALID: A date is out of range.",
        "PLIST_INVALID: It is too short for a binary plist.",
      ]
    `);
  });

  test('no bytes whatever do anything but give a value or PLIST_INVALID', () => {
    const sound = buildPlist(
      newDict([
        ['a', [1, 2.5, 'x', Buffer.from('y'), new Date(0)]],
        ['b', newDict([['c', true]])],
      ]),
      'binary',
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (edits) => {
          const bytes = Buffer.from(sound);
          for (const [at, byte] of edits) if (at >= 8) bytes[at] = byte;
          try {
            parse(bytes);
          } catch (error) {
            expect((error as { code?: string }).code).toBe('PLIST_INVALID');
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('writing', () => {
  test('XML refuses what it cannot hold, binary takes it', () => {
    expect(() => buildPlist('a\u0001', 'xml')).toThrow(/cannot hold/);
    expect(() => buildPlist(new Date(8.64e15), 'xml')).toThrow(/cannot hold/);
    expect(parse(buildPlist('a\u0001', 'binary'))).toBe('a\u0001');
  });

  test('more than 256 and more than 65536 objects', () => {
    for (const count of [300, 70_000]) {
      const numbers = Array.from({ length: count }, (_, i) => i);
      expect(parse(buildPlist(numbers, 'binary'))).toEqual(numbers);
    }
  });

  test('the plist library reads the XML', () => {
    expect(library.parse(buildPlist(newDict([['a', [1, 'x&<']]]), 'xml').toString())).toEqual({
      a: [1, 'x&<'],
    });
  });
});

const plistutil = (() => {
  try {
    execFileSync('plistutil', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.error('skipped: plistutil (Debian: libplist-utils) is not installed');
    return false;
  }
})();

describe.skipIf(!plistutil)('plistutil agrees', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plist-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const convert = (bytes: Buffer, format: 'xml' | 'bin'): Buffer => {
    writeFileSync(join(folder, 'in'), bytes);
    execFileSync('plistutil', ['-i', join(folder, 'in'), '-f', format, '-o', join(folder, 'out')]);
    return readFileSync(join(folder, 'out'));
  };

  test('with what we write and with what it writes', () => {
    const sample = newDict([
      ['string', 'ü😀 <&>'],
      ['array', [1, -1, 255, 65536, 2 ** 40, 2n ** 63n - 1n, 0.5, true, false]],
      ['data', Buffer.from('bytes')],
      ['date', new Date('2024-05-06T07:08:09Z')],
      ['dict', newDict([['empty', newDict()]])],
      ['long', 'x'.repeat(300)],
    ]);
    for (const from of ['xml', 'binary'] as const)
      for (const to of ['xml', 'bin'] as const)
        expect(plistEquals(parse(convert(buildPlist(sample, from), to)), sample)).toBe(true);
  });
});

describe('a key that is there twice in one dict', () => {
  const twice = xml(
    '<dict><key>a</key><false/><key>b</key><dict><key>c</key><true/><key>c</key><false/></dict></dict>',
  );
  /** One dict with two keys, which are the same object, and two values. */
  const binary = Buffer.concat([
    Buffer.from('bplist00'),
    Buffer.from([0xd2, 1, 1, 2, 3, 0x51, 0x61, 0x08, 0x09]),
    Buffer.from([8, 13, 15, 16]),
    Buffer.from([0, 0, 0, 0, 0, 0, 1, 1, ...[4, 0, 17].flatMap((value) => [0, 0, 0, 0, 0, 0, 0, value])]),
  ]);

  test('in XML: the last one counts, as for Core Foundation', () => {
    expect(parse(twice)).toEqual(newDict(Object.entries({ a: false, b: newDict([['c', false]]) })));
  });

  test('in XML that grants rights: it is refused, at every depth', () => {
    const options = { name: 'entitlements', uniqueKeys: true };
    expect(() => parsePlist(twice, options)).toThrow(/The key "c" is there twice/);
    expect(() => parsePlist(xml('<dict><key></key><true/><key/><true/></dict>'), options)).toThrow(/twice/);
    expect(
      parsePlist(
        xml('<array><dict><key>a</key><true/></dict><dict><key>a</key><true/></dict></array>'),
        options,
      ),
    ).toHaveLength(2);
  });

  test('in a binary file: it is refused, because Core Foundation takes the first one there', () => {
    expect(refused(binary)).toMatch(/^PLIST_INVALID: A dict has one key twice/);
  });
});
