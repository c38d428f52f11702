import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { instanceOf } from '../../src/daemon/instance.ts';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { WORKER_SECRET } from '../helpers/daemon.ts';
import { type InstantDaemon, instantSubmission, startInstantDaemon } from '../helpers/instant-daemon.ts';
import { orchardDriver } from '../orchard-emulator/driver.ts';
import { type OrchardHost, orchardHost } from '../orchard-emulator/host.ts';
import { closeLightGuests, startLightGuest } from '../orchard-emulator/light-guest.ts';

/** Daemons whose cluster has its controller restarted, or is shared with another daemon. */
let folder: string;
let hub: EmbeddedHub;
let host: OrchardHost;
let daemons: InstantDaemon['daemon'][];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-restart-'));
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET });
  host = await orchardHost({ tickMs: 30, startGuest: startLightGuest, knobs: { chunkBytes: [65_536] } });
  daemons = [];
});
afterEach(async () => {
  for (const { supervisor, finished } of daemons) {
    supervisor.send({ type: 'drain.requested' });
    await finished;
  }
  await vi.waitFor(() => host.expectNothingLeft(), 10_000);
  await hub.stop();
  await host.remove();
  await closeLightGuests();
  await rm(folder, { recursive: true, force: true });
});

async function start(name: string, standby: number, working?: (jobId: string) => Promise<unknown>) {
  const stateDir = join(folder, name);
  const instance = await instanceOf(stateDir);
  const { daemon } = await startInstantDaemon({
    ...{ hubUrl: hub.webSocketUrl, hubSecret: WORKER_SECRET, stateDir, working: working ?? (async () => {}) },
    driver: orchardDriver(host, { instance }),
    env: { PERRY_TART_IMAGE: 'golden', PERRY_VM_STANDBY: String(standby), PERRY_WORKER_NAME: name },
  });
  daemons.push(daemon);
  return { daemon, instance };
}

const patience = { timeout: 60_000, interval: 5 };
const uids = () => [...host.cluster.vms.values()].map(({ uid }) => uid).toSorted();
const entered = (count: number) => vi.waitFor(() => expect(host.cluster.tunnels.size).toBe(count), patience);

test('a machine that stands by is entered again after the controller has restarted, and serves the next job', async () => {
  await start('one', 1);
  await entered(1);
  const [standby] = uids();
  const before = host.cluster.calls.filter(({ method }) => method === 'POST').length;
  await host.restart(() => host.tick());
  await entered(1);
  expect(uids()).toEqual([standby]);
  const job = await hub.submitJob(instantSubmission);
  expect(await hub.completed(job, AbortSignal.timeout(60_000))).toMatchObject({ success: true });
  // the one that stood by was used, and another one stands by in its place
  await vi.waitFor(() => expect(uids()).not.toContain(standby), patience);
  expect(host.cluster.calls.filter(({ method }) => method === 'POST').length).toBe(before + 1);
});

test('a job that is at work in its machine when the controller restarts is lost, and its machine removed', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isHeld = false;
  await start('one', 0, () => {
    isHeld = true;
    return held;
  });
  const job = await hub.submitJob(instantSubmission);
  await vi.waitFor(() => expect(isHeld).toBe(true), patience);
  await host.restart();
  const end = await hub.completed(job, AbortSignal.timeout(60_000));
  expect(end).toMatchObject({ success: false, error: expect.stringMatching(/^GUEST_LOST/) });
  release();
  await vi.waitFor(() => expect(uids()).toEqual([]), patience);
});

test('two daemons on one cluster never touch each other’s machines, also when one was killed and sweeps', async () => {
  const one = await start('one', 2);
  await entered(2);
  const ofOne = uids();
  const two = await start('two', 2);
  await entered(4);
  expect(one.instance).not.toBe(two.instance);
  // what a previous process of the second one would have left
  const left = `perry-ship-${two.instance}-3f2a1b00-0000-4000-8000-000000000001`;
  daemons.pop();
  two.daemon.supervisor.send({ type: 'drain.requested' });
  await two.daemon.finished;
  host.cluster.create({ name: left, image: 'golden', headless: true });
  await start('two', 0);
  await vi.waitFor(() => expect(uids()).toEqual(ofOne), patience);
  const removed = host.cluster.calls.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
  expect(removed.length).toBeGreaterThan(0);
  expect(removed.filter((path) => path.includes(one.instance))).toEqual([]);
});
