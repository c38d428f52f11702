import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runAlarmCommand } from '../../src/adapters/alarm/command.ts';
import type { NoticeMessage } from '../../src/adapters/alarm/notice.ts';
import { postToWebhook } from '../../src/adapters/alarm/webhook.ts';
import { messageOf } from '../../src/alarms/message.ts';
import { ShipError } from '../../src/errors.ts';

const message: NoticeMessage = messageOf(
  {
    ...{ event: 'raised', alarm: 'disk-low', sinceMs: 0, atMs: 60_000, isRepeated: false, subjects: [] },
    said: { summary: 'A disk is full.', reason: 'It has 1 GB free.', nextStep: 'Free space.' },
  },
  'mac-1',
);
const never = new AbortController().signal;
const failureOf = async (sent: Promise<void>) => {
  const error = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ShipError)) throw error ?? new Error('it was taken');
  expect(error.code).toBe('ALARM_NOT_DELIVERED');
  return error.message;
};

test('a notice says what, since when and what to do, also in one text', () => {
  expect(message).toMatchObject({
    ...{ v: 1, event: 'raised', alarm: 'disk-low', worker: 'mac-1', since: '1970-01-01T00:00:00.000Z' },
    text: 'ALARM disk-low on mac-1: A disk is full. It has 1 GB free. Free space. Since 1970-01-01T00:00:00.000Z.',
  });
});

describe('a command', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perry-alarm-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('gets the notice on its standard input, its arguments as they are, and none of our settings', async () => {
    const path = join(folder, 'heard');
    process.env.PERRY_HUB_WORKER_SECRET = 'hunter2';
    try {
      const script = 'cat > "$1"; env >> "$1"; printf "%s" "$2" >> "$1"';
      await runAlarmCommand(['/bin/sh', '-c', script, 'sh', path, '$(id) "two words"'], message, never);
    } finally {
      delete process.env.PERRY_HUB_WORKER_SECRET;
    }
    const heard = await readFile(path, 'utf8');
    expect(JSON.parse(heard.split('\n')[0] ?? '')).toEqual(message);
    expect(heard).toMatch(/\$\(id\) "two words"$/);
    expect(heard).not.toMatch(/hunter2|PERRY_/);
  });

  test('that need not read its input has taken it all the same', async () => {
    await runAlarmCommand(['true'], message, never);
  });

  test('that is missing', async () => {
    expect(await failureOf(runAlarmCommand(['/nowhere/notify'], message, never))).toMatch(
      /The command "notify" .*could not be started/,
    );
  });

  test('that may not be executed', async () => {
    const path = join(folder, 'plain');
    await writeFile(path, 'text');
    await chmod(path, 0o600);
    expect(await failureOf(runAlarmCommand([path], message, never))).toMatch(/could not be started/);
  });

  test('that fails, with what it said last', async () => {
    const script = 'echo first >&2; printf "no\\033[2J such\\007 channel\\n" >&2; exit 1';
    expect(await failureOf(runAlarmCommand(['/bin/sh', '-c', script], message, never))).toContain(
      'ended with exit code 1 and said: no such channel',
    );
  });

  test('that is killed', async () => {
    const script = 'kill -TERM $$';
    expect(await failureOf(runAlarmCommand(['/bin/sh', '-c', script], message, never))).toMatch(/by SIGTERM/);
  });

  test('that hangs is killed with all that it has started', async () => {
    const path = join(folder, 'pid');
    const script = `sleep 1000 & echo $! > "${path}"; echo started; wait`;
    const said = await failureOf(runAlarmCommand(['/bin/sh', '-c', script], message, never, 300));
    expect(said).toMatch(/has not ended after 0.3 s, and was killed/);
    const pid = Number(await readFile(path, 'utf8'));
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  test('that leaves something behind has taken it when it ends itself', async () => {
    const path = join(folder, 'left');
    const script = `sleep 1000 & echo $! > "${path}"`;
    await runAlarmCommand(['/bin/sh', '-c', script], message, never);
    process.kill(Number(await readFile(path, 'utf8')), 'SIGKILL');
  });

  test('that writes megabytes costs no memory, and its last words are cut', async () => {
    const before = process.memoryUsage().rss;
    const script = 'head -c 200000000 /dev/zero; head -c 200000000 /dev/zero | tr "\\0" x >&2; exit 3';
    const said = await failureOf(runAlarmCommand(['/bin/sh', '-c', script], message, never));
    expect(said.length).toBeLessThan(1_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
  });

  test('is stopped with the daemon', async () => {
    const stopping = new AbortController();
    const sent = runAlarmCommand(['sleep', '1000'], message, stopping.signal);
    stopping.abort(new Error('stopping'));
    await expect(sent).rejects.toThrow('stopping');
  });
});

/** A process that has ended and that nobody has waited for yet still has its number. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (status === undefined) return process.platform !== 'linux' && canSignal(pid);
  return !/\) [ZX] /.test(status);
}

function canSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a webhook', () => {
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  const listen = async (answer: RequestListener) => {
    server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new URL(`http://127.0.0.1:${port}/hooks/hunter2?token=hunter2`);
  };
  const bodyOf = async (request: IncomingMessage) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    return body;
  };

  test('gets the notice as JSON', async () => {
    let heard: unknown;
    const url = await listen(async (request, response) => {
      heard = [
        request.method,
        request.url,
        request.headers['content-type'],
        JSON.parse(await bodyOf(request)),
      ];
      response.writeHead(204).end();
    });
    await postToWebhook(url, message, never);
    expect(heard).toEqual(['POST', '/hooks/hunter2?token=hunter2', 'application/json', message]);
  });

  test.each([200, 201, 204])('that answers %i has taken it', async (status) => {
    await postToWebhook(
      await listen((_, response) => void response.writeHead(status).end('x')),
      message,
      never,
    );
  });

  test.each([400, 401, 404, 429, 500, 503])('that answers %i has not', async (status) => {
    const url = await listen((_, response) => void response.writeHead(status).end('secret page'));
    const said = await failureOf(postToWebhook(url, message, never));
    expect(said).toContain(`It answered with status ${status}.`);
    expect(said).not.toMatch(/hunter2|secret page/);
  });

  test.each([301, 302, 307, 308])('that redirects with %i is not followed', async (status) => {
    const asked: unknown[] = [];
    const url = await listen((request, response) => {
      asked.push(request.url);
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    expect(await failureOf(postToWebhook(url, message, never))).toMatch(/redirects \(\d+\), and that is not/);
    expect(asked).toHaveLength(1);
  });

  test('that refuses connections', async () => {
    const url = await listen(() => {});
    server?.close();
    await once(server as Server, 'close');
    const said = await failureOf(postToWebhook(url, message, never));
    expect(said).toMatch(/could not be reached \(ECONNREFUSED\)/);
    expect(said).not.toContain('hunter2');
  });

  test('that hangs, before its answer or in the middle of it', async () => {
    const silent = await listen(() => {});
    expect(await failureOf(postToWebhook(silent, message, never, 200))).toMatch(
      /has not answered within 0.2 s/,
    );
    server?.closeAllConnections();
    const endless = await listen((_, response) => void response.writeHead(200).write('x'));
    // the status is all that counts
    await postToWebhook(endless, message, never, 5_000);
  });

  test('that answers with no HTTP, or breaks off', async () => {
    const url = await listen((request) => void request.socket.destroy());
    expect(await failureOf(postToWebhook(url, message, never))).toMatch(/could not be reached/);
    const odd = await listen((request) => void request.socket.end('SSH-2.0-OpenSSH\r\n'));
    expect(await failureOf(postToWebhook(odd, message, never))).toMatch(/could not be reached/);
  });

  test('is stopped with the daemon', async () => {
    const stopping = new AbortController();
    const sent = postToWebhook(
      await listen(() => stopping.abort(new Error('stopping'))),
      message,
      stopping.signal,
    );
    await expect(sent).rejects.toThrow('stopping');
  });
});
