import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BASE64_INPUT_CHUNK_BYTES, Base64Encoder, base64Length } from '../../src/adapters/hub/base64-body.ts';

test('whatever the pieces are cut like, the text is that of the whole', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const whole = Buffer.concat(parts);
      const text = await buffer(
        Readable.from(parts.map((part) => Buffer.from(part))).pipe(new Base64Encoder()),
      );
      expect(text.toString('latin1')).toBe(whole.toString('base64'));
      expect(text.length).toBe(base64Length(whole.length));
    }),
  );
});

test('says how many bytes were encoded, and waits for a slow reader', async () => {
  let encodedBytes = 0;
  const encoder = new Base64Encoder((bytes) => {
    encodedBytes += bytes;
  });
  let takenBytes = 0;
  let largestLeadBytes = 0;
  const piece = Buffer.alloc(BASE64_INPUT_CHUNK_BYTES + 1, 7);
  await pipeline(Readable.from(Array(40).fill(piece)), encoder, async (text: AsyncIterable<Buffer>) => {
    for await (const part of text) {
      takenBytes += part.length;
      largestLeadBytes = Math.max(largestLeadBytes, base64Length(encodedBytes) - takenBytes);
    }
  });
  expect(encodedBytes).toBe(40 * piece.length);
  expect(takenBytes).toBe(base64Length(encodedBytes));
  expect(largestLeadBytes).toBeLessThan(6 * base64Length(piece.length));
});
