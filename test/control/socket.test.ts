import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { askDaemon, haveYield } from '../../src/control/client.ts';
import type { ControlReply, ControlRequest } from '../../src/control/protocol.ts';
import { type ControlServer, startControlServer } from '../../src/control/server.ts';
import { lockStateDir } from '../../src/control/state-lock.ts';
import type { DaemonStatus } from '../../src/observability/status.ts';

const status: DaemonStatus = {
  ...{ pid: 7, version: '1.0.0', worker: 'w', hub: 'ws://h/', driver: 'local', uptimeSeconds: 3 },
  ...{ link: 'online', connection: 'linked.online', nextTryInSeconds: null, work: 'accepting' },
  ...{
    slots: { used: 0, max: 2, waiting: 0, quarantined: 0, standby: 0 },
    runs: [],
    leaked: [],
    lastFailures: [],
    failingHosts: {},
    closedPorts: [],
    alarms: [],
    obstacles: [],
    pauseProblem: null,
    signatures: { lines: 2, sha256: 'ab'.repeat(32), problem: null },
    concluded: { succeeded: 4 },
  },
};

let stateDir: string;
let server: ControlServer | undefined;
let asked: ControlRequest[];
let faults: unknown[];
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-ctl-'));
  asked = [];
  faults = [];
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(stateDir, { recursive: true, force: true });
});

async function listen(dir = stateDir, reply?: (request: ControlRequest) => ControlReply, patienceMs = 5_000) {
  const answer = (request: ControlRequest): ControlReply => {
    asked.push(request);
    return reply?.(request) ?? { ok: true, status };
  };
  server = await startControlServer({
    stateDir: dir,
    answer,
    onFault: (error) => faults.push(error),
    onYielded,
    patienceMs,
  });
  return server;
}

const onYielded = vi.fn();

/** Says what it is told and hears until the other end hangs up. */
async function rawExchange(path: string, bytes: string | Buffer): Promise<string> {
  const socket = connect(path).on('error', () => {});
  socket.write(bytes);
  const heard: Buffer[] = [];
  socket.on('data', (chunk) => heard.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(heard).toString();
}

describe('the control socket', () => {
  test('can be opened by its owner only, and answers every kind of request', async () => {
    const { path } = await listen();
    expect(path).toBe(join(stateDir, 'control.sock'));
    const { mode } = await stat(path);
    expect(mode & 0o777).toBe(0o600);
    expect(await readdir(stateDir)).toEqual(['control.sock']);
    const requests: ControlRequest[] = [
      { request: 'status' },
      { request: 'drain' },
      { request: 'shutdown' },
      { request: 'cancel', jobId: 'j-1' },
    ];
    for (const request of requests) expect(await askDaemon(stateDir, request)).toEqual(status);
    expect(asked).toEqual(requests);
  });

  test('leaves nothing behind', async () => {
    await (await listen()).close();
    server = undefined;
    expect(await readdir(stateDir)).toEqual([]);
  });

  test('passes a refusal on as an error with its code and sentences', async () => {
    const failure = {
      code: 'JOB_UNKNOWN',
      summary: 'No job "x".',
      reason: 'None.',
      nextStep: 'Look.',
    } as const;
    await listen(stateDir, () => ({ ok: false, failure }));
    await expect(askDaemon(stateDir, { request: 'cancel', jobId: 'x' })).rejects.toMatchObject({
      code: 'JOB_UNKNOWN',
      message: 'No job "x". None. Look.',
    });
  });

  test.each([
    ['no JSON', 'hello\n'],
    ['an unknown request', '{"request":"format-disk"}\n'],
    ['a job that is no text', '{"request":"cancel","jobId":{"a":1}}\n'],
    ['a line that is too long', `{"request":"cancel","jobId":"${'x'.repeat(10_000)}"}\n`],
    ['megabytes without a line', Buffer.alloc(2 * 1024 * 1024, 'x')],
    ['bytes that are no text', Buffer.from([0xff, 0x00, 0xfe, 0x0a])],
  ])('refuses %s, and goes on', async (_, bytes) => {
    const { path } = await listen();
    expect(await rawExchange(path, bytes)).toMatch(/^(\{"ok":false,.*CONTROL_REQUEST_INVALID.*\}\n)?$/s);
    expect(asked).toEqual([]);
    expect(await askDaemon(stateDir, { request: 'status' })).toEqual(status);
  });

  test('hangs up on one that says nothing', async () => {
    const { path } = await listen(stateDir, undefined, 30);
    const silent = connect(path).resume();
    await once(silent, 'close');
    expect(asked).toEqual([]);
    expect(await askDaemon(stateDir, { request: 'status' })).toEqual(status);
  });

  test('survives an answer that breaks', async () => {
    await listen(stateDir, () => {
      throw new Error('planted');
    });
    await expect(askDaemon(stateDir, { request: 'status' })).rejects.toMatchObject({
      code: 'INTERNAL_ERROR',
    });
    expect(faults).toEqual([expect.objectContaining({ message: 'planted' })]);
  });

  test('replaces what a killed daemon left', async () => {
    await writeFile(join(stateDir, 'control.sock'), 'stale');
    await mkdir(join(stateDir, '.control-abcdef'));
    await listen();
    expect(await readdir(stateDir)).toEqual(['control.sock']);
    expect(await askDaemon(stateDir, { request: 'status' })).toEqual(status);
  });

  test('is told when the last one is gone for whom it was to take no jobs', async () => {
    onYielded.mockClear();
    await listen(stateDir, undefined, 50);
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [first, second].map(({ signal }) => haveYield(stateDir, signal).catch((error) => error));
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    first.abort('enough');
    expect(await waits[0]).toMatchObject({ name: 'AbortError' });
    // it stays open for longer than it may take to ask
    await rawExchange(join(stateDir, 'control.sock'), 'half a question');
    expect(onYielded).not.toHaveBeenCalled();
    second.abort('enough');
    await vi.waitFor(() => expect(onYielded).toHaveBeenCalledTimes(1));
    const third = haveYield(stateDir, new AbortController().signal);
    await vi.waitFor(() => expect(asked).toHaveLength(3));
    await server?.close();
    await third;
  });

  test('is not taken from one that answers, even without a lock', async () => {
    await listen();
    const answer = () => ({ ok: true, status }) as const;
    const another = startControlServer({ stateDir, answer, onFault: () => {}, onYielded });
    await expect(another).rejects.toMatchObject({ code: 'DAEMON_ALREADY_RUNNING' });
    expect(await askDaemon(stateDir, { request: 'status' })).toEqual(status);
  });

  test('lies elsewhere, as private, when the path is too long for a socket', async () => {
    const long = join(stateDir, 'x'.repeat(120));
    await mkdir(long, { mode: 0o700 });
    const { path, close } = await listen(long);
    expect(Buffer.byteLength(path)).toBeLessThan(104);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readFile(join(long, 'control.path'), 'utf8')).trim()).toBe(path);
    expect(await askDaemon(long, { request: 'status' })).toEqual(status);
    await close();
    server = undefined;
    expect(await readdir(long)).toEqual([]);
    await expect(stat(dirname(path))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a question to a daemon', () => {
  test('that does not run says how to start one', async () => {
    const asking = askDaemon(stateDir, { request: 'status' });
    await expect(asking).rejects.toMatchObject({ code: 'DAEMON_NOT_RUNNING' });
    await expect(asking).rejects.toThrow('perry-ship run');
  });

  test('that is still starting says so', async () => {
    const lock = await lockStateDir(stateDir);
    await expect(askDaemon(stateDir, { request: 'status' })).rejects.toThrow(/starting or ending/);
    await lock.release();
  });

  test.each([
    ['talks nonsense', 'nonsense\n'],
    ['has another version', '{"ok":true,"status":{}}\n'],
    ['hangs up', ''],
  ])('that %s ends in an error that says so', async (_, reply) => {
    const other = createServer((socket) => socket.on('error', () => {}).end(reply));
    other.listen(join(stateDir, 'control.sock'));
    await once(other, 'listening');
    await expect(askDaemon(stateDir, { request: 'status' })).rejects.toMatchObject({
      code: 'DAEMON_NOT_ANSWERING',
    });
    other.close();
  });

  test('that never answers ends with the signal', async () => {
    const other = createServer(() => {});
    other.listen(join(stateDir, 'control.sock'));
    await once(other, 'listening');
    const asking = askDaemon(stateDir, { request: 'status' }, AbortSignal.timeout(50));
    await expect(asking).rejects.toMatchObject({ code: 'DAEMON_NOT_ANSWERING' });
    other.close();
  });
});
