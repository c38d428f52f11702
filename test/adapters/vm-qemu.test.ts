import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { cloneImage } from '../../src/adapters/vm/qemu/clone.ts';
import {
  type MachineShape,
  machineArguments,
  probeArguments,
} from '../../src/adapters/vm/qemu/command-line.ts';
import { createQemuDriver } from '../../src/adapters/vm/qemu/driver.ts';
import { endingOf } from '../../src/adapters/vm/qemu/ending.ts';
import type { SoundImage } from '../../src/adapters/vm/qemu/image.ts';
import { forwardedPort } from '../../src/adapters/vm/qemu/locate.ts';
import { createQmp } from '../../src/adapters/vm/qemu/qmp.ts';
import { freshName, INSTANCE, isAlive, never, untilDead } from '../helpers/local-vm.ts';

const shape: MachineShape = {
  name: 'perry-ship-c0ffee00-x',
  architecture: 'x86_64',
  accelerator: 'tcg',
  cpus: 2,
  memoryMb: 1_024,
  guestNetwork: 'none',
};

describe('the command line', () => {
  const line = (changes: Partial<MachineShape>) =>
    machineArguments({ ...shape, ...changes }, '/state/clones/x/qemu.pid').join(' ');

  test('of an emulated machine without a network, on x86_64', () => {
    const text = line({});
    expect(text).toContain('-name perry-ship-c0ffee00-x ');
    expect(text).toContain('-machine q35,mem-merge=off,dump-guest-core=off -accel tcg -cpu max ');
    expect(text).toContain('-append console=ttyS0 no_timer_check quiet panic=-1');
    expect(text).toContain('user,id=net,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:0-:22');
    expect(text).toContain('-no-user-config -nodefaults -display none -no-reboot -sandbox on,');
    expect(text).toContain('-smp 2 -m 1024M ');
  });

  test('of a machine on the processor of the host, with its network', () => {
    const text = line({ accelerator: 'kvm', guestNetwork: 'shared' });
    expect(text).toContain('-accel kvm -cpu host ');
    expect(text).toContain('restrict=off');
  });

  test.each([
    ['tcg', '-machine virt,mem-merge=off,dump-guest-core=off -accel tcg -cpu max,pauth-impdef=on '],
    ['kvm', '-machine virt,mem-merge=off,dump-guest-core=off,gic-version=host -accel kvm -cpu host '],
  ] as const)('on aarch64, by %s', (accelerator, expected) => {
    const text = line({ architecture: 'aarch64', accelerator });
    expect(text).toContain(expected);
    expect(text).toContain('console=ttyAMA0');
    expect(probeArguments('aarch64', { kernel: '/i/vmlinuz', initrd: '/i/initrd.gz' }).join(' ')).toContain(
      '-append console=ttyAMA0 quiet panic=-1 perry.probe',
    );
  });

  test('no option but paths of single words holds a path of the host, in which a comma would end it', () => {
    const args = machineArguments(shape, '/with,comma/qemu.pid');
    expect(args.filter((word) => word.includes('/with,comma'))).toEqual(['/with,comma/qemu.pid']);
  });
});

describe('the monitor', () => {
  function scene() {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const events: unknown[] = [];
    const broken: unknown[] = [];
    const qmp = createQmp({
      ...{ input, output },
      onEvent: (event, data) => void events.push([event, data]),
      onBroken: (error) => void broken.push(error),
    });
    const asked = (): { execute: string; id: number }[] =>
      `${input.read() ?? ''}`
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    const say = (...lines: unknown[]) => {
      for (const line of lines) output.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
    };
    return { qmp, output, events, broken, asked, say };
  }

  test('an answer goes to who asked, whatever comes between', async () => {
    const { qmp, events, asked, say } = scene();
    const [one, two] = [qmp.execute('one'), qmp.execute('two')];
    expect(asked().map(({ execute }) => execute)).toEqual(['qmp_capabilities', 'one', 'two']);
    say({ QMP: { version: {} } }, { return: {}, id: 1 }, { return: 'second', id: 3 });
    say({ event: 'STOP', timestamp: {} }, { return: 'first', id: 2 }, { return: 'nobody asked', id: 77 });
    expect([await one, await two]).toEqual(['first', 'second']);
    expect(events).toEqual([['STOP', {}]]);
  });

  test('a refusal is one, and an end rejects what waits', async () => {
    const { qmp, output, say } = scene();
    const [refused, waiting] = [qmp.execute('one'), qmp.execute('two')];
    say({ error: { class: 'GenericError', desc: 'no such thing' }, id: 2 });
    await expect(refused).rejects.toThrow('no such thing');
    output.destroy();
    await expect(waiting).rejects.toThrow('has ended');
    await expect(qmp.execute('three')).rejects.toThrow('not answer any more');
  });

  test.each([
    ['no JSON', 'hello\n'],
    ['no object', '[[]]\n'],
    ['an object of another form', '{"event": 7}\n'],
    ['arrays in arrays', `${'['.repeat(15_000)}\n`],
    ['a line without an end', 'x'.repeat(100_000)],
  ])('%s is the end of it, once', async (_name, text) => {
    const { qmp, events, broken, output, say } = scene();
    const waiting = qmp.execute('one');
    say(text, text, { event: 'STOP' });
    await expect(waiting).rejects.toThrow('no QMP');
    output.end();
    expect(broken).toHaveLength(1);
    expect(events).toEqual([]);
  });
});

test.each([
  ['SHUTDOWN', { guest: true, reason: 'guest-shutdown' }, /powered itself off/, false],
  ['SHUTDOWN', { guest: true, reason: 'guest-reset' }, /restarted/, false],
  ['BLOCK_IO_ERROR', { nospace: true, action: 'stop' }, /disk of this host is full/, true],
  ['BLOCK_IO_ERROR', { reason: 'Input/output error' }, /could not be read or written/, true],
  ['STOP', {}, /stopped/, true],
])('%s with %j is an end in plain words', (event, data, reason, isStuck) => {
  expect(endingOf(event, data)).toMatchObject({ reason: expect.stringMatching(reason), isStuck });
});

test.each([
  ['RESUME', {}],
  ['SHUTDOWN', { reason: 'host-qmp-quit' }],
  ['SHUTDOWN', { reason: 'toString' }],
  ['SHUTDOWN', { reason: { deep: 1 } }],
])('%s with %j needs no words', (event, data) => {
  expect(endingOf(event, data)).toBeUndefined();
});

test('the port of this host is in the answer of "info usernet", or nowhere', () => {
  const table = (row: string) =>
    `Hub -1 (net):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n${row}\r\n`;
  const row = '  TCP[HOST_FORWARD]  12       127.0.0.1 45257       10.0.2.15    22     0     0';
  expect(forwardedPort(table(row))).toBe(45_257);
  for (const other of [
    row.replace('45257', '0'),
    row.replace('45257', '70000'),
    row.replace('127.0.0.1', '9.9.9.9'),
  ])
    expect(forwardedPort(table(other))).toBeUndefined();
  for (const answer of [undefined, 7, {}, '']) expect(forwardedPort(answer)).toBeUndefined();
});

test('a clone for which there is no room says so, and leaves nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perry-full-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const said = 'qemu-img: disk.qcow2: Could not write qcow2 header: No space left on device';
  await writeFile(join(folder, 'qemu-img'), `#!/bin/sh\necho '${said}' >&2\nexit 1\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const found = { disk: '/disk', kernel: '/kernel', initrd: '/initrd' } as SoundImage;
  const cloneDir = join(folder, 'clone');
  await expect(cloneImage({ image: 'golden', found, cloneDir, signal: never })).rejects.toMatchObject({
    failure: { code: 'VM_DISK_FULL', nextStep: 'Free space there.' },
  });
  await expect(stat(cloneDir)).rejects.toThrow('ENOENT');
});

describe('what a previous process of the daemon left', () => {
  /** A process that calls itself so, and a clone that names it as its machine. */
  async function leftover(argv0: string, named: (name: string) => readonly string[]) {
    const stateDir = await mkdtemp(join(tmpdir(), 'perry-left-'));
    const name = freshName();
    const cloneDir = join(stateDir, 'clones', name);
    await mkdir(cloneDir, { recursive: true });
    const args = ['-e', 'setInterval(() => {}, 1_000); console.log()', '--', ...named(name)];
    const child = spawn(process.execPath, args, { argv0, stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await rm(stateDir, { recursive: true, force: true });
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await writeFile(join(cloneDir, 'qemu.pid'), `${child.pid}\n`);
    const driver = createQemuDriver({
      ...{ stateDir, imagesDir: stateDir, instance: INSTANCE, cpus: 1, memoryMb: 512, minFreeDiskGb: 0 },
      guestNetwork: 'none',
      note: () => undefined,
    });
    return { driver, name, cloneDir, pid: child.pid as number };
  }

  test('is killed when it is a QEMU under the very name of the clone', async () => {
    const { driver, name, pid } = await leftover('qemu-system-x86_64', (clone) => ['-name', clone]);
    await driver.delete(name, { signal: never });
    await untilDead(pid);
    expect(await driver.list({ signal: never })).toEqual([]);
  });

  test.each<[string, string, (name: string) => string[]]>([
    ['a QEMU under another name', 'qemu-system-x86_64', (name) => ['-name', `${name}0`]],
    ['a QEMU that has the name elsewhere', 'qemu-system-x86_64', (name) => ['-name', 'x', '-uuid', name]],
    ['a QEMU without a name', 'qemu-system-x86_64', () => []],
    ['another program that knows the name', 'less', (name) => ['-name', name]],
  ])('is left alone when its number belongs to %s', async (_who, argv0, named) => {
    const { driver, name, pid } = await leftover(argv0, named);
    await driver.stop(name, { signal: never });
    await driver.delete(name, { signal: never });
    expect(await isAlive(pid)).toBe(true);
  });

  test.each(['', '0', '1', '-1', '99999999999', 'text', '7 8'])('a number %j is none', async (text) => {
    const { driver, name, cloneDir, pid } = await leftover('qemu-system-x86_64', (clone) => ['-name', clone]);
    await writeFile(join(cloneDir, 'qemu.pid'), text);
    await driver.delete(name, { signal: never });
    expect(await isAlive(pid)).toBe(true);
  });
});
