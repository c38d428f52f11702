import { once } from 'node:events';
import { connect } from 'node:net';
import { type Duplex, Readable, Writable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { connectSsh } from '../../src/adapters/guest/ssh/client.ts';
import { fingerprintOfKey, makeSshKeyPair } from '../../src/adapters/guest/ssh/keys.ts';
import { rawServer, sshServer, type TestServer } from '../helpers/ssh-server.ts';

const never = new AbortController().signal;
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function server(...args: Parameters<typeof sshServer>): Promise<TestServer> {
  const started = await sshServer(...args);
  cleanups.push(() => started.close());
  return started;
}

async function session(...args: Parameters<typeof sshServer>) {
  const { address, privateKey } = await server(...args);
  const opened = await connectSsh({
    address,
    credentials: { privateKey },
    signal: never,
    readyTimeoutMs: 5_000,
  });
  cleanups.push(() => void opened.close());
  return opened;
}

const raw = async (onConnection: Parameters<typeof rawServer>[0]) => {
  const started = await rawServer(onConnection);
  cleanups.push(started.close);
  return started;
};

describe('connecting', () => {
  test('another host key than the pinned one ends the attempt before any credential is sent', async () => {
    const { address, privateKey } = await server(() => {});
    const pinned = fingerprintOfKey(makeSshKeyPair().publicKey);
    const attempt = connectSsh({
      address: { ...address, hostKeyFingerprint: pinned },
      credentials: { privateKey },
      signal: never,
      readyTimeoutMs: 5_000,
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'GUEST_HOST_KEY_MISMATCH',
      failure: { reason: `It presented ${address.hostKeyFingerprint}, pinned is ${pinned}.` },
    });
  });

  test.each([
    ['another key', () => ({ privateKey: makeSshKeyPair().privateKey })],
    ['a password', () => ({ password: 'secret' })],
    ['a broken key', () => ({ privateKey: 'no key at all' })],
  ])('%s is refused, without a trace of it in the error', async (_, credentials) => {
    const { address } = await server(() => {});
    const attempt = connectSsh({ address, credentials: credentials(), signal: never, readyTimeoutMs: 5_000 });
    await expect(attempt).rejects.toMatchObject({ code: 'GUEST_AUTH_REFUSED' });
    await expect(attempt).rejects.not.toThrow(/secret|no key at all/);
  });

  test('another user is refused', async () => {
    const { address, privateKey } = await server(() => {});
    const options = { credentials: { privateKey }, signal: never, readyTimeoutMs: 5_000 };
    const attempt = connectSsh({ address: { ...address, user: 'root' }, ...options });
    await expect(attempt).rejects.toMatchObject({ code: 'GUEST_AUTH_REFUSED' });
  });

  test.each([
    ['hangs up', (socket: import('node:net').Socket) => void socket.end()],
    ['resets', (socket: import('node:net').Socket) => void socket.resetAndDestroy()],
    [
      'talks nonsense',
      (socket: import('node:net').Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ],
    [
      'sends bytes without end',
      (socket: import('node:net').Socket) => void Readable.from(flood()).pipe(socket),
    ],
  ])('a server that %s is unreachable, to be tried again', async (_, onConnection) => {
    const { address } = await raw(onConnection);
    const attempt = connectSsh({
      address,
      credentials: { password: 'x' },
      signal: never,
      readyTimeoutMs: 5_000,
    });
    await expect(attempt).rejects.toMatchObject({ code: 'GUEST_UNREACHABLE', failure: { retryable: true } });
  });

  test('a server that is silent is given up after the time', async () => {
    const { address } = await raw(() => {});
    const attempt = connectSsh({
      address,
      credentials: { password: 'x' },
      signal: never,
      readyTimeoutMs: 100,
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'GUEST_UNREACHABLE',
      failure: { reason: 'The handshake did not finish in time.' },
    });
  });

  test('nobody at the port is unreachable', async () => {
    const { address, server: closing, close } = await rawServer(() => {});
    close();
    await once(closing, 'close');
    const attempt = connectSsh({
      address,
      credentials: { password: 'x' },
      signal: never,
      readyTimeoutMs: 5_000,
    });
    await expect(attempt).rejects.toMatchObject({
      failure: { reason: 'The connection failed with ECONNREFUSED.' },
    });
  });

  test('aborting rejects with its reason and closes the socket', async () => {
    const { promise: connected, resolve } = withResolvers<import('node:net').Socket>();
    const { address } = await raw(resolve);
    const abort = new AbortController();
    const attempt = connectSsh({
      address,
      credentials: { password: 'x' },
      signal: abort.signal,
      readyTimeoutMs: 0,
    });
    const gone = connected.then((socket) => once(socket, 'close'));
    connected.then(() => abort.abort(new Error('enough')));
    await expect(attempt).rejects.toThrow('enough');
    await gone;
  });
});

describe('commands', () => {
  test('status, both outputs and the lines of stderr come back', async () => {
    const guest = await session((exec) => {
      exec.stdout.write(`you said ${exec.command}`);
      exec.stderr.write('one\ntw');
      exec.stderr.write('o\nthree', () => exec.exit({ code: 42 }));
    });
    const lines: string[] = [];
    const result = await guest.exec('hello', { onStderrLine: (line) => lines.push(line) });
    expect(result).toEqual({ exitCode: 42, stdout: 'you said hello', stderr: 'one\ntwo\nthree' });
    expect(lines).toEqual(['one', 'two', 'three']);
  });

  test('a command that was killed has no exit code', async () => {
    const guest = await session((exec) => exec.exit({ signal: 'SIGKILL' }));
    expect(await guest.exec('x')).toMatchObject({ exitCode: null });
  });

  test('a channel that closes without a status is a lost guest, not a success', async () => {
    const guest = await session((exec) => void (exec.stdin as Duplex).end());
    await expect(guest.exec('x')).rejects.toMatchObject({ code: 'GUEST_LOST' });
  });

  test('output beyond the limits is let go: the first of stdout, the last of stderr', async () => {
    const guest = await session((exec) => {
      exec.stdout.write(Buffer.alloc(3 << 20, 'o'));
      exec.stderr.write(Buffer.alloc(1 << 20, 'e'));
      exec.stderr.write('END', () => exec.exit({ code: 0 }));
    });
    const { stdout, stderr } = await guest.exec('x');
    expect(stdout).toHaveLength(1 << 20);
    expect(stderr).toHaveLength(64 << 10);
    expect(stderr.endsWith('eEND')).toBe(true);
  });

  test('a slow sink holds the guest back', async () => {
    let written = 0;
    const { promise: stuck, resolve: isStuck } = withResolvers<void>();
    const guest = await session((exec) => {
      const write = (): void => {
        for (let open = true; open; written += 1 << 16) {
          open = exec.stdout.write(Buffer.alloc(1 << 16));
          if (written > 64 << 20) {
            exec.exit({ code: 0 });
            return;
          }
        }
        isStuck();
        exec.stdout.once('drain', write);
      };
      write();
    });
    const { promise: opened, resolve: open } = withResolvers<void>();
    const sink = new Writable({ write: (_chunk, _encoding, callback) => void opened.then(() => callback()) });
    const running = guest.exec('flood', { stdout: sink });
    await stuck;
    expect(written).toBeLessThan(16 << 20);
    open();
    expect(await running).toMatchObject({ exitCode: 0 });
    expect(written).toBeGreaterThan(64 << 20);
  });

  test('a broken sink or source ends the command with its own error', async () => {
    const closed: true[] = [];
    const guest = await session(
      (exec) => void exec.stdin.resume(),
      () => void closed.push(true),
    );
    const broken = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error('disk full')) });
    broken.write('x');
    await expect(guest.exec('x', { stdout: broken })).rejects.toThrow('disk full');
    const source = Readable.from(
      (function* () {
        yield 'some';
        throw new Error('source broke');
      })(),
    );
    await expect(guest.exec('x', { stdin: source })).rejects.toThrow('source broke');
    await guest.close();
    await expect.poll(() => closed.length).toBe(2);
  });

  test('a command that ends without reading its input lets go of the source', async () => {
    const guest = await session((exec) => exec.exit({ code: 0 }));
    const source = Readable.from(flood());
    expect(await guest.exec('x', { stdin: source })).toMatchObject({ exitCode: 0 });
    expect(source.destroyed).toBe(true);
  });

  test('aborting one command leaves the others alone', async () => {
    const closed: true[] = [];
    const guest = await session(
      (exec) => {
        exec.stdin.resume();
        if (exec.command === 'quick') exec.exit({ code: 0 });
      },
      () => void closed.push(true),
    );
    const abort = new AbortController();
    const hanging = guest.exec('hang', { signal: abort.signal });
    await guest.exec('quick');
    abort.abort(new Error('cancelled'));
    await expect(hanging).rejects.toThrow('cancelled');
    await expect(guest.exec('x', { signal: abort.signal })).rejects.toThrow('cancelled');
    await expect(guest.exec('quick')).resolves.toMatchObject({ exitCode: 0 });
    await expect.poll(() => closed.length).toBe(3);
  });

  test('a way that has just ended is a lost guest, also before its socket is destroyed', async () => {
    const { address, privateKey } = await server(() => {});
    const transport = connect(address.port, address.host);
    const guest = await connectSsh({
      ...{ address, credentials: { privateKey }, signal: never, readyTimeoutMs: 5_000, transport },
    });
    transport.end();
    expect(transport.destroyed).toBe(false);
    const port = guest.listen({ signal: never, maxConnections: 1, onConnection: () => {} });
    await expect(guest.exec('x')).rejects.toMatchObject({ code: 'GUEST_LOST' });
    await expect(port).rejects.toMatchObject({ code: 'GUEST_LOST' });
    await guest.close();
  });

  test('closing rejects what is under way and what comes after', async () => {
    const guest = await session(() => {});
    const hanging = guest.exec('hang');
    const rejected = expect(hanging).rejects.toMatchObject({ code: 'GUEST_LOST' });
    await guest.close();
    await rejected;
    await expect(guest.exec('x')).rejects.toMatchObject({ code: 'GUEST_LOST' });
    expect(await guest.closed).toBe('The connection was closed');
    await guest.close();
  });
});

test('key pairs are sound, though ssh2 makes one in 256 that is not', () => {
  for (let count = 0; count < 600; count += 1) {
    const { privateKey, publicKey } = makeSshKeyPair();
    expect(fingerprintOfKey(privateKey)).toBe(fingerprintOfKey(publicKey));
  }
});

function* flood() {
  for (;;) yield Buffer.alloc(1 << 16, 'x');
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((take) => {
    resolve = take;
  });
  return { promise, resolve };
}
