import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { printVmName } from '../../src/domain/vm-name.ts';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { WORKER_SECRET } from '../helpers/daemon.ts';
import { startGuardedAuthority } from '../helpers/guarded-authority.ts';
import { processesOf } from '../helpers/leak-check.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { startCli } from '../integration/cli.ts';
import { type Materials, makeMaterials } from '../integration/materials.ts';
import { makeImage, SSH_PORT, type TartHost, tartHost } from '../tart-emulator/host.ts';

/** The built daemon, as an operator starts it, on a host with Tart. */
let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-tart-daemon-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let hub: EmbeddedHub;
let host: TartHost;
let daemons: ReturnType<typeof startCli>[];
beforeEach(async () => {
  daemons = [];
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET });
  host = await tartHost({ toolDirs: [dirname(rcodesignPath)] });
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(daemons.flatMap(({ lines }) => lines).join('\n'));
  for (const daemon of daemons) daemon.signal('SIGKILL');
  await Promise.all(daemons.map(({ ended }) => ended));
  await hub.stop();
  await host.expectNothingLeft();
  await host.remove();
});

function start(more: Readonly<Record<string, string>> = {}) {
  const daemon = startCli(
    {
      PATH: [host.bin, process.env.PATH].join(delimiter),
      TART_HOME: host.home,
      PERRY_HUB_URL: hub.webSocketUrl,
      PERRY_HUB_WORKER_SECRET: WORKER_SECRET,
      PERRY_WORKER_NAME: 'tart-tester',
      PERRY_VM_DRIVER: 'tart',
      PERRY_TART_IMAGE: 'golden',
      PERRY_TART_SSH_PORT: String(SSH_PORT),
      PERRY_MIN_FREE_DISK_GB: '1',
      PERRY_STATE_DIR: join(host.folder, 'state'),
      PERRY_TIMESTAMP_URL: 'none',
      ...more,
    },
    'run',
  );
  daemons.push(daemon);
  return daemon;
}

/** Ends it as launchd does: no machine is left, standing by or not. */
async function drained(daemon: ReturnType<typeof startCli>): Promise<void> {
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
  await host.expectNothingLeft();
}

test('a macOS job and an iOS job, each in a machine of its own, which is gone afterwards', async () => {
  const daemon = start();
  const jobs = [await hub.submitJob(materials.macJob()), await hub.submitJob(materials.iosJob())];
  const ends = await Promise.all(jobs.map((job) => hub.completed(job, AbortSignal.timeout(50_000))));
  expect(ends.map(({ success, error }) => ({ success, error }))).toEqual([
    { success: true },
    { success: true },
  ]);
  expect(jobs.map((job) => hub.artifact(job)?.target)).toEqual(['macos-sign', 'ios-sign']);
  await drained(daemon);
  expect(hub.violations).toEqual([]);
  expect(daemon.lines.join('\n')).not.toContain('"admin"');
});

test('killed by SIGKILL, it takes its machines along; the restarted one removes them and does the job', async () => {
  const first = start();
  const job = await hub.submitJob(materials.macJob());
  await vi.waitFor(async () => expect(await host.machines()).toHaveLength(1), {
    timeout: 30_000,
    interval: 5,
  });
  first.signal('SIGKILL');
  await first.ended;
  await vi.waitFor(() => expect(processesOf(host.home)).toEqual([]), { timeout: 10_000, interval: 20 });
  const second = start();
  await second.said(/running/);
  expect(await hub.completed(job, AbortSignal.timeout(50_000))).toMatchObject({ success: true });
  await drained(second);
});

/** Where a job stands when it is cancelled, and what else goes wrong on its way there. */
const stubborn = { faults: { stop: { hang: 'stubborn' } }, run: { ignoresSigint: true } };
test.each([
  ['the machine has no address', { ...stubborn, ip: { never: true } }, /"locating"/],
  ['SSH is a black hole', { ...stubborn, guest: { ssh: 'silent' } }, /"connecting":"attempting"/],
  ['a command in the guest hangs', { ...stubborn, guest: { ssh: 'execHangs' } }, /"connecting":"attempting"/],
  ['the bundle is being signed', stubborn, /"codesigning"/],
] as const)(
  'a cancel while %s, and no machine wants to stop: one answer, nothing left',
  async (...[, knobs, state]) => {
    await host.setKnobs(knobs);
    const daemon = start({ PERRY_LOG_LEVEL: 'debug', PERRY_VM_STANDBY: '0' });
    const job = await hub.submitJob(materials.macJob());
    await daemon.said(state);
    expect(hub.cancel(job)).toBe(true);
    const { success, error } = await hub.completed(job, AbortSignal.timeout(50_000));
    expect({ success, error }).toMatchObject({ success: false, error: expect.stringMatching(/cancel/i) });
    await vi.waitFor(async () => expect(await host.machines()).toEqual([]), {
      timeout: 30_000,
      interval: 20,
    });
    await drained(daemon);
    expect(hub.messages(job).filter(({ type }) => type === 'complete')).toHaveLength(1);
  },
);

test('a host that does not say what it has is asked again, and a machine of a previous process goes', async () => {
  const stateDir = join(host.folder, 'state');
  await mkdir(stateDir, { mode: 0o700 });
  await writeFile(join(stateDir, 'instance'), 'c0ffee01\n');
  const left = printVmName({ instance: 'c0ffee01', runId: randomUUID() });
  await makeImage(host.home, left);
  await host.setKnobs({
    faults: { list: { exitCode: 1, stderr: 'Error: no such file', times: 8 } },
  });
  const daemon = start();
  await daemon.said(/taking no jobs until that works/);
  await daemon.said(/linked to the hub/);
  expect(await host.machines()).not.toContain(left);
  await drained(daemon);
});

test('the limit of the host reaches the sender of the job as what it is', async () => {
  await host.setKnobs({ slots: { max: 0 } });
  const daemon = start();
  const job = await hub.submitJob(materials.macJob());
  const { success, error } = await hub.completed(job, AbortSignal.timeout(50_000));
  expect({ success, error }).toMatchObject({
    success: false,
    error: expect.stringMatching(/VM_LIMIT_REACHED/),
  });
  await drained(daemon);
});

test('a host that lacks tart or the image is told apart at start, by text and exit code', async () => {
  const noImage = start({ PERRY_TART_IMAGE: 'silver' });
  await noImage.said(
    /VM_IMAGE_MISSING: The golden image "silver" does not exist on this host.*PERRY_TART_IMAGE/,
  );
  expect(await noImage.ended).toBe(69);
  const noTart = start({ PERRY_TART_BINARY: '/nowhere/tart' });
  await noTart.said(/COMMAND_NOT_FOUND/);
  expect(await noTart.ended).toBe(69);
});

test('behind Softnet a job gets its time stamps from the worker; without it the log says what to do', async () => {
  const authority = await startGuardedAuthority();
  const settings = { PERRY_TIMESTAMP_URL: authority.url, PERRY_MAX_CONCURRENT_BUILDS: '1' };
  const warned = (daemon: ReturnType<typeof startCli>) =>
    daemon.lines.filter((line) => line.includes('reach the network of this host'));
  try {
    const open = start(settings);
    await vi.waitFor(
      () => expect(warned(open)).toEqual([expect.stringContaining('Install Softnet')]),
      30_000,
    );
    await drained(open);
    await host.remove();
    host = await tartHost({ toolDirs: [dirname(rcodesignPath)], softnet: 'works' });
    const daemon = start(settings);
    const job = await hub.submitJob(materials.macJob());
    expect(await hub.completed(job, AbortSignal.timeout(50_000))).toMatchObject({ success: true });
    expect(new Set(authority.askers)).toEqual(new Set(['perry-ship']));
    await drained(daemon);
    expect(warned(daemon)).toEqual([]);
  } finally {
    await authority.stop();
  }
});
