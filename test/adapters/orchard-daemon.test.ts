import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { WORKER_SECRET } from '../helpers/daemon.ts';
import { descendantTexts } from '../helpers/leak-check.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { startCli } from '../integration/cli.ts';
import { type Materials, makeMaterials } from '../integration/materials.ts';
import { ACCOUNT, type OrchardHost, orchardHost } from '../orchard-emulator/host.ts';
import type { Knobs } from '../orchard-emulator/knobs.ts';
import { orchardSettings } from '../orchard-emulator/settings.ts';

/** The built daemon, as an operator starts it, on a cluster of two Macs. */
let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-orchard-daemon-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let hub: EmbeddedHub;
let host: OrchardHost;
let daemons: ReturnType<typeof startCli>[];
beforeEach(async () => {
  daemons = [];
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET });
  host = await orchardHost({ toolDirs: [dirname(rcodesignPath)], tickMs: 100 });
  await writeFile(join(folder, 'controller.pem'), host.certificate);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(daemons.flatMap(({ lines }) => lines).join('\n'));
  for (const daemon of daemons) daemon.signal('SIGKILL');
  await Promise.all(daemons.map(({ ended }) => ended));
  await hub.stop();
  await host.remove();
});

function start(more: Readonly<Record<string, string>> = {}, command = 'run') {
  const daemon = startCli(
    {
      PERRY_HUB_URL: hub.webSocketUrl,
      PERRY_HUB_WORKER_SECRET: WORKER_SECRET,
      PERRY_WORKER_NAME: 'orchard-tester',
      ...orchardSettings({ ...host, certificateFile: join(folder, 'controller.pem') }),
      PERRY_STATE_DIR: join(folder, 'state'),
      PERRY_TIMESTAMP_URL: 'none',
      ...more,
    },
    command,
  );
  daemons.push(daemon);
  return daemon;
}

test('a macOS job and an iOS job, each in a machine of the cluster, which is gone afterwards', async () => {
  const daemon = start();
  const jobs = [await hub.submitJob(materials.macJob()), await hub.submitJob(materials.iosJob())];
  const ends = await Promise.all(jobs.map((job) => hub.completed(job, AbortSignal.timeout(120_000))));
  expect(ends.map(({ success, error }) => ({ success, error }))).toEqual([
    { success: true },
    { success: true },
  ]);
  expect(jobs.map((job) => hub.artifact(job)?.target)).toEqual(['macos-sign', 'ios-sign']);
  // children of the daemon are told the way into a guest by a channel of their own
  expect(
    descendantTexts().filter((text) => text.includes(ACCOUNT.token) && !text.includes('PERRY_ORCHARD_TOKEN')),
  ).toEqual([]);
  expect(daemon.lines.filter((line) => line.includes(ACCOUNT.token))).toEqual([]);
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
  await host.expectNothingLeft();
});

test('a daemon that takes as many jobs as there is room for says so to the hub, and respects the machines of others', async () => {
  host.cluster.create({ name: 'of-somebody-else', image: 'golden', headless: true });
  const daemon = start({ PERRY_MAX_CONCURRENT_BUILDS: 'auto', PERRY_VM_STANDBY: '4' });
  await vi.waitFor(() => expect(hub.workers()).toMatchObject([{ max: 3 }]), 30_000);
  await vi.waitFor(() => expect(host.cluster.vms.size).toBe(4), 30_000);
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
  expect([...host.cluster.vms.keys()]).toEqual(['of-somebody-else']);
  host.cluster.remove('of-somebody-else');
  await host.expectNothingLeft();
});

test('a daemon of a cluster without room is given no job, and says what to do', async () => {
  for (const worker of host.cluster.workers.values()) worker.isPaused = true;
  const daemon = start({ PERRY_MAX_CONCURRENT_BUILDS: 'auto' });
  await vi.waitFor(() => expect(hub.workers()).toMatchObject([{ capabilities: [] }]), 30_000);
  await hub.submitJob(materials.macJob());
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
  expect(daemon.lines.join('\n')).toMatch(/no host of the cluster has room.*perry-ship doctor/);
  expect(daemon.lines.join('\n')).not.toContain('job assigned');
  await host.expectNothingLeft();
});

test('a number of jobs is taken also where the cluster does not say its room, and nothing stands by until it does', async () => {
  host.knobs.fault = ({ path }) => (path === '/workers' ? { status: 503 } : undefined);
  const daemon = start({ PERRY_MAX_CONCURRENT_BUILDS: '3' });
  await vi.waitFor(() => expect(hub.workers()).toMatchObject([{ max: 3 }]), 30_000);
  const job = await hub.submitJob(materials.macJob());
  expect(await hub.completed(job, AbortSignal.timeout(120_000))).toMatchObject({ success: true });
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
  expect(host.cluster.calls.filter(({ method }) => method === 'POST')).toHaveLength(1);
  await host.expectNothingLeft();
});

/** The first request for a machine is carried out only after something has happened to whoever wants it. */
function slowlyMade() {
  const faults = ['delayed' as const];
  const fault: Knobs['fault'] = ({ method }) => (method === 'POST' ? faults.shift() : undefined);
  Object.assign(host.knobs, { lateMs: 1_500, fault });
  const made = vi.spyOn(host.cluster, 'create');
  const isAskedFor = () => host.cluster.calls.some(({ method }) => method === 'POST');
  return { made, askedFor: () => vi.waitFor(() => expect(isAskedFor()).toBe(true), 30_000) };
}

test('a daemon that ends while it asks for a machine leaves none', async () => {
  const { made, askedFor } = slowlyMade();
  const daemon = start({ PERRY_VM_STANDBY: '1' });
  await askedFor();
  expect(made).not.toHaveBeenCalled();
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
  expect(made).toHaveBeenCalledOnce();
  await host.expectNothingLeft();
});

test('a job that is cancelled while its machine is asked for leaves none', async () => {
  const { made, askedFor } = slowlyMade();
  const daemon = start({ PERRY_VM_STANDBY: '0' });
  const job = await hub.submitJob(materials.macJob());
  await askedFor();
  expect(made).not.toHaveBeenCalled();
  expect(hub.cancel(job)).toBe(true);
  expect(await hub.completed(job, AbortSignal.timeout(60_000))).toMatchObject({ success: false });
  await vi.waitFor(() => expect(made).toHaveBeenCalledOnce(), 10_000);
  await vi.waitFor(() => expect([...host.cluster.vms.keys()]).toEqual([]), 10_000);
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
  await host.expectNothingLeft();
});

test('a daemon that cannot remove its machines when it ends names them, and the next one removes them', async () => {
  const daemon = start({ PERRY_VM_STANDBY: '1' });
  await vi.waitFor(() => expect(host.cluster.tunnels.size).toBe(1), 30_000);
  const [name = ''] = host.cluster.vms.keys();
  host.knobs.fault = ({ method }) => (method === 'DELETE' ? { status: 503 } : undefined);
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
  const last = daemon.lines.filter((line) => line.includes('may still run')).map((line) => JSON.parse(line));
  expect(last).toMatchObject([{ machines: [name], nextStep: expect.stringContaining('PERRY_STATE_DIR') }]);
  host.knobs.fault = undefined;
  const next = start({ PERRY_VM_STANDBY: '0' });
  await vi.waitFor(() => expect([...host.cluster.vms.keys()]).toEqual([]), 30_000);
  next.signal('SIGTERM');
  expect(await next.ended).toBe(0);
  await host.expectNothingLeft();
});

test('what a killed daemon left in the cluster is removed by the next one', async () => {
  const killed = start();
  await vi.waitFor(() => expect(host.cluster.vms.size).toBeGreaterThan(0), 30_000);
  killed.signal('SIGKILL');
  await killed.ended;
  const left = [...host.cluster.vms.keys()];
  start({ PERRY_VM_STANDBY: '0' });
  await vi.waitFor(
    () => expect([...host.cluster.vms.keys()].filter((name) => left.includes(name))).toEqual([]),
    30_000,
  );
});

test.each([
  ['all is well', {}, /ok {6}What may the service account do\?/],
  ['a wrong token', { PERRY_ORCHARD_TOKEN: 'wrong-token' }, /PERRY_ORCHARD_TOKEN/],
  ['a certificate that is not trusted', { PERRY_ORCHARD_CA_FILE: '' }, /DEPTH_ZERO_SELF_SIGNED_CERT/],
  ['a pinned certificate that is another one', { PERRY_ORCHARD_FINGERPRINT: 'ab'.repeat(32) }, /NOT_PINNED/],
  ['no address', { PERRY_ORCHARD_URL: '' }, /Set PERRY_ORCHARD_URL/],
  ['no pinned host key', { PERRY_TART_HOST_KEY: '' }, /Set PERRY_TART_HOST_KEY/],
])('doctor: %s', async (_, other, said) => {
  const doctor = start(other, 'doctor');
  await doctor.ended;
  const text = doctor.lines.join('\n');
  expect(text).toMatch(said);
  expect(text).not.toContain('wrong-token');
  // whether it may is asked of a machine that does not exist
  expect(host.cluster.calls.filter(({ method, path }) => method !== 'GET' && !/doctor/.test(path))).toEqual(
    [],
  );
});
