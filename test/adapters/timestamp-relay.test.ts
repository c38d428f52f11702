import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connectSsh } from '../../src/adapters/guest/ssh/client.ts';
import { openTimestampRelay, type RelayOptions } from '../../src/adapters/timestamp/relay.ts';
import { opensshMissing, opensshServer } from '../helpers/openssh-server.ts';
import { sshServer, type TestServer } from '../helpers/ssh-server.ts';

const QUERY = 'application/timestamp-query';
const REPLY = 'application/timestamp-reply';
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A time-stamp authority that answers as it is told; it keeps what it was asked. */
async function authority(listener: RequestListener = stamp) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { asked, host: `127.0.0.1:${port}`, url: new URL(`http://127.0.0.1:${port}/ts01?a=1`) };
}

const stamp: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(200, { 'content-type': REPLY }).end(`stamp of ${Buffer.concat(chunks)}`);
  });
};

type Ssh = () => Promise<TestServer>;
const ownServer: Ssh = () => sshServer(() => {});

async function relayTo(url: URL, changes: Partial<RelayOptions> = {}, ssh: Ssh = ownServer) {
  const { address, privateKey, close } = await ssh();
  cleanups.push(close);
  const credentials = { privateKey };
  const session = await connectSsh({ address, credentials, signal: never, readyTimeoutMs: 10_000 });
  cleanups.push(() => session.close());
  const troubles: string[] = [];
  const relay = await openTimestampRelay(session, {
    ...{ authority: url, signal: never, onTrouble: (reason: string) => troubles.push(reason), ...changes },
  });
  cleanups.push(() => relay.close());
  return { relay, session, troubles, url: relay.url, port: Number(new URL(relay.url).port) };
}

/** As a program in the guest asks; with a body that is never read the connection may be cut behind the answer. */
function post(url: string, body: string | Buffer = 'query', type = QUERY, method = 'POST') {
  return new Promise<{ status: number; type: string; text: string }>((resolve, reject) => {
    const headers = { 'content-type': type, 'x-guest': 'secret' };
    const call = httpRequest(url, { method, headers, agent: false }, async (answer) => {
      answer.on('error', () => {});
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      await once(answer, 'end').catch(() => {});
      resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', text });
    });
    call.on('error', reject).end(body);
  });
}

function raw(port: number, text = ''): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  cleanups.push(() => socket.destroy());
  socket.write(text);
  return socket;
}

const head = (lines = '') => `POST /ts01?a=1 HTTP/1.1\r\nhost: x\r\ncontent-type: ${QUERY}\r\n${lines}`;
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => (socket.destroyed ? resolve() : socket.resume().once('close', () => resolve())));

const kinds: Readonly<Record<string, Ssh>> = {
  'our own SSH server': ownServer,
  ...(opensshMissing === undefined && { OpenSSH: () => opensshServer() }),
};
if (opensshMissing !== undefined) test.skip(`OpenSSH is not tried: ${opensshMissing}`);

describe.each(Object.entries(kinds))('through %s', (_, ssh) => {
  test('a query reaches the authority under its own name, and its stamp comes back', async () => {
    const { asked, host, url } = await authority();
    const relayed = await relayTo(url, {}, ssh);
    expect(await post(relayed.url)).toEqual({ status: 200, type: REPLY, text: 'stamp of query' });
    expect(asked).toMatchObject([
      { method: 'POST', url: '/ts01?a=1', headers: { host, 'content-type': QUERY } },
    ]);
    expect(asked[0]?.headers).not.toHaveProperty('x-guest');
    expect(relayed.troubles).toEqual([]);
  });

  test('hundreds of queries, eight at a time, each with its own answer', async () => {
    const { url } = await authority();
    const relayed = await relayTo(url, {}, ssh);
    const numbers = Array.from({ length: 200 }, (_each, index) => index);
    const worker = async () => {
      for (let next = numbers.pop(); next !== undefined; next = numbers.pop())
        expect((await post(relayed.url, `query ${next}`)).text).toBe(`stamp of query ${next}`);
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  });

  test('of a flood of connections that say nothing few are held, and they end', async () => {
    const { url, asked } = await authority();
    const { port, url: own } = await relayTo(url, { connectionTimeoutMs: 300 }, ssh);
    await Promise.all(Array.from({ length: 50 }, () => closed(raw(port, 'POST /ts01'))));
    expect(asked).toEqual([]);
    // on a busy host the short life of a connection may end before its answer
    await vi.waitFor(async () => expect((await post(own)).status).toBe(200), 30_000);
  });
});

describe('what is no query of this authority is answered and goes nowhere', () => {
  test.each<[string, number, (url: string) => ReturnType<typeof post>]>([
    ['another path', 404, (url) => post(url.replace('/ts01', '/admin'))],
    ['the path without its query', 404, (url) => post(url.replace('?a=1', ''))],
    ['a path that leads back to it', 404, (url) => rawStatus(url, '/x/../ts01?a=1')],
    ['a whole address, as a proxy is asked', 404, (url) => rawStatus(url, 'http://10.0.0.1/ts01?a=1')],
    ['GET', 405, (url) => post(url, '', QUERY, 'GET')],
    ['PUT', 405, (url) => post(url, 'query', QUERY, 'PUT')],
    ['another type', 415, (url) => post(url, 'query', 'text/plain')],
    ['a large query', 413, (url) => post(url, Buffer.alloc(65 * 1024))],
    ['a large query whose size is not told', 413, (url) => chunked(url, 70)],
  ])('%s: %i', async (_, status, ask) => {
    const { asked, url } = await authority();
    const relayed = await relayTo(url);
    expect(await ask(relayed.url)).toMatchObject({ status });
    expect(asked).toEqual([]);
    expect(await post(relayed.url)).toMatchObject({ status: 200 });
  });

  test.each([
    ['no HTTP at all', '\x00\x01\x02 hello\r\n\r\n'],
    ['CONNECT', 'CONNECT 10.0.0.1:443 HTTP/1.1\r\nhost: 10.0.0.1\r\n\r\n'],
    ['an upgrade', `${head('connection: upgrade\r\nupgrade: websocket\r\n')}\r\n`],
    ['headers without end', `${head()}x: ${'y'.repeat(64 * 1024)}`],
    ['two lengths', `${head('content-length: 5\r\ncontent-length: 6\r\n')}\r\nquery`],
    ['a length and chunks', `${head('content-length: 5\r\ntransfer-encoding: chunked\r\n')}\r\nquery`],
  ])('%s: the connection ends', async (_, text) => {
    const { asked, url } = await authority();
    const relayed = await relayTo(url);
    await closed(raw(relayed.port, text));
    expect(asked).toEqual([]);
    expect(await post(relayed.url)).toMatchObject({ status: 200 });
  });
});

/** A path that no client would send. */
async function rawStatus(url: string, path: string) {
  const socket = raw(
    Number(new URL(url).port),
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${QUERY}\r\ncontent-length: 5\r\n\r\nquery`,
  );
  const [data] = (await once(socket, 'data')) as [Buffer];
  return { status: Number(data.toString().split(' ')[1]), type: '', text: '' };
}

async function chunked(url: string, kib: number) {
  const socket = raw(Number(new URL(url).port), `${head('transfer-encoding: chunked\r\n')}\r\n`);
  for (let count = 0; count < kib; count += 1) socket.write(`400\r\n${'x'.repeat(1024)}\r\n`);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return { status: Number(data.toString().split(' ')[1]), type: '', text: '' };
}

describe('an authority that gives no stamp', () => {
  test.each<[string, RequestListener, RegExp]>([
    ['an error', (_, response) => void response.writeHead(503).end('busy'), /answered 503/],
    [
      'a redirect, which is not followed',
      (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /answered 302/,
    ],
    [
      'a page',
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      /no time-stamp reply/,
    ],
    [
      'an answer without end',
      (_, response) => {
        response.writeHead(200, { 'content-type': REPLY });
        const more = () => void (response.destroyed || response.write(Buffer.alloc(64 * 1024), more));
        more();
      },
      /more than 1048576 bytes/,
    ],
    ['a broken connection', (request) => request.socket.destroy(), /failed with UND_ERR_SOCKET/],
  ])('%s: 502, and the reason is told', async (_, listener, reason) => {
    const { url } = await authority(listener);
    const relayed = await relayTo(url);
    expect(await post(relayed.url)).toMatchObject({ status: 502, text: expect.stringMatching(reason) });
    expect(relayed.troubles).toEqual([expect.stringMatching(reason)]);
  });

  test('nobody there', async () => {
    const relayed = await relayTo(new URL('http://127.0.0.1:9/ts01?a=1'));
    expect(await post(relayed.url)).toMatchObject({ status: 502 });
    expect(relayed.troubles).toEqual(['the connection to it failed with ECONNREFUSED']);
  });

  test('no answer in time', async () => {
    const { url } = await authority(() => {});
    const relayed = await relayTo(url, { answerTimeoutMs: 50 });
    expect(await post(relayed.url)).toMatchObject({ status: 504 });
    expect(relayed.troubles).toEqual([expect.stringContaining('in time')]);
  });
});

test('a query that is abandoned is abandoned at the authority as well', async () => {
  const { url, asked } = await authority(() => {});
  const relayed = await relayTo(url);
  const socket = raw(relayed.port, `${head('content-length: 5\r\n')}\r\nquery`);
  await vi.waitFor(() => expect(asked).toHaveLength(1), 10_000);
  const gone = once(asked[0]?.socket as Socket, 'close');
  socket.destroy();
  await gone;
  expect(relayed.troubles).toEqual([]);
});

test('when signing has ended, what is under way ends, too, and the port is gone', async () => {
  const { url, asked } = await authority(() => {});
  const { relay, port } = await relayTo(url);
  const socket = raw(port, `${head('content-length: 5\r\n')}\r\nquery`);
  await vi.waitFor(() => expect(asked).toHaveLength(1), 10_000);
  const gone = once(asked[0]?.socket as Socket, 'close');
  relay.close();
  await Promise.all([gone, closed(socket)]);
});

test('user and password of the address go to the authority and not into the guest', async () => {
  const { url, asked } = await authority();
  url.username = 'me';
  url.password = 'a:b%20c';
  const relayed = await relayTo(url);
  expect(relayed.url).not.toMatch(/me|a:b/);
  expect(await post(relayed.url)).toMatchObject({ status: 200 });
  const basic = `Basic ${Buffer.from('me:a:b c').toString('base64')}`;
  expect(asked[0]?.headers.authorization).toBe(basic);
});
