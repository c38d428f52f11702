import { randomUUID } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { createClusterFollower } from '../../src/actors/cluster-machines.ts';
import type { VmDriver } from '../../src/adapters/vm/driver.ts';
import type { OrchardDriverOptions } from '../../src/adapters/vm/orchard/options.ts';
import { freshName, never as signal } from '../helpers/local-vm.ts';
import { orchardDriver, quickPauses } from '../orchard-emulator/driver.ts';
import { type OrchardHost, type OrchardHostOptions, orchardHost } from '../orchard-emulator/host.ts';
import type { ApiFault } from '../orchard-emulator/knobs.ts';

let host: OrchardHost;
let driver: VmDriver;
afterEach(async () => {
  host.knobs.fault = undefined;
  for (const name of await driver.list({ signal })) await driver.delete(name, { signal });
  await vi.waitFor(() => host.expectNothingLeft(), 10_000);
  await host.remove();
});

const start = async (options: OrchardHostOptions = {}, more: Partial<OrchardDriverOptions> = {}) => {
  host = await orchardHost({ tickMs: 30, ...options });
  driver = orchardDriver(host, more);
};

/** One request in so many goes wrong, the first ones. */
const failing = (method: string, ...faults: readonly ApiFault[]) => {
  const left = [...faults];
  host.knobs.fault = (call) => (call.method === method ? left.shift() : undefined);
};

const boot = async () => {
  const name = freshName();
  await driver.clone('golden', name, { signal });
  const ended = driver.run(name, { signal, onStarted: () => undefined });
  ended.catch(() => {});
  const address = await driver.locate(name, { signal });
  return { name, ended, address };
};
const posts = () => host.cluster.calls.filter(({ method }) => method === 'POST').length;

test.each<[string, readonly ApiFault[], number]>([
  ['its answer is lost', ['lost'], 1],
  ['the connection is reset before it is done', ['reset'], 2],
  ['it is answered with 503', [{ status: 503 }], 2],
  ['it is answered with 500', [{ status: 500 }], 2],
])('a request for a machine: %s, and there is one machine', async (_, faults, asked) => {
  await start();
  failing('POST', ...faults);
  const { name } = await boot();
  expect(await driver.list({ signal })).toEqual([name]);
  expect(posts()).toBe(asked);
});

test.each([
  [401, 'CLUSTER_REFUSED'],
  [412, 'VM_CLONE_FAILED'],
  [417, 'CLUSTER_REFUSED'],
])('a request for a machine that is answered with %i is not made again', async (status, code) => {
  await start();
  failing('POST', { status });
  await expect(driver.clone('golden', freshName(), { signal })).rejects.toMatchObject({ code });
  expect(posts()).toBe(1);
  expect(await driver.list({ signal })).toEqual([]);
});

test('a controller that restarts loses no machine: it is followed on, and entered again', async () => {
  await start();
  const { ended, address } = await boot();
  const session = await driver.openGuest(address, { signal });
  await session.exec('echo before > file');
  await host.restart();
  await session.closed;
  const again = await vi.waitFor(() => driver.openGuest(address, { signal }), 10_000);
  expect((await again.exec('cat file')).stdout).toBe('before\n');
  await again.close();
  expect(await Promise.race([ended, 'runs'])).toBe('runs');
});

test('a worker that dies takes its machines with it, and is named', async () => {
  await start({ workers: [{ name: 'mac-07' }], knobs: { offlineTicks: 3 } });
  const { ended, address } = await boot();
  await driver.openGuest(address, { signal });
  const worker = host.cluster.workers.get('mac-07');
  if (worker) worker.isAlive = false;
  expect(await ended).toMatchObject({ expected: false, reason: 'the cluster lost its host' });
  if (worker) worker.isAlive = true;
});

test('a machine that somebody else has replaced is not ours any more', async () => {
  await start();
  const { name, ended } = await boot();
  host.cluster.remove(name);
  host.cluster.create({ name, image: 'golden', headless: true });
  expect(await ended).toMatchObject({ expected: false, reason: 'it was removed from the cluster' });
});

test('no free worker, and a worker that is stuck, are told apart, and nothing of either is left', async () => {
  const follow = createClusterFollower({ ...quickPauses, queueTimeout: 500, takeTimeout: 500 });
  await start({ workers: [{ name: 'mac-07' }] }, { follow });
  const worker = host.cluster.workers.get('mac-07');
  if (!worker) throw new Error('no worker');
  worker.isPaused = true;
  await expect(driver.clone('golden', freshName(), { signal })).rejects.toMatchObject({
    code: 'CLUSTER_FULL',
  });
  [worker.isPaused, worker.isStuck] = [false, true];
  await expect(driver.clone('golden', freshName(), { signal })).rejects.toMatchObject({
    code: 'VM_CLONE_FAILED',
    failure: { terminal: { nextStep: expect.stringContaining('Restart Orchard on "mac-07"') } },
    message: expect.not.stringContaining('mac-07'),
  });
  worker.isStuck = false;
  expect(await driver.list({ signal })).toEqual([]);
});

test.each([
  ['failed to pull the VM: tart command failed: "UnexpectedHTTPStatusCode"', 'VM_IMAGE_MISSING'],
  ['VM failed: tart command failed: "Softnet failed"', 'VM_HOST_NOT_READY'],
  ['VM failed: tart command failed: "The number of VMs exceeds the system limit"', 'VM_LIMIT_REACHED'],
  ['Worker lost track of VM', 'VM_EXITED'],
  [`something else with ${randomUUID()}`, 'VM_CLONE_FAILED'],
])('what a worker says of a machine that it cannot start: %s', async (failsWith, code) => {
  await start({ knobs: { failsWith: () => failsWith } });
  const failure = await driver.clone('golden', freshName(), { signal }).catch((error) => error);
  expect(failure).toMatchObject({ code });
  expect(failure.message).not.toContain(failsWith);
});

test('a machine that is unwanted while it is cloned goes', async () => {
  await start({ knobs: { cloneTicks: 1_000_000 } });
  const name = freshName();
  const abort = new AbortController();
  const cloning = driver.clone('golden', name, { signal: abort.signal });
  cloning.catch(() => {});
  await vi.waitFor(async () => expect(await driver.list({ signal })).toEqual([name]), 10_000);
  abort.abort(new Error('unwanted'));
  await expect(cloning).rejects.toThrow('unwanted');
  await driver.delete(name, { signal });
  expect(await driver.list({ signal })).toEqual([]);
});

test.each<[string, ApiFault]>([
  ['done and answered only after that', 'delayed'],
  ['not answered, and done after that', 'late'],
  ['done, and its answer lost', 'lost'],
  ['neither done nor answered', 'silent'],
])('a machine that is given up while it is asked for: a request that is %s leaves none', async (_, fault) => {
  const follow = createClusterFollower({ ...quickPauses, requestTimeout: 500 });
  await start({ knobs: { cloneTicks: 1_000_000 } }, { follow });
  failing('POST', fault);
  const name = freshName();
  const abort = new AbortController();
  const cloning = driver.clone('golden', name, { signal: abort.signal });
  cloning.catch(() => {});
  await vi.waitFor(() => expect(posts()).toBe(1), 10_000);
  abort.abort(new Error('unwanted'));
  await expect(cloning).rejects.toThrow('unwanted');
  const made = vi.spyOn(host.cluster, 'create');
  await driver.delete(name, { signal });
  expect([...host.cluster.vms.keys()]).toEqual([]);
  expect(posts()).toBe(1);
  if (fault === 'delayed' || fault === 'late') expect(made).toHaveBeenCalledOnce();
});

test('who waits for a request that is under way can stop waiting', async () => {
  await start({ knobs: { lateMs: 1_000 } });
  failing('POST', 'delayed');
  const name = freshName();
  const abort = new AbortController();
  const cloning = driver.clone('golden', name, { signal: abort.signal });
  await vi.waitFor(() => expect(posts()).toBe(1), 10_000);
  abort.abort(new Error('unwanted'));
  await expect(cloning).rejects.toThrow('unwanted');
  const tired = new AbortController();
  const deleting = driver.delete(name, { signal: tired.signal });
  tired.abort(new Error('tired'));
  await expect(deleting).rejects.toThrow('tired');
  // the next attempt waits for the rest
  await driver.delete(name, { signal });
  expect([...host.cluster.vms.keys()]).toEqual([]);
});

test('another host key than the pinned one, and a way to another machine, end the attempt', async () => {
  await start({}, {});
  const { address } = await boot();
  const other = { ...address, hostKeyFingerprint: `SHA256:${'A'.repeat(43)}` };
  await expect(driver.openGuest(other, { signal })).rejects.toMatchObject({
    code: 'GUEST_HOST_KEY_MISMATCH',
  });
});

test('the token is in no request, no error and no view of a machine', async () => {
  await start({}, { token: 'wrong-token-of-the-signer' });
  const failures = await Promise.allSettled([
    driver.checkHost?.('golden', { signal }),
    driver.clone('golden', freshName(), { signal }),
  ]);
  for (const failure of failures) {
    expect(failure).toMatchObject({ status: 'rejected', reason: { code: 'CLUSTER_REFUSED' } });
    expect(JSON.stringify(failure)).not.toContain('wrong-token');
  }
  driver = orchardDriver(host);
  await driver.checkHost?.('golden', { signal });
  await boot();
  expect(JSON.stringify([...host.cluster.vms.values()])).not.toContain('token');
});
