import { once } from 'node:events';
import { request as ask, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createFeed, type FeedOptions, type Viewer } from '../../src/web/feed.ts';
import { json, type Route, text, type WebAnswer } from '../../src/web/route.ts';
import { startWebServer, type WebLimits, type WebServer } from '../../src/web/server.ts';

let server: WebServer | undefined;
const faults: unknown[] = [];
const changes: unknown[] = [];
let answerLater: ((answer: WebAnswer) => void) | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
  faults.length = 0;
  changes.length = 0;
  answerLater = undefined;
});

const routes: readonly Route[] = [
  { path: '/plain', get: () => text(200, 'hello\n') },
  { path: '/jobs/:id', get: ({ params, query }) => json({ ...params, only: query.get('only') }) },
  {
    path: '/jobs/:id/cancel',
    post: ({ params, body }) => {
      changes.push([params, body]);
      return json({ ok: true });
    },
  },
  { path: '/both', get: () => text(200, 'read'), post: () => text(200, 'changed') },
  {
    path: '/broken',
    get: () => {
      throw new Error('planted, with a secret');
    },
  },
  { path: '/rejects', get: () => Promise.reject(new Error('planted')) },
  { path: '/hangs', get: () => new Promise(() => {}) },
  {
    path: '/later',
    get: () =>
      new Promise((resolve) => {
        answerLater = resolve;
      }),
  },
];

async function start(more: { limits?: Partial<WebLimits>; feed?: FeedOptions } = {}): Promise<number> {
  server = await startWebServer({
    port: 0,
    routes,
    ...(more.feed && { feeds: [createFeed(more.feed)] }),
    ...(more.limits && { limits: more.limits }),
    onFault: (error) => faults.push(error),
  });
  return server.port;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly said: string;
}

interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

const asked = (port: number, { method = 'GET', path = '/', headers = {}, body }: Question) =>
  new Promise<Answer>((resolve, reject) => {
    const request = ask({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          headers: response.headers,
          said: Buffer.concat(parts).toString(),
        }),
      );
    });
    request.on('error', reject).end(body);
  });

describe('what is asked for', () => {
  test('a path is found by its parts, with names decoded', async () => {
    const port = await start();
    expect(await asked(port, { path: '/plain' })).toMatchObject({ status: 200, said: 'hello\n' });
    const named = await asked(port, { path: '/jobs/a%2Fb%20c?only=failed' });
    expect(JSON.parse(named.said)).toEqual({ id: 'a/b c', only: 'failed' });
    expect(named.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  test.each([
    '/',
    '/Plain',
    '/plain/',
    '//plain',
    '/jobs/',
    '/jobs/%zz',
    '/jobs/a/b',
    '/../plain',
    '/%2e%2e/plain',
  ])('nothing is at %s', async (path) => {
    const port = await start();
    expect(await asked(port, { path })).toMatchObject({ status: 404, said: 'Nothing is here.\n' });
  });

  test.each([
    ['LOCALHOST', '/plain'],
    ['LocalHost.:80', '/plain'],
    ['[::1]', '/plain'],
    ['127.0.0.1', 'http://127.0.0.1:80/plain'],
    ['evil.example', 'HTTP://LOCALHOST/plain?x=http://evil.example/'],
  ])('sent to %s, %s is answered', async (host, path) => {
    const port = await start();
    expect(await asked(port, { path, headers: { host } })).toMatchObject({ status: 200, said: 'hello\n' });
  });

  test.each([
    ['evil.example', '/plain'],
    ['localhost.evil.example', '/plain'],
    ['localhost..', '/plain'],
    ['localhost:80:80', '/plain'],
    ['127.0.0.1@evil.example', '/plain'],
    ['127.0.0.1', 'http://evil.example/plain'],
    ['127.0.0.1', 'http://127.0.0.1@evil.example/plain'],
    ['127.0.0.1', 'http://evil.example'],
    ['127.0.0.1', 'http:///plain'],
  ])('sent to %s, %s is not', async (host, path) => {
    const port = await start();
    expect(await asked(port, { path, headers: { host } })).toMatchObject({ status: 421 });
  });

  test('HEAD says what GET would, without the body', async () => {
    const port = await start();
    const { status, headers, said } = await asked(port, { method: 'HEAD', path: '/plain' });
    expect({ status, length: headers['content-length'], said }).toEqual({
      status: 200,
      length: '6',
      said: '',
    });
  });

  test.each([
    ['DELETE', '/plain', 'GET, HEAD'],
    ['POST', '/plain', 'GET, HEAD'],
    ['OPTIONS', '/plain', 'GET, HEAD'],
    ['GET', '/jobs/1/cancel', 'POST'],
    ['PUT', '/both', 'GET, HEAD, POST'],
  ])('%s %s is refused, with what may be asked', async (method, path, allow) => {
    const port = await start();
    const { status, headers } = await asked(port, { method, path });
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow });
  });

  test('every answer forbids to be shown, kept, or taken for something else', async () => {
    const port = await start();
    for (const path of ['/plain', '/nowhere', '/broken']) {
      const { headers } = await asked(port, { path });
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('a handler that breaks is a 500 without its reason; the next request is answered', async () => {
    const port = await start();
    for (const path of ['/broken', '/rejects']) {
      const { status, said } = await asked(port, { path });
      expect(status).toBe(500);
      expect(said).not.toContain('planted');
    }
    expect(faults).toHaveLength(2);
    expect(await asked(port, { path: '/plain' })).toMatchObject({ status: 200 });
  });

  test('a handler that never answers is left behind', async () => {
    const port = await start({ limits: { answerMs: 20 } });
    expect(await asked(port, { path: '/hangs' })).toMatchObject({ status: 503 });
  });

  test('somebody who goes away before the answer is no fault', async () => {
    const port = await start();
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /hangs HTTP/1.1\r\nhost: localhost\r\n\r\n');
    socket.write('GET /plain HTTP/1.1\r\nhost: localhost\r\n\r\n');
    socket.destroy();
    await once(socket, 'close');
    expect(await asked(port, { path: '/plain' })).toMatchObject({ status: 200 });
    expect(faults).toEqual([]);
  });
});

describe('who may change something', () => {
  const ownHeaders = (port: number) => ({
    host: `127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    'sec-fetch-site': 'same-origin',
    'x-perry-ship': '1',
    'content-type': 'application/json',
  });
  const cancel = (port: number, headers: Record<string, string | undefined>, body?: string) =>
    asked(port, {
      method: 'POST',
      path: '/jobs/7/cancel',
      headers: Object.fromEntries(
        Object.entries(headers).filter(([, value]) => value !== undefined),
      ) as Record<string, string>,
      ...(body !== undefined && { body }),
    });

  test('our own page, with or without a body', async () => {
    const port = await start();
    expect(await cancel(port, ownHeaders(port), '{"sure":true}')).toMatchObject({ status: 200 });
    expect(await cancel(port, { ...ownHeaders(port), 'sec-fetch-site': undefined })).toMatchObject({
      status: 200,
    });
    expect(changes).toEqual([
      [{ id: '7' }, { sure: true }],
      [{ id: '7' }, undefined],
    ]);
  });

  test.each([
    ['another name for this machine', 421, { host: 'evil.example' }],
    ['another name with its own origin', 421, { host: 'evil.example', origin: 'http://evil.example' }],
    ['another site', 403, { origin: 'https://evil.example' }],
    ['the Stately viewer, which may watch', 403, { origin: 'https://stately.ai' }],
    ['another port of this machine', 403, { origin: 'http://127.0.0.1:1' }],
    ['a sandboxed page', 403, { origin: 'null' }],
    ['a program that sends no origin', 403, { origin: undefined }],
    ['a page of the same site that is not ours', 403, { 'sec-fetch-site': 'same-site' }],
    ['a form, which cannot send our header', 403, { 'x-perry-ship': undefined }],
    ['plain text', 415, { 'content-type': 'text/plain' }],
  ])('not %s', async (_who, status, changed) => {
    const port = await start();
    const answer = await cancel(port, { ...ownHeaders(port), ...changed }, '{}');
    expect(answer.status).toBe(status);
    expect(answer.said.length).toBeLessThan(100);
    expect(changes).toEqual([]);
  });

  test('a body that is no JSON, or too large, reaches nobody', async () => {
    const port = await start();
    expect(await cancel(port, ownHeaders(port), '{"sure":')).toMatchObject({ status: 400 });
    const large = await cancel(port, ownHeaders(port), JSON.stringify('x'.repeat(20_000)));
    expect(large.status).toBe(413);
    expect(changes).toEqual([]);
    expect(faults).toEqual([]);
  });
});

describe('limits', () => {
  test('headers that are too large are refused', async () => {
    const port = await start();
    const headers = { 'x-long': 'x'.repeat(20_000) };
    expect(await asked(port, { path: '/plain', headers })).toMatchObject({ status: 431 });
  });

  test('what is no HTTP is refused, and what is asked for slowly is cut off', async () => {
    const port = await start({ limits: { headersTimeout: 40, connectionsCheckingInterval: 20 } });
    for (const begun of ['\u0000\u0001\u0002\r\n\r\n', 'GET /plain HTTP/1.1\r\nhost: loc']) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.write(begun);
      socket.resume();
      await once(socket, 'close');
    }
    expect(await asked(port, { path: '/plain' })).toMatchObject({ status: 200 });
  });

  const MOST = 8;
  const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
  /** One after the other. @param begun - what each sends and then leaves standing */
  async function hold(port: number, count: number, begun: string): Promise<Socket[]> {
    const held: Socket[] = [];
    for (let each = 0; each < count; each += 1) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.resume().write(begun);
      await once(socket, 'connect');
      held.push(socket);
    }
    onTestFinished(() => {
      for (const socket of held) socket.destroy();
    });
    return held;
  }

  test.each([
    ['say nothing', ''],
    ['stop in their headers', 'GET /plain HTTP/1.1\r\nhost: loc'],
    ['had an answer', 'GET /plain HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['never send what they announced', 'POST /both HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n'],
    ['wait for an answer', 'GET /hangs HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  ])('strangers who hold all connections and %s keep nobody out', async (_what, begun) => {
    const port = await start({ limits: { maxConnections: MOST } });
    const held = await hold(port, MOST, begun);
    const oneGoes = Promise.race(held.map(closed));
    expect(await asked(port, { path: '/plain' })).toMatchObject({ status: 200 });
    await oneGoes;
  });

  test('whoever waits for an answer stays, and who watches a feed', async () => {
    const port = await start({ limits: { maxConnections: MOST }, feed: { path: '/live', joined: () => {} } });
    const viewer = new WebSocket(`ws://127.0.0.1:${port}/live`);
    await once(viewer, 'open');
    const waiting = asked(port, { path: '/later' });
    await vi.waitFor(() => expect(answerLater).toBeDefined());
    await hold(port, 3 * MOST, '');
    expect(await asked(port, { path: '/plain' })).toMatchObject({ status: 200 });
    answerLater?.(text(200, 'at last'));
    expect(await waiting).toMatchObject({ status: 200, said: 'at last' });
    expect(viewer.readyState).toBe(WebSocket.OPEN);
    viewer.terminate();
  });
});

const HANDSHAKE = [
  'GET /live HTTP/1.1',
  'host: localhost',
  'connection: upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

describe('a feed', () => {
  const opened = async (port: number, path: string, headers: Record<string, string> = {}) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    const heard: string[] = [];
    socket.on('message', (data) => heard.push(String(data)));
    await once(socket, 'open');
    return { socket, heard };
  };

  test('greets, hears, and knows who has left', async () => {
    const said: string[] = [];
    const viewers = new Set<Viewer>();
    const port = await start({
      feed: {
        path: '/live',
        joined: (viewer) => {
          viewers.add(viewer);
          viewer.send('welcome');
        },
        left: (viewer) => viewers.delete(viewer),
        heard: (_viewer, message) => said.push(message),
      },
    });
    const { socket, heard } = await opened(port, '/live?again=1');
    await expect.poll(() => heard).toEqual(['welcome']);
    socket.send('show job 7');
    await expect.poll(() => said).toEqual(['show job 7']);
    socket.terminate();
    await expect.poll(() => viewers.size).toBe(0);
  });

  test('a message too long ends that viewer alone, and a listener that breaks nobody', async () => {
    const port = await start({
      feed: {
        path: '/live',
        joined: () => {
          throw new Error('planted');
        },
        heard: () => {
          throw new Error('planted');
        },
      },
    });
    const [first, second] = [await opened(port, '/live'), await opened(port, '/live')];
    first.socket.on('error', () => {}).send('x'.repeat(2_000));
    await once(first.socket, 'close');
    second.socket.send('hello');
    await expect.poll(() => faults).toHaveLength(3);
    expect(second.socket.readyState).toBe(WebSocket.OPEN);
    second.socket.terminate();
    await once(second.socket, 'close');
  });

  test.each([
    ['from another site', '/live', { origin: 'https://evil.example' }],
    ['from the Stately viewer where it was not let in', '/live', { origin: 'https://stately.ai' }],
    ['under another name', '/live', { host: 'evil.example' }],
    ['where there is none', '/dead', {}],
  ])('is not opened %s', async (_who, path, headers) => {
    const port = await start({ feed: { path: '/live', joined: () => {} } });
    await expect(opened(port, path, headers)).rejects.toThrow(/Unexpected server response: 40[34]/);
  });

  test('has room for so many viewers; one more is told so, and floods of them at once', async () => {
    const port = await start({ feed: { path: '/live', joined: ({ send }) => send('welcome') } });
    const open = await Promise.all(Array.from({ length: 16 }, () => opened(port, '/live')));
    const { socket, heard } = await opened(port, '/live');
    const [code, reason] = await once(socket, 'close');
    expect([code, String(reason), heard]).toEqual([1013, 'There are 16 viewers.', []]);
    const deaf = await Promise.all(Array.from({ length: 16 }, () => deafViewer(port)));
    await expect(opened(port, '/live')).rejects.toThrow('Unexpected server response: 503');
    for (const each of deaf) each.destroy();
    for (const viewer of open) viewer.socket.terminate();
    await expect
      .poll(async () => {
        const late = await opened(port, '/live').catch(() => undefined);
        return late?.heard;
      })
      .toEqual(['welcome']);
  });

  /** One that reads nothing once it is let in, and so answers nothing. */
  async function deafViewer(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(HANDSHAKE);
    await once(socket, 'data');
    return socket.pause();
  }

  test('lets go of viewers that do not answer, and keeps those that do', async () => {
    let viewers = 0;
    const port = await start({
      feed: {
        path: '/live',
        joined: () => {
          viewers += 1;
        },
        left: () => {
          viewers -= 1;
        },
        watchLimits: { pingPause: 10, patience: 200 },
      },
    });
    const { socket } = await opened(port, '/live');
    let pings = 0;
    socket.on('ping', () => {
      pings += 1;
    });
    const deaf = await Promise.all(Array.from({ length: 15 }, () => deafViewer(port)));
    expect(viewers).toBe(16);
    await expect.poll(() => viewers, { timeout: 10_000 }).toBe(1);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect(pings).toBeGreaterThan(1);
    for (const each of deaf) each.destroy();
    socket.terminate();
    await expect.poll(() => viewers).toBe(0);
  });
});
