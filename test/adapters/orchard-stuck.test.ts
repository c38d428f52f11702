import { afterEach, expect, test, vi } from 'vitest';
import { createClusterFollower } from '../../src/actors/cluster-machines.ts';
import type { Note, VmDriver } from '../../src/adapters/vm/driver.ts';
import { freshName, never as signal } from '../helpers/local-vm.ts';
import { orchardDriver, quickPauses } from '../orchard-emulator/driver.ts';
import { type OrchardHost, type OrchardHostOptions, orchardHost } from '../orchard-emulator/host.ts';

/** Workers that take machines and do not bring them to run. */
let host: OrchardHost;
let driver: VmDriver;
let notes: string[];
afterEach(async () => {
  for (const worker of host.cluster.workers.values()) worker.isStuck = false;
  for (const name of await driver.list({ signal })) await driver.delete(name, { signal });
  await vi.waitFor(() => host.expectNothingLeft(), 10_000);
  await host.remove();
});

/** Workers mac-01, mac-02 and so on, each with a label of its own or without. */
interface Scene extends OrchardHostOptions {
  readonly isLabelled?: boolean;
  readonly takeTimeout?: number;
  readonly makeTimeout?: number;
}

async function start(
  count: number,
  { isLabelled = true, takeTimeout = 6_000, makeTimeout = 6_000, ...options }: Scene = {},
) {
  const workers = Array.from({ length: count }, (_, at) => ({
    name: `mac-0${at + 1}`,
    labels: isLabelled ? { pool: 'signing', host: `mac-0${at + 1}` } : { pool: 'signing' },
  }));
  notes = [];
  const note: Note = (level, text, facts) => void notes.push(JSON.stringify({ level, text, ...facts }));
  host = await orchardHost({ tickMs: 30, workers, ...options });
  const follow = createClusterFollower({ ...quickPauses, takeTimeout, makeTimeout });
  driver = orchardDriver(host, { labels: { pool: 'signing' }, follow, note });
}

const stick = (...names: string[]) => {
  for (const name of names) Object.assign(host.cluster.workers.get(name) ?? {}, { isStuck: true });
};
const workerOf = (name: string) => host.cluster.read(name).worker;
const posts = () => host.cluster.calls.filter(({ method }) => method === 'POST').length;
const missesOf = (worker: string) => notes.filter((note) => note.includes(`"worker":"${worker}"`)).length;

test('a machine that its worker does not make goes, and another worker gets the next one, by its label', async () => {
  await start(2);
  stick('mac-01');
  const name = freshName();
  await driver.clone('golden', name, { signal });
  expect(workerOf(name)).toBe('mac-02');
  expect([...host.cluster.vms.keys()]).toEqual([name]);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(
    /"level":"warn".*did not bring a machine to run.*"worker":"mac-01".*Restart Orchard/,
  );
  expect(driver.failingHosts?.()).toEqual({ 'mac-01': 1 });
  // the next job does not find it out again
  const next = freshName();
  await driver.clone('golden', next, { signal });
  expect(workerOf(next)).toBe('mac-02');
  expect(posts()).toBe(3);
});

test('a worker that pulls a large image says so, and is no suspect, however long it takes', async () => {
  await start(2, { takeTimeout: 2_000, makeTimeout: 60_000, knobs: { cloneTicks: 100 } });
  const name = freshName();
  await driver.clone('golden', name, { signal });
  expect([workerOf(name), posts(), notes]).toEqual(['mac-01', 1, []]);
  expect(driver.failingHosts?.()).toEqual({});
});

test('a pull that takes too long is not told as a worker that is stuck', async () => {
  await start(2, { makeTimeout: 1_000, knobs: { cloneTicks: 60 } });
  const cloning = driver.clone('golden', freshName(), { signal });
  await vi.waitFor(() => expect(missesOf('mac-01')).toBe(1), 10_000);
  host.knobs.cloneTicks = 1;
  await cloning;
  expect(notes[0]).toMatch(/Pull the image there with \\"tart pull\\".*PERRY_VM_CLONE_TIMEOUT_SECONDS/);
});

test('a worker that has brought a machine to run is no suspect, however that machine ends', async () => {
  await start(2);
  for (let count = 0; count < 2; count += 1) {
    const name = freshName();
    await driver.clone('golden', name, { signal });
    expect(workerOf(name)).toBe('mac-01');
    await driver.delete(name, { signal });
    await host.tick();
  }
  expect(notes).toEqual([]);
  expect(host.cluster.calls.filter(({ path }) => path === '/workers')).toEqual([]);
});

test('where no label tells workers apart, another machine is asked for all the same', async () => {
  await start(2, { isLabelled: false });
  stick('mac-01');
  const name = freshName();
  const cloning = driver.clone('golden', name, { signal });
  // the scheduler fills the same worker again, until it is mended
  await vi.waitFor(() => expect(missesOf('mac-01')).toBe(1), 10_000);
  Object.assign(host.cluster.workers.get('mac-01') ?? {}, { isStuck: false });
  await cloning;
  expect(posts()).toBe(2);
});

test('three workers in a row are enough; all are named to the operator, and none to the user of the hub', async () => {
  await start(4, { takeTimeout: 400 });
  stick('mac-01', 'mac-02', 'mac-03', 'mac-04');
  const failure = await driver.clone('golden', freshName(), { signal }).catch((error) => error);
  expect(failure).toMatchObject({ code: 'VM_CLONE_FAILED' });
  expect(failure.message).not.toMatch(/mac-0/);
  expect(failure.failure.terminal.nextStep).toMatch(/Restart Orchard on "mac-01", "mac-02", "mac-03"/);
  expect(posts()).toBe(3);
  expect(['mac-01', 'mac-02', 'mac-03', 'mac-04'].map(missesOf)).toEqual([2, 2, 1, 0]);
  expect(await driver.list({ signal })).toEqual([]);
});

const SAID = [
  'failed to pull the VM: tart command failed: "UnexpectedHTTPStatusCode"',
  'failed to clone the VM: tart command failed: "no space left on device"',
  'VM failed: tart command failed: "The number of VMs exceeds the system limit"',
  'Worker lost track of VM',
  'Encountered an impossible transition',
  "VM is assigned to a worker that doesn't exist anymore",
  'VM is assigned to a worker that lost connection with the controller',
];

test.each(SAID)('a worker that says "%s" is left for another one', async (said) => {
  await start(2, { knobs: { failsWith: (worker) => (worker === 'mac-01' ? said : undefined) } });
  const name = freshName();
  await driver.clone('golden', name, { signal });
  expect(workerOf(name)).toBe('mac-02');
  expect(missesOf('mac-01')).toBe(1);
});

test('a machine that fails after its start, before anybody was inside, is replaced under its name', async () => {
  const said = 'VM failed: tart command failed: "The number of VMs exceeds the system limit"';
  await start(2, { knobs: { failsAfterwards: (worker) => (worker === 'mac-01' ? said : undefined) } });
  const name = freshName();
  await driver.clone('golden', name, { signal });
  const ended = driver.run(name, { signal, onStarted: () => undefined });
  const address = await driver.locate(name, { signal });
  await vi.waitFor(() => expect(workerOf(name)).toBe('mac-02'), 10_000);
  const session = await vi.waitFor(() => driver.openGuest(address, { signal }), 10_000);
  expect((await session.exec('echo inside')).stdout).toBe('inside\n');
  expect(await Promise.race([ended, 'runs'])).toBe('runs');
  process.kill(host.pidOf(name), 'SIGKILL');
  expect(await ended).toMatchObject({ expected: false, reason: 'it ended by itself on its host' });
  expect(posts()).toBe(2);
});

test('a removal whose answer is lost, or that is not done, leaves one machine all the same', async () => {
  await start(2);
  stick('mac-01');
  const faults = ['lost', { status: 500 }, 'reset'] as const;
  const left = [...faults];
  host.knobs.fault = ({ method }) => (method === 'DELETE' ? left.shift() : undefined);
  const name = freshName();
  await driver.clone('golden', name, { signal });
  expect(workerOf(name)).toBe('mac-02');
  expect(posts()).toBe(2);
  await driver.delete(name, { signal }).catch(() => {});
  host.knobs.fault = undefined;
});
