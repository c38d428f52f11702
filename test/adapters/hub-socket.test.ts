import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { openHubSocket } from '../../src/adapters/hub/socket.ts';
import { ShipError } from '../../src/errors.ts';
import { connectWorker, openTcpHandles, withHub } from '../helpers/hub.ts';

const open = (url: string, extra: Partial<Parameters<typeof openHubSocket>[0]> = {}) =>
  openHubSocket({
    url,
    signal: new AbortController().signal,
    handshakeTimeoutMs: 10_000,
    onMessage: () => {},
    onPong: () => {},
    onClose: () => {},
    onFault: () => {},
    ...extra,
  });

const failureOf = async (attempt: Promise<unknown>): Promise<ShipError> => {
  const error = await attempt.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ShipError);
  return error as ShipError;
};

const servers: Server[] = [];
const listen = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return (server.address() as AddressInfo).port;
};

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((closed) => server.close(closed))));
  expect(await openTcpHandles()).toEqual([]);
});

describe('a connection that does not come about says why', () => {
  test('refused', async () => {
    const port = await listen(createServer());
    await new Promise((closed) => servers.pop()?.close(closed));
    const { code, failure } = await failureOf(open(`ws://127.0.0.1:${port}/ws?token=abc`));
    expect(code).toBe('HUB_UNREACHABLE');
    expect(failure.reason).toContain('refused');
    expect(failure.summary).not.toContain('abc');
    expect(failure.retryable).toBe(true);
  });

  test('no such host', async () => {
    const { code, failure } = await failureOf(open('ws://hub.invalid/ws'));
    expect([code, failure.reason]).toEqual(['HUB_UNREACHABLE', expect.stringContaining('DNS')]);
  });

  test('no TLS at the other end', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end()));
    const { code, failure } = await failureOf(open(`wss://127.0.0.1:${port}/ws`));
    expect([code, failure.reason]).toEqual(['HUB_UNREACHABLE', expect.stringContaining('TLS')]);
  });

  test.each([
    [200, 'status 200'],
    [302, 'redirect'],
    [502, 'status 502'],
  ])('HTTP status %i', async (status, words) => {
    const answer = { location: 'http://127.0.0.1:9/' };
    const port = await listen(
      createHttpServer((_request, response) => response.writeHead(status, answer).end()),
    );
    const { code, failure } = await failureOf(open(`ws://127.0.0.1:${port}/ws`));
    expect([code, failure.reason]).toEqual(['HUB_UNREACHABLE', expect.stringContaining(words)]);
  });

  test('a server that takes the connection and says nothing, or never comes to an end', async () => {
    const silent = createServer((socket) => void socket.on('error', () => {}).resume());
    const { failure } = await failureOf(
      open(`ws://127.0.0.1:${await listen(silent)}`, { handshakeTimeoutMs: 50 }),
    );
    expect(failure.reason).toContain('within 0.05 s');
    const dripping = createServer((socket) => {
      socket.on('error', () => {}).resume();
      const drip = () =>
        socket.write('x', (error) => (error || socket.bytesWritten > 8_000 ? undefined : setImmediate(drip)));
      socket.write('HTTP/1.1 101 Switching Protocols\r\nx-drip: ', drip);
    });
    const drip = failureOf(open(`ws://127.0.0.1:${await listen(dripping)}`, { handshakeTimeoutMs: 50 }));
    expect((await drip).failure.reason).toContain('within 0.05 s');
  });

  test('given up by its signal, with the reason of the signal', async () => {
    const port = await listen(createServer((socket) => void socket.on('error', () => {}).resume()));
    const abort = new AbortController();
    const attempt = open(`ws://127.0.0.1:${port}`, { signal: abort.signal });
    const reason = new Error('shutdown');
    abort.abort(reason);
    await expect(attempt).rejects.toBe(reason);
    await expect(open('ws://127.0.0.1:1', { signal: abort.signal })).rejects.toBe(reason);
  });

  test.each(['https://hub.example.net', 'hub.example.net', 'ws://user:pw@hub.example.net'])(
    'an address that is none: %s',
    async (url) => {
      const error = await failureOf(open(url));
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.message).not.toContain('pw@');
    },
  );
});

describe('an open connection', () => {
  test('carries hello; silence is the answer; pings come back', async () => {
    await withHub({ workerSecret: 's3cr3t' }, async (hub) => {
      const worker = await connectWorker(hub, { secret: 's3cr3t', maxConcurrent: 2 });
      await hub.until(() => hub.workers()[0]);
      expect(hub.workers()).toMatchObject([{ name: 'mac-rack-07', active: 0, max: 2 }]);
      const before = worker.socket.lastFrameAtMs;
      worker.socket.ping('are you there');
      await worker.until(() => worker.pongs[0]);
      expect(worker.pongs).toEqual(['are you there']);
      expect(worker.socket.lastFrameAtMs).toBeGreaterThanOrEqual(before);
      expect(worker.heard).toEqual([]);
      worker.socket.close();
      expect(await worker.ended()).toEqual({
        code: 1000,
        reason: 'The connection was closed with code 1000.',
        clean: true,
      });
      await hub.until(() => hub.workers().length === 0 || undefined);
      await expect(
        worker.say({ type: 'stage', jobId: 'J', stage: 'signing', message: 'm' }),
      ).rejects.toMatchObject({
        code: 'HUB_CONNECTION_LOST',
      });
      worker.socket.ping();
      expect(hub.violations).toEqual([]);
    });
  });

  test('a bad secret is told, then the hub hangs up', async () => {
    await withHub({ workerSecret: 's3cr3t' }, async (hub) => {
      const worker = await connectWorker(hub, { secret: 'wrong' });
      expect(await worker.ended()).toMatchObject({ code: 1005, clean: true });
      expect(worker.heard).toEqual([{ type: 'authFailed' }]);
      expect(hub.workers()).toEqual([]);
    });
  });

  test('every way of ending is told once', async () => {
    await withHub({}, async (hub) => {
      const cleanly = await connectWorker(hub);
      hub.dropAllSockets({ cleanly: true });
      expect(await cleanly.ended()).toEqual({
        code: 1005,
        reason: 'The connection was closed without a code.',
        clean: true,
      });
      const rudely = await connectWorker(hub);
      hub.dropAllSockets();
      expect(await rudely.ended()).toEqual({
        code: 1006,
        reason: 'The connection ended without a farewell.',
        clean: false,
      });
      const abort = new AbortController();
      const aborted = await connectWorker(hub, { signal: abort.signal });
      abort.abort();
      expect(await aborted.ended()).toMatchObject({ code: 1006, clean: false });
      const ours = await connectWorker(hub);
      ours.socket.close();
      ours.socket.terminate();
      ours.socket.terminate();
      await ours.ended();
      await openTcpHandles();
      for (const worker of [cleanly, rudely, aborted, ours]) expect(worker.ends).toHaveLength(1);
    });
  });

  test('a hub that froze answers no ping, keeps the ghost, and is left by terminate()', async () => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub);
      await hub.until(() => hub.workers()[0]);
      hub.freezeSockets();
      worker.socket.ping('anybody');
      await connectWorker(hub, { name: 'second' });
      await hub.until(() => hub.workers()[1]);
      expect(worker.pongs).toEqual([]);
      worker.socket.close();
      worker.socket.terminate();
      expect((await worker.ended()).clean).toBe(false);
      expect(hub.workers().map(({ name }) => name)).toEqual(['mac-rack-07', 'second']);
    });
  });

  test('frames that are broken, binary or not JSON do no harm', async () => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub);
      await hub.until(() => hub.workers()[0]);
      for (const text of ['null', '{"type":', '{"type":"skip_distribute"}', '{"type":"update_perry"}'])
        hub.sendRaw(text);
      await worker.until(() => worker.heard[3]);
      expect(worker.heard.map((message) => message.type)).toEqual([
        'unknown',
        'unknown',
        'unknown',
        'updateRequested',
      ]);
    });
    const server = createHttpServer();
    new WebSocketServer({ server }).on('connection', (socket) => {
      socket.send(Buffer.from('{"type":"update_perry"}'), { binary: true });
      socket.close(4000, 'so long\n');
    });
    const heard: string[] = [];
    const url = `ws://127.0.0.1:${await listen(server)}`;
    const end = await new Promise((onClose) => {
      const signal = new AbortController().signal;
      const onMessage = (frame: Buffer) => void heard.push(frame.toString());
      void open(url, { signal, onMessage, onClose });
    });
    expect(end).toMatchObject({
      code: 4000,
      reason: 'The connection was closed with code 4000 and said "so long".',
    });
    expect(heard).toEqual([]);
  });

  test('a message that breaks the protocol ends the connection, in words', async () => {
    const server = createHttpServer();
    const wss = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) =>
      wss.handleUpgrade(request, socket, head, () => socket.write(Buffer.from([0xff, 0xff]))),
    );
    const url = `ws://127.0.0.1:${await listen(server)}`;
    const end = await new Promise((onClose) => {
      const signal = new AbortController().signal;
      void open(url, { signal, onClose });
    });
    expect(end).toMatchObject({ clean: false, reason: 'The hub broke the rules of the WebSocket protocol.' });
  });
});
