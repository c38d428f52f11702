import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { askApple } from '../../src/adapters/apple/apple-http.ts';
import { readDeveloperLog } from '../../src/adapters/notary/developer-log.ts';

const { signal } = new AbortController();

async function answered(json: string): Promise<string> {
  const server = createServer((_, response) => response.end(json)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  try {
    const call = {
      what: 'The question',
      service: 'Apple',
      method: 'GET',
      url,
      signal,
      maxBytes: 2 ** 21,
    } as const;
    return typeof (await askApple(call)).json;
  } catch (error) {
    const { code, failure } = error as { code: string; failure: { reason: string } };
    return `${code}: ${failure.reason}`;
  } finally {
    server.close();
  }
}

test('an answer of very many values is refused before it is read', async () => {
  expect(await answered(`[${'{},'.repeat(100_000)}{}]`)).toBe('object');
  expect(await answered(`[${'[],'.repeat(300_000)}[]]`)).toBe(
    'APPLE_ANSWER_INVALID: In the answer of Apple there are more than 500000 values.',
  );
});

test('texts of a log are cut before they are cleaned', () => {
  const hostile = `\u001b${';#'.repeat(2_000_000)}`;
  const { issues } = readDeveloperLog({ issues: [{ severity: 'error', path: 'a', message: hostile }] });
  expect(issues).toHaveLength(1);
  expect(issues[0]?.length).toBeLessThan(1_000);
});
