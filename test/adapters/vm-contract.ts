import { createHash, randomBytes } from 'node:crypto';
import { type Duplex, Readable, Writable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import type { GuestAddress, GuestSession } from '../../src/adapters/guest/guest.ts';
import { shellCommand } from '../../src/adapters/guest/ssh/quote.ts';
import type { VmDriver, VmExit } from '../../src/adapters/vm/driver.ts';
import { processesOf } from '../helpers/leak-check.ts';
import { freshName, INSTANCE, never, untilDead } from '../helpers/local-vm.ts';

/** What the contract needs of a host, whatever its machines are. */
export interface ContractHost {
  /** Below it lies everything that a machine has. */
  readonly folder: string;
  readonly driver: VmDriver;
  /** A restarted daemon, or another daemon. */
  driverOf(instance: string): VmDriver;
  /** The process that is the machine. */
  pidOf(name: string): Promise<number>;
  /** What is said of a machine whose process was killed; `SIGKILL` when left out. */
  readonly killed?: string;
  /** What runs in a guest is a process of this host, under the same number. */
  readonly sharesProcesses: boolean;
  remove(): Promise<void>;
}

interface Booted {
  readonly name: string;
  readonly life: Promise<VmExit>;
  readonly address: GuestAddress;
  readonly session: GuestSession;
}

const signal = never;
/** Only what hangs shall end by the clock: an emulated machine on a busy host boots for a minute. */
const patience = { timeout: 300_000, interval: 20 };

const nothingRuns = (host: ContractHost) =>
  vi.waitFor(() => expect(processesOf(host.folder)).toEqual([]), patience);

interface Scene {
  readonly host: ContractHost;
  readonly driver: VmDriver;
  start(): Promise<{ name: string; life: Promise<VmExit>; abort: AbortController }>;
  boot(): Promise<Booted>;
}

type MakeHost = () => Promise<ContractHost>;

/** A test on a host of its own, on which nothing is left afterwards. */
const on = (makeHost: MakeHost, run: (scene: Scene) => Promise<void>) => async () => {
  const host = await makeHost();
  const { driver } = host;
  const start = async () => {
    const name = freshName();
    await driver.clone('golden', name, { signal });
    const abort = new AbortController();
    const life = driver.run(name, { signal: abort.signal, onStarted: () => undefined });
    life.catch(() => undefined);
    return { name, life, abort };
  };
  const boot = async () => {
    const { name, life } = await start();
    const located = vi.waitFor(() => driver.locate(name, { signal }), patience);
    located.catch(() => undefined);
    const died = life.then(({ reason }) => Promise.reject(new Error(`it ended before: ${reason}`)));
    const address = await Promise.race([located, died]);
    const session = await vi.waitFor(() => driver.openGuest(address, { signal }), patience);
    return { name, life, address, session };
  };
  try {
    await run({ host, driver, start, boot });
  } finally {
    for (const name of await driver.list({ signal })) await driver.delete(name, { signal });
  }
  await nothingRuns(host);
  await host.remove();
};

/** The tests that every driver must pass. @param concurrent - whether this host can run a dozen of its machines */
export const vmContract = (kind: string, makeHost: MakeHost, { concurrent = true } = {}) =>
  describe(`the contract of a driver: ${kind}`, { concurrent }, () => {
    test(
      'clone, run, locate, connect, stop, delete',
      on(makeHost, async ({ host, driver, boot }) => {
        const { name, life, session } = await boot();
        expect(await driver.list({ signal })).toEqual([name]);
        expect(await session.exec('echo out; echo err >&2; exit 7')).toEqual({
          exitCode: 7,
          stdout: 'out\n',
          stderr: 'err\n',
        });
        await driver.stop(name, { signal });
        expect(await life).toMatchObject({ expected: true });
        expect(await session.closed).toMatch(/closed|failed/);
        await nothingRuns(host);
        await driver.stop(name, { signal });
        await driver.delete(name, { signal });
        await driver.delete(name, { signal });
        expect(await driver.list({ signal })).toEqual([]);
      }),
    );

    test(
      'two machines are two: each has its own files and its own end',
      on(makeHost, async ({ driver, boot }) => {
        const [one, two] = [await boot(), await boot()];
        expect((await driver.list({ signal })).toSorted()).toEqual([one.name, two.name].toSorted());
        await one.session.exec('echo one > mine');
        expect((await two.session.exec('cat mine')).exitCode).not.toBe(0);
        await driver.stop(one.name, { signal });
        expect((await two.session.exec('echo alive')).stdout).toBe('alive\n');
      }),
    );

    test(
      'what runs in a guest reaches us by a port that was opened for it, and not after it was closed',
      on(makeHost, async ({ driver, boot }) => {
        expect(await driver.reach({ signal })).toMatchObject({ network: expect.any(String) });
        const { session } = await boot();
        const onConnection = (connection: Duplex) => void connection.on('error', () => {}).pipe(connection);
        const listening = await session.listen({ signal, maxConnections: 2, onConnection });
        const talk = `exec 3<>/dev/tcp/127.0.0.1/${listening.port}; echo hello >&3; head -n 1 <&3`;
        const asked = () => session.exec(shellCommand(['bash', '-c', talk]));
        expect(await asked()).toMatchObject({ exitCode: 0, stdout: 'hello\n' });
        listening.close();
        await vi.waitFor(async () => expect((await asked()).stdout).toBe(''), patience);
      }),
    );

    test(
      'nothing of the daemon’s environment reaches the guest',
      on(makeHost, async ({ boot }) => {
        vi.stubEnv('PERRY_SECRET_OF_TEST', 'hunter2');
        const { session } = await boot();
        vi.unstubAllEnvs();
        expect((await session.exec('env')).stdout).not.toContain('hunter2');
      }),
    );

    test(
      'a machine that dies by itself is an unexpected end, and what ran in it is lost',
      on(makeHost, async ({ host, boot }) => {
        const { name, life, session } = await boot();
        const { firstLine, stdout } = lineSink();
        const lost = expect(session.exec('echo; exec sleep 1000', { stdout })).rejects.toMatchObject({
          code: 'GUEST_LOST',
        });
        await firstLine;
        process.kill(await host.pidOf(name), 'SIGKILL');
        expect(await life).toMatchObject({
          expected: false,
          reason: expect.stringContaining(host.killed ?? 'SIGKILL'),
        });
        await lost;
        await session.closed;
      }),
    );

    test(
      'another daemon’s machines are not seen and not touched',
      on(makeHost, async ({ host, boot }) => {
        const { name, session } = await boot();
        const other = host.driverOf('deadbeef');
        expect(await other.list({ signal })).toEqual([]);
        for (const foreign of [name, 'golden', '../golden', '']) {
          for (const call of [other.delete, other.stop, other.locate])
            await expect(call(foreign, { signal })).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
        }
        expect((await session.exec('echo alive')).stdout).toBe('alive\n');
      }),
    );

    test(
      'a restarted daemon finds the machines of the previous process, and destroys them',
      on(makeHost, async ({ host, driver, start, boot }) => {
        const { name, life } = await boot();
        const stopped = await start();
        // a guest that is still starting would end with the previous process, which lives on here
        await vi.waitFor(() => driver.locate(stopped.name, { signal }), patience);
        const later = host.driverOf(INSTANCE);
        expect((await later.list({ signal })).toSorted()).toEqual([name, stopped.name].toSorted());
        for (const left of [name, stopped.name]) {
          await later.stop(left, { signal });
          await later.delete(left, { signal });
        }
        expect(await life).toMatchObject({ expected: false });
        expect(await later.list({ signal })).toEqual([]);
      }),
    );

    test(
      'what cannot be done is said',
      on(makeHost, async ({ driver, boot }) => {
        const name = freshName();
        const rejects = (call: Promise<unknown>, code: string) =>
          expect(call).rejects.toMatchObject({ failure: { code, kind: 'host' } });
        await rejects(driver.clone('missing', name, { signal }), 'VM_IMAGE_MISSING');
        await rejects(driver.clone('../golden', name, { signal }), 'VM_IMAGE_MISSING');
        await rejects(driver.locate(name, { signal }), 'VM_NOT_LOCATED');
        await driver.clone('golden', name, { signal });
        await rejects(driver.clone('golden', name, { signal }), 'VM_CLONE_FAILED');
        await driver.stop(name, { signal });
        const { name: running } = await boot();
        const again = driver.run(running, { signal, onStarted: () => undefined });
        await rejects(again, 'VM_START_FAILED');
      }),
    );

    test(
      'every call rejects with the reason of a signal that is aborted, and does nothing',
      on(makeHost, async ({ driver, boot }) => {
        const { address, name } = await boot();
        const fresh = freshName();
        const late = { signal: AbortSignal.abort(new Error('too late')) };
        const calls = [
          driver.clone('golden', fresh, late),
          driver.run(fresh, { ...late, onStarted: () => undefined }),
          driver.locate(name, late),
          driver.openGuest(address, late),
          driver.stop(name, late),
          driver.delete(name, late),
          driver.list(late),
        ];
        for (const call of await Promise.allSettled(calls))
          expect(call).toMatchObject({ status: 'rejected', reason: { message: 'too late' } });
        expect(await driver.list({ signal })).toEqual([name]);
      }),
    );

    test(
      'aborting the run powers off at once, at whatever moment',
      on(makeHost, async ({ host, driver, start }) => {
        const early = await start();
        early.abort.abort(new Error('power cut'));
        await expect(early.life).rejects.toThrow('power cut');
        const later = await start();
        await vi.waitFor(() => driver.locate(later.name, { signal }), patience);
        later.abort.abort(new Error('power cut'));
        await expect(later.life).rejects.toThrow('power cut');
        await nothingRuns(host);
      }),
    );

    test(
      'a machine can be deleted while it runs',
      on(makeHost, async ({ driver, boot }) => {
        const { name } = await boot();
        await driver.delete(name, { signal });
        expect(await driver.list({ signal })).toEqual([]);
      }),
    );

    test(
      'stopping ends a command that ignores every request',
      on(makeHost, async ({ host, driver, boot }) => {
        const { name, session } = await boot();
        const { firstLine, stdout } = lineSink();
        session.exec('trap "" TERM HUP INT; echo $$; sleep 1000; sleep 1000', { stdout }).catch(() => {});
        const pid = Number(await firstLine);
        await driver.stop(name, { signal });
        if (host.sharesProcesses) await untilDead(pid);
        else await nothingRuns(host);
      }),
    );

    test(
      'aborting a command kills it, and the machine lives on',
      on(makeHost, async ({ boot }) => {
        const { session } = await boot();
        const abort = new AbortController();
        const { firstLine, stdout } = lineSink();
        const running = session.exec('echo $$; exec sleep 1000', { stdout, signal: abort.signal });
        const aborted = expect(running).rejects.toThrow('cancelled');
        const pid = Number(await firstLine);
        abort.abort(new Error('cancelled'));
        await aborted;
        await vi.waitFor(
          async () => expect(await session.exec(`kill -0 ${pid}`)).toMatchObject({ exitCode: 1 }),
          patience,
        );
        expect(await session.exec('echo still here')).toMatchObject({ stdout: 'still here\n' });
      }),
    );

    test(
      '20 MB go through a command and come back as they were',
      on(makeHost, async ({ boot }) => {
        const { session } = await boot();
        const [sent, received] = [createHash('sha256'), createHash('sha256')];
        const pages = (function* () {
          for (let count = 0; count < 20; count += 1) {
            const page = randomBytes(1 << 20);
            sent.update(page);
            yield page;
          }
        })();
        const stdout = new Writable({
          write: (chunk, _encoding, callback) => {
            received.update(chunk);
            callback();
          },
        });
        const stdin = Readable.from(pages, { objectMode: false });
        expect(await session.exec('cat', { stdin, stdout })).toMatchObject({ exitCode: 0 });
        expect(received.digest('hex')).toBe(sent.digest('hex'));
      }),
    );
  });

/** A sink, and a promise for the first line that it gets. */
function lineSink() {
  let take: (line: string) => void = () => {};
  const firstLine = new Promise<string>((resolve) => {
    take = resolve;
  });
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      take(chunk.toString().split('\n')[0] ?? '');
      callback();
    },
  });
  return { firstLine, stdout };
}
