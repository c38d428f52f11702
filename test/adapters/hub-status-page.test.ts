import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { readQueueLength, statusPageUrl } from '../../src/adapters/hub/status-page.ts';
import { signJob, withHub } from '../helpers/hub.ts';

const now = () => AbortSignal.timeout(20_000);

test.each([
  ['wss://hub.perryts.com/ws', undefined, 'https://hub.perryts.com/api/v1/status'],
  ['wss://hub.example:8443/ws', undefined, 'https://hub.example:8443/api/v1/status'],
  ['ws://127.0.0.1:3457', undefined, 'http://127.0.0.1:3456/api/v1/status'],
  ['ws://hub.local/ws', undefined, 'http://hub.local/api/v1/status'],
  ['wss://hub.example/ws', 'https://api.example:444/base', 'https://api.example:444/api/v1/status'],
  ['wss://hub.example:3457/ws', 'https://hub.example:3457', 'https://hub.example:3457/api/v1/status'],
])('the status page of %s (HTTP at %s) is %s', (hubUrl, httpBaseUrl, page) => {
  expect(statusPageUrl({ hubUrl, ...(httpBaseUrl && { httpBaseUrl }) }).href).toBe(page);
});

test('the hub says how many jobs wait', () =>
  withHub({}, async (hub) => {
    const origin = { hubUrl: hub.webSocketUrl, httpBaseUrl: hub.httpUrl };
    expect(await readQueueLength(origin, now())).toBe(0);
    await hub.submitJob(signJob());
    await hub.submitJob(signJob());
    expect(await readQueueLength(origin, now())).toBe(2);
  }));

test.each([
  [200, 'a page'],
  [200, '{"queue_length":"3"}'],
  [200, '{"queue_length":1.5}'],
  [200, '[]'],
  [200, `{"queue_length":3,"pad":"${'x'.repeat(400_000)}"}`],
  [404, '{"queue_length":3}'],
  [302, '{"queue_length":3}'],
])('an answer that does not say it is none: %i %s', async (status, body) => {
  const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const httpBaseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await readQueueLength({ hubUrl: 'ws://127.0.0.1/ws', httpBaseUrl }, now())).toBe(null);
  server.close();
});
