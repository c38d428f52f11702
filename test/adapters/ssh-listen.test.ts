import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { GuestListenOptions } from '../../src/adapters/guest/guest.ts';
import { connectSsh } from '../../src/adapters/guest/ssh/client.ts';
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

const ended = (socket: Socket): Promise<unknown> =>
  socket.destroyed ? Promise.resolve() : once(socket, 'close');

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
      const [first] = await Promise.race([once(socket, 'data'), once(socket.resume(), 'close')]);
      expect(String(first)).toBe('here');
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
