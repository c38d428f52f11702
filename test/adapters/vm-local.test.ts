import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { VmDriver } from '../../src/adapters/vm/driver.ts';
import { createLocalDriver } from '../../src/adapters/vm/local/driver.ts';
import { createDriver } from '../../src/adapters/vm/select.ts';
import { loadConfig } from '../../src/config/load.ts';
import {
  bootVm,
  freshName,
  guestPid,
  INSTANCE,
  isAlive,
  type LocalHost,
  localHost,
  never,
  untilDead,
} from '../helpers/local-vm.ts';
import { rawServer } from '../helpers/ssh-server.ts';

const replaceByFolder = async (file: string): Promise<void> => {
  await rm(file);
  await mkdir(file);
};

let host: LocalHost;
let driver: VmDriver;
beforeEach(async () => {
  host = await localHost();
  driver = host.driver;
});
afterEach(async () => {
  for (const name of await driver.list({ signal: never })) await driver.delete(name, { signal: never });
  expect(await readdir(join(host.stateDir, 'clones')).catch(() => [])).toEqual([]);
  await host.remove();
});

describe('life of a machine', () => {
  test('clone, run, locate, connect, stop, delete', async () => {
    const vm = await bootVm(host);
    expect(await driver.list({ signal: never })).toEqual([vm.name]);
    expect(await vm.session.exec('pwd && echo "$HOME" && echo out >&2; exit 7')).toEqual({
      exitCode: 7,
      stdout: `${vm.cloneDir}/home\n${vm.cloneDir}/home\n`,
      stderr: 'out\n',
    });
    await driver.stop(vm.name, { signal: never });
    expect(await vm.life).toMatchObject({ expected: true });
    expect(await vm.session.closed).toMatch(/closed|failed/);
    expect(await isAlive(vm.pid)).toBe(false);
    await vm.delete();
    await vm.delete();
    expect(await driver.list({ signal: never })).toEqual([]);
    expect(existsSync(vm.cloneDir)).toBe(false);
  });

  test('a clone has its own host key and the files of the image, and the image stays as it was', async () => {
    const image = join(host.stateDir, 'images', 'golden');
    await writeFile(join(image, 'home', 'kept'), 'x');
    const [one, two] = [await bootVm(host), await bootVm(host)];
    expect(one.address.hostKeyFingerprint).not.toBe(two.address.hostKeyFingerprint);
    expect((await one.session.exec('cat kept; rm kept')).stdout).toBe('x');
    expect((await two.session.exec('cat kept')).stdout).toBe('x');
    expect(await readdir(image)).toEqual(['bin', 'home']);
  });

  test('nothing of the daemon’s environment or keys reaches the guest', async () => {
    vi.stubEnv('PERRY_SECRET_OF_TEST', 'hunter2');
    const vm = await bootVm(host);
    vi.unstubAllEnvs();
    expect((await vm.session.exec('env')).stdout).not.toContain('hunter2');
    expect((await vm.session.exec('grep -rl "PRIVATE KEY" .. | sort')).stdout).toBe(
      '../guest/host_ed25519\n',
    );
  });

  test('a guest that dies by itself is an unexpected end', async () => {
    const vm = await bootVm(host);
    const running = vm.session.exec('sleep 1000');
    const lost = expect(running).rejects.toMatchObject({ code: 'GUEST_LOST' });
    process.kill(vm.pid, 'SIGKILL');
    expect(await vm.life).toEqual({ expected: false, reason: 'the guest process was ended by SIGKILL' });
    await lost;
    await vm.session.closed;
  });

  test.each([
    ['a host key that is none', 'host_ed25519', (file: string) => writeFile(file, 'no key')],
    ['no host key', 'host_ed25519', (file: string) => rm(file)],
    ['a folder in place of the key of the daemon', 'authorized_key.pub', replaceByFolder],
    ['a key of the daemon that is none', 'authorized_key.pub', (file: string) => writeFile(file, '')],
  ])('what a guest says when it cannot start is for the log alone: %s', async (_, file, spoil) => {
    const name = freshName();
    await driver.clone('golden', name, { signal: never });
    await spoil(join(host.stateDir, 'clones', name, 'guest', file));
    const end = await driver.run(name, { signal: never, onStarted: () => undefined });
    expect(end).toEqual({ expected: false, reason: 'the guest process exited with code 1' });
    expect(host.notes).toMatchObject([{ vm: name, said: expect.stringContaining('guest-main.js') }]);
  });

  test('another daemon’s clones, and foreign folders, are not seen and not touched', async () => {
    const vm = await bootVm(host);
    await mkdir(join(host.stateDir, 'clones', 'golden'));
    const other = createLocalDriver({
      stateDir: host.stateDir,
      instance: 'deadbeef',
      toolDirs: [],
      note: () => undefined,
    });
    expect(await other.list({ signal: never })).toEqual([]);
    expect(await driver.list({ signal: never })).toEqual([vm.name]);
    for (const name of [vm.name, 'golden', '../../etc', '']) {
      await expect(other.delete(name, { signal: never })).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
    }
    expect(await isAlive(vm.pid)).toBe(true);
    const { rmdir } = await import('node:fs/promises');
    await rmdir(join(host.stateDir, 'clones', 'golden'));
  });

  test('what cannot be done is said', async () => {
    const signal = never;
    const name = freshName();
    await expect(driver.clone('missing', name, { signal })).rejects.toMatchObject({
      code: 'VM_IMAGE_MISSING',
    });
    await expect(driver.clone('../images/golden', name, { signal })).rejects.toMatchObject({
      code: 'VM_IMAGE_MISSING',
    });
    await expect(driver.locate(name, { signal })).rejects.toMatchObject({ code: 'VM_NOT_LOCATED' });
    await driver.clone('golden', name, { signal });
    await expect(driver.clone('golden', name, { signal })).rejects.toMatchObject({ code: 'VM_CLONE_FAILED' });
    await driver.stop(name, { signal });
    const vm = await bootVm(host);
    const again = driver.run(vm.name, { signal, onStarted: () => undefined });
    await expect(again).rejects.toMatchObject({ code: 'VM_START_FAILED' });
  });

  test('each machine has a host key of its own: the address of one does not open another', async () => {
    const [one, two] = [await bootVm(host), await bootVm(host)];
    const mixed = { ...one.address, port: two.address.port };
    await expect(driver.openGuest(mixed, { signal: never })).rejects.toMatchObject({
      code: 'GUEST_HOST_KEY_MISMATCH',
    });
  });
});

describe('nothing is left running', () => {
  test('stop ends a guest whose command ignores SIGTERM', async () => {
    const vm = await bootVm(host);
    const pid = await startStubborn(vm.session);
    await driver.stop(vm.name, { signal: never });
    await vm.life;
    await untilDead(pid);
  });

  test('stop ends a guest that is frozen', async () => {
    const vm = await bootVm(host);
    process.kill(vm.pid, 'SIGSTOP');
    await driver.stop(vm.name, { signal: never });
    expect(await vm.life).toMatchObject({ expected: true });
    expect(await isAlive(vm.pid)).toBe(false);
  });

  test('a guest killed by SIGKILL takes its commands along', async () => {
    const vm = await bootVm(host);
    const pid = await startStubborn(vm.session);
    process.kill(vm.pid, 'SIGKILL');
    await vm.life;
    await untilDead(pid);
  });

  test('aborting the run powers off at once', async () => {
    const name = freshName();
    await driver.clone('golden', name, { signal: never });
    const abort = new AbortController();
    const life = driver.run(name, { signal: abort.signal, onStarted: () => undefined });
    await vi.waitFor(() => driver.locate(name, { signal: never }), 10_000);
    const pid = await guestPid(join(host.stateDir, 'clones', name));
    abort.abort(new Error('power cut'));
    await expect(life).rejects.toThrow('power cut');
    expect(await isAlive(pid)).toBe(false);
  });

  test('aborting a command kills it, whether its stdin is open or closed', async () => {
    const { session } = await bootVm(host);
    for (const stdin of [undefined, 'x', new Readable({ read() {} })]) {
      const abort = new AbortController();
      const { lines, stdout } = lineSink();
      const options = { signal: abort.signal, stdout, ...(stdin !== undefined && { stdin }) };
      const running = session.exec('trap "" TERM HUP; sleep 1000 & echo $!; wait', options);
      const aborted = expect(running).rejects.toThrow('cancelled');
      const [pid] = await lines;
      abort.abort(new Error('cancelled'));
      await aborted;
      await untilDead(Number(pid));
    }
    expect(await session.exec('echo still here')).toMatchObject({ stdout: 'still here\n' });
  });

  test('every call rejects with the reason of a signal that is aborted', async () => {
    const { address, name } = await bootVm(host);
    const fresh = freshName();
    const signal = AbortSignal.abort(new Error('too late'));
    const calls = [
      driver.clone('golden', fresh, { signal }),
      driver.run(fresh, { signal, onStarted: () => undefined }),
      driver.locate(name, { signal }),
      driver.openGuest(address, { signal }),
      driver.stop(name, { signal }),
      driver.delete(name, { signal }),
      driver.list({ signal }),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { message: 'too late' } });
    }
    expect(await driver.list({ signal: never })).toEqual([name]);
  });

  test('aborting openGuest closes the connection', async () => {
    const abort = new AbortController();
    const silent = await rawServer(() => abort.abort(new Error('enough')));
    await expect(driver.openGuest(silent.address, { signal: abort.signal })).rejects.toThrow('enough');
    await expect.poll(() => silent.sockets.size).toBe(0);
    silent.close();
  });

  test('a daemon killed by SIGKILL leaves no guest, and the next one removes its clone', async () => {
    const name = freshName();
    const daemon = spawn(
      process.execPath,
      ['--input-type=module', '-e', DAEMON, host.stateDir, INSTANCE, name],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(createInterface(daemon.stdout), 'line')) as [string];
    const pids = line.split(' ').map(Number);
    expect(await Promise.all(pids.map(isAlive))).toEqual([true, true]);
    daemon.kill('SIGKILL');
    for (const pid of pids) await untilDead(pid);
    expect(await driver.list({ signal: never })).toEqual([name]);
    await driver.delete(name, { signal: never });
  });

  test('a later daemon stops a guest that still runs, and only a process that is that guest', async () => {
    const vm = await bootVm(host);
    const later = createLocalDriver({
      stateDir: host.stateDir,
      instance: INSTANCE,
      toolDirs: [],
      note: () => undefined,
    });
    await later.stop(vm.name, { signal: never });
    expect(await vm.life).toMatchObject({ expected: false });
    const bystander = spawn('sleep', ['1000']);
    const stale = {
      ...JSON.parse(await readFile(join(vm.cloneDir, 'guest', 'listening.json'), 'utf8')),
      pid: bystander.pid,
    };
    await writeFile(join(vm.cloneDir, 'guest', 'listening.json'), JSON.stringify(stale));
    await later.delete(vm.name, { signal: never });
    expect(await isAlive(bystander.pid as number)).toBe(true);
    bystander.kill('SIGKILL');
    await once(bystander, 'exit');
  });
});

describe('streams', () => {
  test('50 MB go through a command and come back as they were', async () => {
    const { session } = await bootVm(host);
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    const source = Readable.from(
      (function* () {
        for (let count = 0; count < 50; count += 1) {
          const chunk = randomBytes(1 << 20);
          sent.update(chunk);
          yield chunk;
        }
      })(),
      { objectMode: false },
    );
    const stdout = new Writable({
      write: (chunk, _encoding, callback) => {
        received.update(chunk);
        callback();
      },
    });
    expect(await session.exec('cat', { stdin: source, stdout })).toMatchObject({ exitCode: 0 });
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  test('a command that floods both of its outputs is read to its end', async () => {
    const { session } = await bootVm(host);
    const flood = 'head -c 8000000 /dev/zero >&2 & head -c 8000000 /dev/zero & wait; echo done >&2';
    const bytes = { count: 0 };
    const stdout = new Writable({
      write: (chunk, _encoding, callback) => {
        bytes.count += chunk.length;
        callback();
      },
    });
    const result = await session.exec(flood, { stdout });
    expect(result.exitCode).toBe(0);
    expect(result.stderr.endsWith('done\n')).toBe(true);
    expect(bytes.count).toBe(8_000_000);
  });

  test('thirty commands at once keep their outputs apart', async () => {
    const { session } = await bootVm(host);
    const numbers = Array.from({ length: 30 }, (_, index) => index);
    const results = await Promise.all(
      numbers.map((n) => session.exec(`cat; echo ${n} >&2; exit ${n}`, { stdin: `in ${n}` })),
    );
    expect(results).toEqual(numbers.map((n) => ({ exitCode: n, stdout: `in ${n}`, stderr: `${n}\n` })));
  });

  test('a command ended by a signal has no exit code; one that reads nothing ends well', async () => {
    const { session } = await bootVm(host);
    expect(await session.exec('kill -9 $$')).toMatchObject({ exitCode: null });
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1 << 16);
      })(),
      { objectMode: false },
    );
    expect(await session.exec('head -c 1 | wc -c', { stdin: endless })).toMatchObject({ stdout: '1\n' });
  });
});

describe('choosing a driver', () => {
  const ssh = { user: 'admin', password: 'admin', port: 22 };
  const tart = { binary: 'tart', minFreeDiskGb: 0, ssh };
  const qemu = { imagesDir: '/images', cpus: 2, memoryMb: 512, minFreeDiskGb: 0 };
  const config = {
    stateDir: '/nowhere',
    instance: INSTANCE,
    toolDirs: [],
    note: () => undefined,
    guestNetwork: 'none' as const,
    tart,
    qemu,
    orchard: () => ({
      ...{ url: 'https://cluster.example', serviceAccount: 'signer', token: '', labels: {} },
      ...{ os: 'darwin' as const, arch: 'arm64' as const, runtime: 'tart' as const, ssh: tart.ssh },
      follow: () => {
        throw new Error('makes nothing');
      },
      share: () => () => Promise.reject(new Error('asks nothing')),
    }),
  };
  test('by name', () => {
    expect(createDriver({ ...config, kind: 'local' })).toMatchObject({ kind: 'local', isolates: false });
    expect(createDriver({ ...config, kind: 'tart' })).toMatchObject({ kind: 'tart', isolates: true });
    expect(createDriver({ ...config, kind: 'orchard' })).toMatchObject({ kind: 'orchard', isolates: true });
    expect(createDriver({ ...config, kind: 'qemu' })).toMatchObject({ kind: 'qemu', isolates: true });
  });

  test.each([
    ['tart', '3', 2, [/taken as 2: macOS/]],
    ['tart', '2', 2, []],
    ['local', '3', 3, []],
  ])('%s, with %s jobs asked for', (kind, asked, jobs, remarks) => {
    const { config, warnings } = loadConfig({ PERRY_VM_DRIVER: kind, PERRY_MAX_CONCURRENT_BUILDS: asked });
    expect(config.maxConcurrent).toBe(jobs);
    expect(warnings).toEqual(remarks.map((remark) => expect.stringMatching(remark)));
  });
});

/** A command that cannot be asked to stop; resolves with its process id. */
async function startStubborn(session: Awaited<ReturnType<typeof bootVm>>['session']): Promise<number> {
  const { lines, stdout } = lineSink();
  session.exec('trap "" TERM HUP INT; echo $$; sleep 1000; sleep 1000', { stdout }).catch(() => undefined);
  return Number((await lines)[0]);
}

/** A sink, and a promise for the first piece that it got, as lines. */
function lineSink() {
  let stdout: Writable | undefined;
  const lines = new Promise<string[]>((resolve) => {
    stdout = new Writable({
      write: (chunk: Buffer, _encoding, callback) => {
        resolve(chunk.toString().split('\n'));
        callback();
      },
    });
  });
  return { lines, stdout: stdout as unknown as Writable };
}

const BUILT = new URL('../../dist/src/adapters/vm/local/driver.js', import.meta.url).href;

/** A daemon of its own: boots a machine, starts a command, prints both process ids, waits for its end. */
const DAEMON = `
import { readFileSync } from 'node:fs';
const { createLocalDriver } = await import('${BUILT}');
const [stateDir, instance, name] = process.argv.slice(1);
const driver = createLocalDriver({ stateDir, instance, toolDirs: [], note: () => undefined });
const { signal } = new AbortController();
await driver.clone('golden', name, { signal });
void driver.run(name, { signal, onStarted: () => {} });
const locate = () => driver.locate(name, { signal }).catch(() => new Promise((next) => setImmediate(next)).then(locate));
const session = await driver.openGuest(await locate(), { signal });
const { pid } = JSON.parse(readFileSync(stateDir + '/clones/' + name + '/guest/listening.json', 'utf8'));
void session.exec('echo $$ > pid; mv pid ready; sleep 1000; sleep 1000').catch(() => {});
const child = await session.exec('until [ -f ready ]; do :; done; cat ready');
console.log(pid + ' ' + child.stdout.trim());
`;
