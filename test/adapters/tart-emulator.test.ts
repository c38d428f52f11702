import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LongLivedProcess, spawnLongLived } from '../../src/adapters/process/long-lived.ts';
import { run } from '../../src/adapters/process/run.ts';
import { exists, type TartHost, tartHost } from '../tart-emulator/host.ts';

/** The emulator says what the real program is documented to say: so the driver is measured by that, not by itself. */
let host: TartHost;
beforeEach(async () => {
  host = await tartHost();
});
afterEach(async () => {
  await host.expectNothingLeft();
  await host.remove();
});

const env = () => ({ PATH: process.env.PATH ?? '', TART_HOME: host.home, CI: '1' });
async function tart(...args: string[]) {
  const { exitCode, stdout, stderr } = await run(host.tart, args, { env: env() });
  return [exitCode, stdout, stderr];
}

const USAGE = [
  64,
  '',
  expect.stringMatching(/^Error: .*\nUsage: tart .*\n {2}See 'tart.*--help' for more information\.$/),
];
const patience = { timeout: 10_000, interval: 20 };
const stateOf = async (name: string) =>
  JSON.parse((await tart('get', name, '--format', 'json'))[1] as string).State as string;
async function started(name: string): Promise<LongLivedProcess> {
  const life = spawnLongLived(host.tart, ['run', name, '--no-graphics'], { env: env() });
  life.stdout.resume();
  life.stderr.resume();
  await vi.waitFor(async () => expect(await stateOf(name)).toBe('running'), patience);
  return life;
}

test('versions, and words that nobody knows', async () => {
  expect(await tart('--version')).toEqual([0, '2.32.1', '']);
  for (const words of [['fly'], ['clone', 'golden'], ['list', '--fast'], ['run', 'golden', '--nope'], []]) {
    expect(await tart(...words)).toEqual(USAGE);
  }
});

test('what is missing is said with 2 by all commands, and with 1 by run', async () => {
  const text = 'the specified VM "none" does not exist';
  for (const words of [['ip'], ['stop'], ['delete'], ['get'], ['set'], ['suspend']])
    expect(await tart(...words, 'none')).toEqual([2, '', text]);
  expect(await tart('clone', 'none', 'a')).toEqual([2, '', text]);
  expect(await tart('exec', 'none', 'true')).toEqual([2, '', text]);
  expect(await tart('run', 'none')).toEqual([1, '', `Error: ${text}`]);
});

test('a stopped machine', async () => {
  expect(await tart('clone', 'golden', 'a')).toEqual([0, '', '']);
  expect(await tart('clone', 'golden', 'x/y')).toEqual(USAGE);
  expect(await tart('set', 'a', '--random-mac')).toEqual([0, '', '']);
  expect(await tart('stop', 'a')).toEqual([2, '', 'VM "a" is not running']);
  expect(await tart('exec', 'a', 'true')).toEqual([2, '', 'VM "a" is not running']);
  expect(await tart('suspend', 'a')).toEqual([2, '', 'VM "VM "a" is not running" is not running']);
  expect(await tart('ip', 'a')).toEqual([1, '', 'no IP address found, is your VM running?']);
  expect(await tart('ip', 'a', '--resolver', 'dns')).toEqual(USAGE);
  await mkdir(join(host.home, 'vms', 'half'));
  await writeFile(join(host.home, 'vms', 'half', 'disk.img'), '');
  expect(await tart('delete', 'half')).toEqual([2, '', 'the specified VM "half" does not exist']);
  expect(await tart('list', '--source', 'local', '--quiet')).toEqual([0, 'a\ngolden', '']);
  expect(await tart('delete', 'a')).toEqual([0, '', '']);
  await rm(join(host.home, 'vms', 'half'), { recursive: true });
});

test('the list, as JSON and as text', async () => {
  const [exitCode, stdout] = await tart('list', '--format', 'json');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('"Name" : "golden"');
  expect(JSON.parse(stdout as string)).toEqual([
    {
      ...{ Source: 'local', Name: 'golden', Running: false, State: 'stopped' },
      ...{ Disk: expect.any(Number), Size: expect.any(Number) },
      Accessed: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    },
  ]);
  expect(await tart('list', '--source', 'oci', '--format', 'json')).toEqual([0, '[\n\n]', '']);
  expect(await tart('list', '--source', 'x')).toEqual([
    64,
    '',
    expect.stringContaining("'x' is not a valid <source>"),
  ]);
});

test('a running machine: states, refusals, address, commands, the end', async () => {
  await tart('clone', 'golden', 'a');
  const life = await started('a');
  expect(await tart('run', 'a')).toEqual([2, '', 'VM "a" is already running!']);
  expect(await tart('delete', 'a')).toEqual([1, '', 'VM "a" is running']);
  expect(await tart('ip', 'a', '--wait', '5')).toMatchObject([
    0,
    expect.stringMatching(/^127\.\d+\.\d+\.\d+$/),
    '',
  ]);
  expect(await tart('exec', 'a', '/bin/sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual([
    7,
    'out',
    'err',
  ]);
  const piped = await run(host.tart, ['exec', '-i', 'a', 'cat'], { env: env(), input: 'piped' });
  expect(piped.stdout).toBe('piped');
  expect(await tart('stop', 'a', '--timeout', '5')).toEqual([0, '', '']);
  expect(await life.exited).toEqual({ exitCode: 0, signal: null });
  expect(await tart('delete', 'a')).toEqual([0, '', '']);
});

test('signals: SIGINT ends well, SIGTERM and SIGKILL do not, and the lock goes with the process', async () => {
  await tart('clone', 'golden', 'a');
  for (const [signal, end] of [
    ['SIGINT', { exitCode: 0, signal: null }],
    ['SIGTERM', { exitCode: null, signal: 'SIGTERM' }],
    ['SIGKILL', { exitCode: null, signal: 'SIGKILL' }],
  ] as const) {
    const life = await started('a');
    process.kill(life.pid, signal);
    expect(await life.exited).toEqual(end);
    await vi.waitFor(async () => expect(await stateOf('a')).toBe('stopped'), patience);
  }
  await tart('delete', 'a');
});

test('a clone onto a running machine replaces it silently, and the old one goes on and keeps its slot', async () => {
  await tart('clone', 'golden', 'a');
  const old = await started('a');
  expect(await tart('clone', 'golden', 'a')).toEqual([0, '', '']);
  expect(await stateOf('a')).toBe('stopped');
  await tart('clone', 'golden', 'b');
  const second = await started('b');
  expect(await tart('run', 'a')).toEqual([
    1,
    '',
    'The number of VMs exceeds the system limit (other running VMs: a, b)',
  ]);
  for (const life of [old, second]) {
    life.kill();
    await life.exited;
  }
  expect(await tart('delete', 'a', 'b')).toEqual([0, '', '']);
  expect(exists(host.home, 'vms', 'a')).toBe(false);
});

test('a clone that is interrupted leaves nothing, one that is killed a folder that the next command removes', async () => {
  await host.setKnobs({ times: { clone: 60_000 } });
  for (const [signal, leftover] of [
    ['SIGINT', 0],
    ['SIGKILL', 1],
  ] as const) {
    const cloning = spawnLongLived(host.tart, ['clone', 'golden', 'a'], { env: env() });
    cloning.stdout.resume();
    cloning.stderr.resume();
    const works = () => readdir(join(host.home, 'tmp'));
    await vi.waitFor(async () => expect(await works()).toHaveLength(1), patience);
    process.kill(cloning.pid, signal);
    await cloning.exited;
    await vi.waitFor(async () => expect(await works()).toHaveLength(leftover), patience);
    expect(await tart('list', '--quiet')).toEqual([0, 'golden', '']);
    expect(await works()).toEqual([]);
  }
});

test('networks of a machine: one at a time, and Softnet only where it is and understands its rules', async () => {
  expect(await tart('run', 'golden', '--net-host', '--net-softnet')).toEqual(USAGE);
  expect(await tart('run', 'golden', '--net-bridged=en0', '--net-softnet-block=0.0.0.0/0')).toEqual(USAGE);
  const blocked = ['run', 'golden', '--net-softnet-block=0.0.0.0/0'];
  expect(await tart(...blocked)).toEqual([1, '', 'InitializationFailed(why: "softnet not found in PATH")']);
  const other = await tartHost({ softnet: 'works' });
  const PATH = [other.bin, process.env.PATH].join(delimiter);
  const odd = await run(other.tart, ['run', 'golden', '--net-softnet-allow=example.com'], {
    env: { ...env(), TART_HOME: other.home, PATH },
  });
  expect([odd.exitCode, odd.stderr]).toEqual([
    1,
    'RuntimeFailed(why: "Softnet process terminated prematurely")',
  ]);
  await other.remove();
});
