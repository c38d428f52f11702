import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Connection } from 'ssh2';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { GuestListenOptions } from '../../src/adapters/guest/guest.ts';
import { connectSsh } from '../../src/adapters/guest/ssh/client.ts';
import { fingerprintOfKey, makeSshKeyPair } from '../../src/adapters/guest/ssh/keys.ts';
import { opensshMissing, opensshServer } from '../helpers/openssh-server.ts';
import { sshServer, type TestServer } from '../helpers/ssh-server.ts';

const never = new AbortController().signal;
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

const servers: Readonly<Record<string, () => Promise<TestServer>>> = {
  'our own SSH server': () => sshServer(() => {}),
  ...(opensshMissing === undefined && { OpenSSH: () => opensshServer() }),
};
if (opensshMissing !== undefined) test.skip(`OpenSSH is not tried: ${opensshMissing}`);

async function session(server: TestServer) {
  const { address, privateKey } = server;
  cleanups.push(() => server.close());
  const opened = await connectSsh({
    ...{ address, credentials: { privateKey }, signal: never, readyTimeoutMs: 10_000 },
  });
  cleanups.push(() => void opened.close());
  return opened;
}

const echo = (connection: Duplex): void => void connection.on('error', () => {}).pipe(connection);

/** The loopback of these guests is that of this machine. */
function client(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  cleanups.push(() => socket.destroy());
  return socket;
}

async function answerTo(port: number, text: string): Promise<string> {
  const socket = client(port);
  socket.write(text);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}

const takes = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = client(port).once('close', () => resolve(false));
    socket.once('connect', () => resolve(true));
  });

const ended = (socket: Socket): Promise<void> =>
  new Promise((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())));

const options = (changes: Partial<GuestListenOptions> = {}): GuestListenOptions => ({
  ...{ signal: never, maxConnections: 4, onConnection: echo, ...changes },
});

describe.each(Object.entries(servers))('a port of a guest with %s', (_, start) => {
  test('leads to us, until it is closed', async () => {
    const guest = await session(await start());
    const listening = await guest.listen(options());
    expect(await answerTo(listening.port, 'one')).toBe('one');
    const open = client(listening.port);
    open.write('two');
    await once(open, 'data');
    listening.close();
    await ended(open.resume());
    await vi.waitFor(async () => expect(await takes(listening.port)).toBe(false), 10_000);
  });

  test('two ports lead to two listeners', async () => {
    const guest = await session(await start());
    const answering = (text: string) =>
      options({ onConnection: (connection) => void connection.write(text) });
    const [one, two] = [await guest.listen(answering('one')), await guest.listen(answering('two'))];
    expect(await answerTo(two.port, '')).toBe('two');
    expect(await answerTo(one.port, '')).toBe('one');
    one.close();
    expect(await answerTo(two.port, '')).toBe('two');
  });

  test('more connections than are allowed are refused, and fewer are taken again later', async () => {
    const guest = await session(await start());
    const taken: Duplex[] = [];
    const onConnection = (connection: Duplex) => {
      taken.push(connection);
      connection
        .resume()
        .once('end', () => connection.end())
        .write('here');
    };
    const { port } = await guest.listen(options({ maxConnections: 2, onConnection }));
    const held = [client(port), client(port)];
    await Promise.all(held.map((socket) => once(socket, 'data')));
    await Promise.all(Array.from({ length: 20 }, () => ended(client(port).resume())));
    expect(taken).toHaveLength(2);
    for (const socket of held) socket.destroy();
    await vi.waitFor(async () => {
      const socket = client(port);
      const first = await Promise.race([once(socket, 'data').then(String), ended(socket)]);
      expect(first).toBe('here');
    }, 10_000);
  });

  test('the end of the session ends the connections and frees the port', async () => {
    const guest = await session(await start());
    const { port } = await guest.listen(options());
    const open = client(port);
    open.write('x');
    await once(open, 'data');
    await guest.close();
    await ended(open);
    await vi.waitFor(async () => expect(await takes(port)).toBe(false), 10_000);
    await expect(guest.listen(options())).rejects.toMatchObject({ code: 'GUEST_LOST' });
  });

  test('a listener that throws costs its own connection', async () => {
    const guest = await session(await start());
    const onConnection = () => {
      throw new Error('a fault of ours');
    };
    const listening = await guest.listen(options({ onConnection }));
    const socket = client(listening.port);
    await once(socket, 'connect');
    listening.close();
    await ended(socket.resume());
    expect(await answerTo((await guest.listen(options())).port, 'still')).toBe('still');
  });
});

describe.skipIf(opensshMissing !== undefined)('a golden image that forwards nothing', () => {
  test.each(['AllowTcpForwarding no', 'AllowTcpForwarding local', 'DisableForwarding yes'])(
    '"%s": the error names the setting',
    async (setting) => {
      const guest = await session(await opensshServer(setting));
      await expect(guest.listen(options())).rejects.toMatchObject({
        code: 'GUEST_FORWARD_REFUSED',
        failure: { nextStep: expect.stringContaining('AllowTcpForwarding remote') },
      });
    },
  );

  test('"AllowTcpForwarding remote" is enough', async () => {
    const guest = await session(await opensshServer('AllowTcpForwarding remote'));
    const { port } = await guest.listen(options());
    expect(await answerTo(port, 'hello')).toBe('hello');
  });
});

test('aborted, it asks for nothing', async () => {
  const guest = await session(await sshServer(() => {}));
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(guest.listen(options({ signal }))).rejects.toThrow('enough');
});

/** A server in whose hands the other side is: it offers connections as it likes. */
async function hostileServer(onForward: (connection: Connection, port: number) => void): Promise<TestServer> {
  const [hostKey, own] = [makeSshKeyPair(), makeSshKeyPair()];
  const server = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (connection) => {
    connection.on('error', () => {}).on('authentication', (context) => context.accept());
    connection.on('request', (accept, _reject, name) => {
      if (name !== 'tcpip-forward') return void accept?.();
      accept?.(4711);
      onForward(connection, 4711);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const hostKeyFingerprint = fingerprintOfKey(hostKey.publicKey);
  return {
    address: {
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      user: 'x',
      hostKeyFingerprint,
    },
    privateKey: own.privateKey,
    close: () => void server.close(),
  };
}

/** How an offered connection was met. */
const offer = (connection: Connection, host: string, port: number): Promise<'taken' | 'refused'> =>
  new Promise((resolve) =>
    connection.forwardOut(host, port, '127.0.0.1', 1, (error) => resolve(error ? 'refused' : 'taken')),
  );

describe('a guest that offers connections as it likes', () => {
  test('gets in by the one port that it was asked for, and not by it after that', async () => {
    const met: Promise<string[]>[] = [];
    const places: [string, number][] = [
      ['127.0.0.1', 22],
      ['0.0.0.0', 4711],
      ['127.0.0.1', 0],
      ['127.0.0.1', 4711],
    ];
    let guest: Connection | undefined;
    const ours = await session(
      await hostileServer((connection) => {
        guest = connection;
      }),
    );
    const listening = await ours.listen(options());
    for (const [host, port] of places) met.push(offer(guest as Connection, host, port).then((how) => [how]));
    expect((await Promise.all(met)).flat()).toEqual(['refused', 'refused', 'refused', 'taken']);
    listening.close();
    expect(await offer(guest as Connection, '127.0.0.1', 4711)).toBe('refused');
  });

  test('and never closes them: it holds as many as are allowed', async () => {
    let guest: Connection | undefined;
    const ours = await session(
      await hostileServer((connection) => {
        guest = connection;
      }),
    );
    const ending = (connection: Duplex) => void connection.destroy();
    await ours.listen(options({ maxConnections: 3, onConnection: ending }));
    const deaf = (guest as unknown as { _protocol: { channelClose(id: number): void } })._protocol;
    deaf.channelClose = () => {};
    const met = Array.from({ length: 30 }, () => offer(guest as Connection, '127.0.0.1', 4711));
    expect((await Promise.all(met)).filter((how) => how === 'taken')).toHaveLength(3);
  });

  test.each([0, 65_536, 4_294_967_295])('and names port %i: it is no port', async (named) => {
    const { address, ...rest } = await hostileServer(() => {});
    const server = await session({ address, ...rest });
    const { forwardIn } = ssh2.Client.prototype;
    const spied = vi.spyOn(ssh2.Client.prototype, 'forwardIn').mockImplementation(function (
      this: ssh2.Client,
      host,
      port,
      callback,
    ) {
      return forwardIn.call(this, host, port, (error) => callback?.(error, named));
    });
    await expect(server.listen(options())).rejects.toMatchObject({ code: 'GUEST_FORWARD_REFUSED' });
    spied.mockRestore();
  });
});
