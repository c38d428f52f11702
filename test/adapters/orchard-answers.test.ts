import { afterEach, expect, test, vi } from 'vitest';
import { type ClusterMachineLimits, createClusterFollower } from '../../src/actors/cluster-machines.ts';
import type { VmDriver } from '../../src/adapters/vm/driver.ts';
import { freshName, never as signal } from '../helpers/local-vm.ts';
import { orchardDriver, quickPauses } from '../orchard-emulator/driver.ts';
import { ACCOUNT, type OrchardHost, type OrchardHostOptions, orchardHost } from '../orchard-emulator/host.ts';
import type { ApiCall, ApiFault } from '../orchard-emulator/knobs.ts';
import { startLightGuest } from '../orchard-emulator/light-guest.ts';
import type { Account } from '../orchard-emulator/resources.ts';

/** Answers of the controller that are wrong, late or missing, while a machine lives. */
let host: OrchardHost;
let driver: VmDriver;
afterEach(async () => {
  host.knobs.fault = undefined;
  for (const name of await driver.list({ signal })) await driver.delete(name, { signal });
  await vi.waitFor(() => host.expectNothingLeft(), 10_000);
  await host.remove();
});

const patience = { timeout: 20_000, interval: 10 };
const limits = { ...quickPauses, requestTimeout: 800, answerTimeout: 800 };
const start = async (options: OrchardHostOptions = {}, more: Partial<ClusterMachineLimits> = {}) => {
  host = await orchardHost({ tickMs: 30, startGuest: startLightGuest, ...options });
  driver = orchardDriver(host, { follow: createClusterFollower({ ...limits, ...more }) });
};

const boot = async () => {
  const name = freshName();
  await driver.clone('golden', name, { signal });
  const ended = driver.run(name, { signal, onStarted: () => undefined });
  const address = await driver.locate(name, { signal });
  return { name, ended, address };
};
const callsOf = (method: string) => host.cluster.calls.filter((call) => call.method === method).length;
/** The first requests of this kind go wrong, one after the other. */
const failing = (isOne: (call: ApiCall) => boolean, ...faults: readonly ApiFault[]) => {
  const left = [...faults];
  host.knobs.fault = (call) => (isOne(call) ? left.shift() : undefined);
};
const isTunnel = ({ path }: ApiCall) => path.endsWith('/port-forward');
const isRunning = async (ended: Promise<unknown>) =>
  expect(await Promise.race([ended, Promise.resolve('runs')])).toBe('runs');

test('a worker that dies closes the tunnels with 1000; its machine ends when the controller says so', async () => {
  await start({ workers: [{ name: 'mac-07' }], knobs: { offlineTicks: 10 } });
  const { name, ended, address } = await boot();
  const session = await driver.openGuest(address, { signal });
  host.cluster.killWorker('mac-07');
  expect(await session.closed).toMatch(/closed/i);
  expect(host.cluster.read(name).status).toBe('running');
  expect(await ended).toMatchObject({ expected: false, reason: 'the cluster lost its host' });
  await host.cluster.workers.get('mac-07')?.restart();
});

const WELL: Account = { ...ACCOUNT, roles: ['compute:read', 'compute:write'] };
test.each<[string, Partial<Account>]>([
  ['whose token is wrong', { token: 'another' }],
  ['without the role to see machines', { roles: ['compute:write'] }],
  ['without the role to make machines', { roles: ['compute:read'] }],
])('an account %s is refused when it is checked, and changes nothing', async (_, more) => {
  await start();
  await driver.checkAccount?.({ signal });
  host.cluster.accounts.set(ACCOUNT.name, { ...WELL, ...more });
  await expect(driver.checkAccount?.({ signal })).rejects.toMatchObject({
    code: 'CLUSTER_REFUSED',
    failure: { nextStep: expect.stringContaining('PERRY_ORCHARD_SERVICE_ACCOUNT') },
  });
  host.cluster.accounts.set(ACCOUNT.name, WELL);
  await driver.checkAccount?.({ signal });
});

test('a token that is wrong for a while costs no machine that runs', async () => {
  await start();
  const { ended } = await boot();
  host.cluster.accounts.set(ACCOUNT.name, { ...ACCOUNT, token: 'another', roles: [] });
  const refused = await driver.list({ signal }).catch((error) => error);
  expect(refused).toMatchObject({ code: 'CLUSTER_REFUSED' });
  const before = host.cluster.ticks;
  await vi.waitFor(() => expect(host.cluster.ticks).toBeGreaterThan(before + 10), patience);
  await isRunning(ended);
  host.cluster.accounts.set(ACCOUNT.name, { ...ACCOUNT, roles: ['compute:read', 'compute:write'] });
  await isRunning(ended);
});

test.each<[number, string]>([
  [401, 'CLUSTER_REFUSED'],
  [404, 'CLUSTER_TUNNEL_REFUSED'],
  [408, 'CLUSTER_TUNNEL_REFUSED'],
  [417, 'CLUSTER_TUNNEL_REFUSED'],
  [500, 'CLUSTER_TUNNEL_REFUSED'],
  [503, 'CLUSTER_TUNNEL_REFUSED'],
])('a tunnel that is refused with %i is one attempt, and the next one may succeed', async (status, code) => {
  await start();
  const { address } = await boot();
  failing(isTunnel, { status });
  await expect(driver.openGuest(address, { signal })).rejects.toMatchObject({ code });
  const session = await driver.openGuest(address, { signal });
  expect((await session.exec('echo')).exitCode).toBe(0);
});

test.each<[string, readonly ApiFault[], boolean]>([
  ['is answered with 500', [{ status: 500 }], false],
  ['is answered with 503', [{ status: 503 }], false],
  ['is reset before it is done', ['reset'], false],
  ['somebody else answers with 404', [{ status: 404 }], false],
  ['is done, and its answer lost', ['lost'], true],
])('a removal that %s is an error, and the next one removes it', async (_, faults, isDone) => {
  await start();
  const { name, ended } = await boot();
  failing(({ method }) => method === 'DELETE', ...faults);
  await expect(driver.delete(name, { signal })).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
  expect(host.cluster.vms.has(name)).toBe(!isDone);
  await driver.delete(name, { signal });
  expect(await ended).toMatchObject({ expected: true });
  expect(host.cluster.vms.has(name)).toBe(false);
});

test('a removal that is never answered ends with its deadline', async () => {
  await start();
  const { name } = await boot();
  host.knobs.fault = ({ method }) => (method === 'DELETE' ? 'silent' : undefined);
  const late = AbortSignal.timeout(300);
  await expect(driver.delete(name, { signal: late })).rejects.toThrow(/timeout/i);
  host.knobs.fault = undefined;
});

test('a request for a machine that is never answered, and one that is done long after, make one machine', async () => {
  await start();
  failing(({ method }) => method === 'POST', 'silent', 'late', 'slow');
  const { name } = await boot();
  expect([...host.cluster.vms.keys()]).toEqual([name]);
  expect(callsOf('POST')).toBeGreaterThan(1);
});

test('a machine that comes when nobody waits any more is removed', async () => {
  await start({ knobs: { lateMs: 300 } });
  failing(({ method }) => method === 'POST', 'late');
  const abort = new AbortController();
  const name = freshName();
  const cloning = driver.clone('golden', name, { signal: abort.signal });
  cloning.catch(() => {});
  await vi.waitFor(() => expect(callsOf('POST')).toBe(1), patience);
  abort.abort(new Error('unwanted'));
  await expect(cloning).rejects.toThrow('unwanted');
  await driver.delete(name, { signal });
  await vi.waitFor(() => expect(callsOf('DELETE')).toBeGreaterThan(1), patience);
  expect(host.cluster.vms.has(name)).toBe(false);
});

test('a name that another machine has is not taken from it', async () => {
  await start();
  const name = freshName();
  const { uid } = host.cluster.create({ name, image: 'golden', headless: true });
  await expect(driver.clone('golden', name, { signal })).rejects.toMatchObject({ code: 'VM_CLONE_FAILED' });
  expect(host.cluster.read(name).uid).toBe(uid);
  expect(callsOf('DELETE')).toBe(0);
});

test('room that others give back late is waited for', async () => {
  await start({ workers: [{ name: 'mac-01' }] });
  for (const name of ['theirs-1', 'theirs-2']) host.cluster.create({ name, image: 'golden', headless: true });
  const name = freshName();
  const cloning = driver.clone('golden', name, { signal });
  const before = host.cluster.ticks;
  await vi.waitFor(() => expect(host.cluster.ticks).toBeGreaterThan(before + 5), patience);
  expect(host.cluster.read(name)).not.toHaveProperty('worker');
  for (const theirs of ['theirs-1', 'theirs-2']) host.cluster.remove(theirs);
  await cloning;
  expect(host.cluster.read(name).status).toBe('running');
});

test('a controller that is slow, and one that says nothing for a while, cost nothing but time', async () => {
  await start();
  const { ended, address } = await boot();
  for (const fault of ['slow', 'silent'] as const) {
    host.knobs.fault = () => fault;
    const before = host.cluster.ticks;
    await vi.waitFor(() => expect(host.cluster.ticks).toBeGreaterThan(before + 30), patience);
    host.knobs.fault = undefined;
    await isRunning(ended);
  }
  expect((await (await driver.openGuest(address, { signal })).exec('echo')).exitCode).toBe(0);
});

test('a controller that says nothing for too long is the end of the wait for a machine', async () => {
  await start({}, { creationTimeout: 700, requestTimeout: 200 });
  host.knobs.fault = () => 'silent';
  const failure = await driver.clone('golden', freshName(), { signal }).catch((error) => error);
  expect(failure).toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
  host.knobs.fault = undefined;
}, 30_000);

test.each([404, 417])(
  'a way that is refused with %i is the end of no machine that lives, also when somebody was inside',
  async (status) => {
    await start();
    const { address, ended } = await boot();
    const session = await driver.openGuest(address, { signal });
    await session.close();
    failing(isTunnel, { status });
    await expect(driver.openGuest(address, { signal })).rejects.toMatchObject({
      code: 'CLUSTER_TUNNEL_REFUSED',
    });
    await isRunning(ended);
    const again = await driver.openGuest(address, { signal });
    expect((await again.exec('echo')).exitCode).toBe(0);
  },
);

test.each([404, 409, 417])(
  'an answer of %i to the question for all machines is the end of none',
  async (status) => {
    await start();
    const { ended } = await boot();
    const faults = Array.from({ length: 5 }, () => ({ status }));
    const before = host.cluster.calls.length;
    failing(({ path }) => path === '/vms', ...faults);
    await vi.waitFor(() => expect(host.cluster.calls.length).toBeGreaterThan(before + 7), patience);
    await isRunning(ended);
  },
);

test.each([404, 429])(
  'a request for a machine that somebody else answers with %i is made again',
  async (status) => {
    await start();
    failing(({ method }) => method === 'POST', { status });
    const { name } = await boot();
    expect([...host.cluster.vms.keys()]).toEqual([name]);
  },
);

test.each([409, 412, 417, 403])(
  'a removal that is answered with %i was not done, and is an error',
  async (status) => {
    await start();
    const { name } = await boot();
    failing(({ method }) => method === 'DELETE', { status });
    const refusal = await driver.delete(name, { signal }).catch((error) => error);
    expect(refusal).toMatchObject({ code: 'CLUSTER_REFUSED' });
    expect(refusal.failure.nextStep).not.toContain('PERRY_ORCHARD_TOKEN');
    expect(host.cluster.vms.has(name)).toBe(true);
    await driver.delete(name, { signal });
    expect(host.cluster.vms.has(name)).toBe(false);
  },
);

test('an account that is removed while a machine is made ends that at once, with the reason', async () => {
  await start({ knobs: { cloneTicks: 1_000_000 } });
  const account = host.cluster.accounts.get(ACCOUNT.name);
  const cloning = driver.clone('golden', freshName(), { signal });
  cloning.catch(() => {});
  await vi.waitFor(() => expect(host.cluster.vms.size).toBe(1), patience);
  host.cluster.accounts.clear();
  await expect(cloning).rejects.toMatchObject({
    code: 'CLUSTER_REFUSED',
    failure: { nextStep: expect.stringContaining('PERRY_ORCHARD_TOKEN') },
  });
  if (account) host.cluster.accounts.set(ACCOUNT.name, account);
});
