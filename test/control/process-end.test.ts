import { EventEmitter } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { spawnLongLived } from '../../src/adapters/process/long-lived.ts';
import { untilEnd } from '../../src/cli/process-end.ts';
import { createRedactor } from '../../src/domain/redaction/index.ts';
import { startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { settingsFor, WORKER_SECRET } from '../helpers/daemon.ts';
import { holdSigning } from '../helpers/held-rcodesign.ts';
import { startCli } from '../integration/cli.ts';
import { makeMaterials } from '../integration/materials.ts';

/** A daemon of which only its end can be seen, and a process that only hears. */
function stage() {
  const { promise, resolve, reject } = settle();
  const wishes: string[] = [];
  const lines: string[] = [];
  const exits: number[] = [];
  const host = Object.assign(new EventEmitter(), { exit: (code: number) => void exits.push(code) });
  const logger = createLogger({
    ...{ level: 'info', forTerminal: false, redactor: createRedactor() },
    write: (line) => void lines.push(line),
  });
  const supervisor = { send: ({ type }: { type: string }) => void wishes.push(type) };
  const daemon = { supervisor, finished: promise, services: { logger } } as never;
  return { ended: untilEnd(daemon, host), finish: resolve, fail: reject, host, wishes, lines, exits };
}

function settle() {
  let resolve = (): void => {};
  let reject = (_: unknown): void => {};
  const promise = new Promise<void>((onDone, onError) => {
    resolve = onDone;
    reject = onError;
  });
  return { promise, resolve: () => resolve(), reject: (error: unknown) => reject(error) };
}

const guest = () =>
  spawnLongLived(process.execPath, ['-e', 'process.stdin.resume()'], { env: {}, stopGraceMs: 100 });

describe('the end of the process', () => {
  test('first signal drains, second cancels, third leaves and takes the guests along', async () => {
    const { ended, finish, host, wishes, exits } = stage();
    const machine = guest();
    host.emit('SIGHUP', 'SIGHUP');
    expect(wishes).toEqual([]);
    host.emit('SIGTERM', 'SIGTERM');
    expect(wishes).toEqual(['drain.requested']);
    host.emit('SIGINT', 'SIGINT');
    expect(wishes).toEqual(['drain.requested', 'shutdown.requested']);
    expect(exits).toEqual([]);
    host.emit('SIGTERM', 'SIGTERM');
    expect(exits).toEqual([143]);
    expect(await machine.exited).toEqual({ exitCode: null, signal: 'SIGKILL' });
    finish();
    expect(await ended).toBe(0);
    expect(host.eventNames()).toEqual([]);
  });

  test.each(['uncaughtException', 'unhandledRejection'])(
    '%s is logged, cancels, and ends with 70',
    async (kind) => {
      const { ended, finish, host, wishes, lines } = stage();
      host.emit(kind, new Error('planted'));
      expect(wishes).toEqual(['drain.requested', 'shutdown.requested']);
      expect(lines.join('')).toContain('planted');
      finish();
      expect(await ended).toBe(70);
    },
  );

  test('a supervisor that broke kills the guests at once and ends with 70', async () => {
    const { ended, fail, lines } = stage();
    const machine = guest();
    fail(new Error('planted'));
    expect(await ended).toBe(70);
    expect(await machine.exited).toEqual({ exitCode: null, signal: 'SIGKILL' });
    expect(lines.join('')).toMatch(/"killed":1.*the supervisor broke|the supervisor broke.*"killed":1/);
  });
});

test('an exception in the running program: the job goes back to the hub and the process ends with 70', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perry-uncaught-'));
  await Promise.all(['hub', 'tmp'].map((name) => mkdir(join(folder, name))));
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(folder, 'hub') });
  const materials = await makeMaterials(join(folder, 'materials'));
  const planted = join(folder, 'planted.mjs');
  await writeFile(planted, "process.on('SIGUSR2', () => { throw new Error('planted'); });");
  const env = { ...(await settingsFor(hub, folder)), TMPDIR: join(folder, 'tmp') };
  const signing = await holdSigning(join(folder, 'tools'));
  const jobId = await hub.submitJob(materials.macJob());
  const daemon = startCli({ ...env, NODE_OPTIONS: `--import ${planted}` }, 'run');
  try {
    await signing.begun;
    daemon.signal('SIGHUP');
    daemon.signal('SIGUSR2');
    await daemon.said(/an error that nobody caught/);
    expect(await daemon.ended).toBe(70);
    expect(hub.jobStatus(jobId)).toBe('queued');
  } finally {
    await signing.release();
    daemon.signal('SIGKILL');
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
