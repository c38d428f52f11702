import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { openConnection } from '../../src/adapters/http/connection.ts';
import { UploadBody } from '../../src/adapters/hub/upload-body.ts';
import { controllerCertificate } from '../orchard-emulator/certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'perry-upload-body-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SERVER_NAME = 'hub';
const tls = controllerCertificate(SERVER_NAME);
const PIECE_BYTES = 192 * 1024;

/** Sends that much to a server that answers when it has it all. */
async function send(scheme: 'http' | 'https', sizeBytes: number) {
  const path = join(folder, `${scheme}-${sizeBytes}`);
  writeFileSync(path, randomBytes(sizeBytes));
  const file = await open(path);
  const seen: number[] = [];
  const unusable = (reason: string) => new Error(reason);
  const onProgress = (sentBytes: number) => void seen.push(sentBytes);
  const body = new UploadBody({ file, sizeBytes, released: undefined, onProgress, unusable });
  let received = '';
  const handler: RequestListener = (request, response) =>
    void text(request).then((whole) => {
      received = whole;
      response.end('{}');
    });
  const server = scheme === 'https' ? createServer(tls, handler) : createPlainServer(handler);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const connection = await openConnection({
    ...{ signal: new AbortController().signal, onFlushed: body.flushed },
    tls: { ca: tls.cert, serverName: SERVER_NAME },
  });
  try {
    const url = new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const headers = { 'content-length': String(4 * Math.ceil(sizeBytes / 3)) };
    const answer = await connection.request(url, { method: 'POST', headers, body: body.text });
    const isWhole = body.isWhole;
    await answer.body.dump();
    return { isWhole, seen, receivedBytes: Buffer.from(received, 'base64').length };
  } finally {
    await connection.close();
    await body.fed;
    await file.close();
    await new Promise((closed) => server.close(closed));
  }
}

// whatever the last piece is like: one byte more than full ones, or less than a socket would wait for
const SIZES = [1, 2, 3, PIECE_BYTES, PIECE_BYTES + 1, 40 * PIECE_BYTES + 1, 40 * PIECE_BYTES - 1];

describe.each(['http', 'https'] as const)('over %s', (scheme) => {
  test.each(SIZES)(
    'the end of %i bytes is seen to leave before the answer to them comes',
    async (sizeBytes) => {
      const { isWhole, seen, receivedBytes } = await send(scheme, sizeBytes);
      expect([isWhole, seen.at(-1), receivedBytes]).toEqual([true, sizeBytes, sizeBytes]);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(seen.filter((sentBytes) => sentBytes === sizeBytes)).toHaveLength(1);
    },
  );
});
