import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Base64Encoder } from '../../src/adapters/hub/base64-body.ts';
import { decodeBundleText } from '../../src/adapters/hub/bundle-text.ts';
import { inPieces } from '../helpers/archives.ts';

const decode = (text: string | Buffer, pieceBytes = 7, maxBytes?: number): Promise<Buffer> => {
  const source = inPieces(Buffer.from(text), pieceBytes);
  return buffer(decodeBundleText(source, maxBytes));
};

const encode = (bytes: Buffer, pieceBytes: number): Promise<Buffer> =>
  buffer(Readable.from(inPieces(bytes, pieceBytes)).pipe(new Base64Encoder()));

test('decodes what Node encodes, however it is cut', async () => {
  const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 50 }), async (original, pieceBytes) => {
      expect(await decode(original.toString('base64'), pieceBytes)).toEqual(original);
    }),
  );
});

test.each([16 * 1024, 48 * 1024, 65_536, 700_001, 3_000_000])(
  'a large text in pieces of %i bytes',
  async (piece) => {
    const original = randomBytes(2_000_001);
    expect((await decode(original.toString('base64'), piece)).equals(original)).toBe(true);
    expect((await encode(original, piece)).toString()).toBe(original.toString('base64'));
  },
);

test('white space around and line breaks inside are ignored', async () => {
  const original = randomBytes(1000);
  const lines = original.toString('base64').replace(/.{76}/g, '$&\r\n');
  expect(await decode(` \n${lines}\t\n\n`, 11)).toEqual(original);
  expect(await decode('QQ=\n=\n')).toEqual(Buffer.from('A'));
});

test('never hands on more than a block at once', async () => {
  const sizes: number[] = [];
  const text = Buffer.from(randomBytes(1_000_000).toString('base64'));
  for await (const block of decodeBundleText(inPieces(text, text.length))) sizes.push(block.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024);
});

describe('corrupt text', () => {
  const long = randomBytes(90_000).toString('base64');
  const at = (position: number, character: string) =>
    long.slice(0, position) + character + long.slice(position + 1);
  const cases: [what: string, text: string | Buffer, reason: RegExp][] = [
    ['a character of the URL alphabet', at(70_001, '-'), /byte 70001/],
    ['the other character of the URL alphabet', at(70_002, '_'), /byte 70002/],
    ['a character of no alphabet', at(99_999, '!'), /byte 99999/],
    ['a NUL', at(5, '\0'), /byte 5,/],
    [
      'a byte beyond ASCII',
      Buffer.concat([Buffer.from('QUJD'), Buffer.from([0xe9]), Buffer.from('QUI')]),
      /byte 4,/,
    ],
    ['12 stray bytes in front', `${'\0'.repeat(12)}${long}`, /byte 0,/],
    ['a byte order mark', `\ufeff${long}`, /byte 0,/],
    ['one character lost', long.slice(1), /middle of a group/],
    ['one character left of a group', 'QUJDR', /middle of a group/],
    ['no padding', 'QQ', /middle of a group/],
    ['half a padding', 'QQ=', /middle of a group/],
    ['padding without text', '==', /middle of a group/],
    ['padding of three', 'Q===', /padding/],
    ['padding that is not needed', 'QUJD=', /middle of a group/],
    ['padding in the middle', 'QQ==QUJD', /padding/],
    ['padding inside a group', 'QQ=A', /padding/],
    ['text behind padding and white space', 'QQ==\n\nQ', /padding/],
    ['bits that belong to no byte', 'QR==', /bits/],
    ['an HTML page', '<html>', /byte 0,/],
    ['a JSON answer', '{"error":1}', /byte 0,/],
    ['a percent sign at the end', `${long}%`, /byte 120000/],
  ];
  test.each(cases)('%s', async (_what, text, reason) => {
    for (const pieceBytes of [1, 3, 65_536]) {
      if (pieceBytes < 10 && text.length > 1000) continue;
      await expect(decode(text, pieceBytes)).rejects.toMatchObject({
        code: 'BUNDLE_BASE64_CORRUPT',
        failure: { reason: expect.stringMatching(reason) },
      });
    }
  });
});

test('any single wrong character is found', async () => {
  const text = randomBytes(300).toString('base64');
  const wrong = fc
    .integer({ min: 0, max: 255 })
    .filter((byte) => !/[A-Za-z0-9+/\s]/.test(String.fromCharCode(byte)));
  await fc.assert(
    fc.asyncProperty(
      wrong,
      fc.nat(text.length - 2),
      fc.integer({ min: 1, max: 99 }),
      async (byte, at, piece) => {
        const bytes = Buffer.from(text);
        bytes[at] = byte;
        await expect(decode(bytes, piece)).rejects.toMatchObject({ code: 'BUNDLE_BASE64_CORRUPT' });
      },
    ),
  );
});

test('more than the cap is refused, the cap itself is not', async () => {
  const text = Buffer.alloc(100_000).toString('base64');
  expect((await decode(text, 4096, 100_000)).length).toBe(100_000);
  await expect(decode(text, 4096, 99_999)).rejects.toMatchObject({ code: 'BUNDLE_TOO_LARGE' });
});

test('an error of the source comes out unchanged', async () => {
  const lost = new Error('connection reset');
  async function* broken() {
    yield Buffer.from('QUJD');
    throw lost;
  }
  await expect(buffer(decodeBundleText(broken()))).rejects.toBe(lost);
});
