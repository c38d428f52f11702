import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type EmbeddedHub,
  type JobSubmission,
  startEmbeddedHub,
  type WorkerView,
} from '../../src/embedded-hub/embedded-hub.ts';
import { patience, settingsFor, WORKER_SECRET } from '../helpers/daemon.ts';
import { holdSigning } from '../helpers/held-rcodesign.ts';
import { connectWorker } from '../helpers/hub.ts';
import { descendantTexts, filesBelow, processesOf, strangersIn } from '../helpers/leak-check.ts';
import { asText, type SecretWatch, watchCredentials, watchSecrets } from '../helpers/secret-watch.ts';
import { type RunningCli, startCli } from './cli.ts';
import { expectGoodConversation, expectOneComplete } from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-process-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let room: string;
let hub: EmbeddedHub;
let env: Record<string, string>;
let secrets: SecretWatch;
let daemons: RunningCli[];

beforeEach(async () => {
  room = await mkdtemp(join(folder, 'room-'));
  await Promise.all(['hub', 'tmp'].map((name) => mkdir(join(room, name))));
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  env = { ...(await settingsFor(hub, room)), PERRY_LOG_LEVEL: 'debug', TMPDIR: join(room, 'tmp') };
  secrets = watchSecrets();
  secrets.add('the worker secret', WORKER_SECRET);
  for (const [name, secret] of Object.entries(materials.secrets)) secrets.add(name, secret);
  daemons = [];
});

/** Nothing of any daemon is left, and no secret was seen anywhere. */
afterEach(async () => {
  for (const daemon of daemons) daemon.signal('SIGKILL');
  await Promise.all(daemons.map(({ ended }) => ended));
  await expectNothingLeft();
  expect(hub.violations).toEqual([]);
  for (const { jobId } of hub.assignments) secrets.look('messages to the hub', asText(hub.messages(jobId)));
  for (const { lines } of daemons) secrets.look('the output of the daemon', lines.join('\n'));
  await secrets.lookInFiles('state folder', join(room, 'state'));
  await secrets.lookInFiles('commands in the guest', join(room, 'tools'));
  expect(secrets.findings).toEqual([]);
  await hub.stop();
  await rm(room, { recursive: true, force: true });
});

async function expectNothingLeft(): Promise<void> {
  const state = join(room, 'state');
  await vi.waitFor(() => expect(processesOf(state)).toEqual([]), { timeout: 10_000, interval: 20 });
  expect(await strangersIn(state)).toEqual([]);
  expect(await filesBelow(join(room, 'tmp'))).toEqual([]);
}

function daemon(more: Record<string, string> = {}): RunningCli {
  const started = startCli({ ...env, ...more }, 'run');
  daemons.push(started);
  return started;
}

async function submit(job: JobSubmission): Promise<string> {
  watchCredentials(secrets, job);
  const jobId = await hub.submitJob(job);
  for (const { token } of hub.assignments) secrets.add('a token', token);
  return jobId;
}

/** A daemon in the middle of signing. */
async function signingDaemon(job = materials.macJob()) {
  const signing = await holdSigning(join(room, 'tools'));
  const jobId = await submit(job);
  const running = daemon();
  await signing.begun;
  for (const { token } of hub.assignments) secrets.add('a token', token);
  for (const text of descendantTexts(running.pid)) secrets.look('a process of the daemon', text);
  return { jobId, signing, running };
}

const offersNothing = ({ capabilities }: WorkerView): boolean => capabilities.length === 0;

/** The worker that a job was given to last, unless it was taken back. */
const holderOf = (jobId: string): string | undefined =>
  hub.jobStatus(jobId) === 'queued'
    ? undefined
    : hub.assignments.findLast((one) => one.jobId === jobId)?.workerName;

describe('SIGTERM', () => {
  test('lets a job finish and ends with 0', async () => {
    const { jobId, signing, running } = await signingDaemon();
    running.signal('SIGTERM');
    await running.said(/draining/);
    await signing.release();
    expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
    expect(await running.ended).toBe(0);
    expectGoodConversation(hub, jobId);
  });

  test('fails nothing of a full queue: jobs that come during the drain are left to another worker', async () => {
    const { jobId, signing, running } = await signingDaemon();
    const other = await connectWorker(hub, { secret: WORKER_SECRET, name: 'the other', maxConcurrent: 9 });
    running.signal('SIGTERM');
    await running.said(/draining/);
    const late = await Promise.all([1, 2, 3].map(() => submit(materials.iosJob())));
    await hub.until(() => hub.workers().find(offersNothing), patience());
    await other.assignment(1);
    await signing.release();
    expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
    expect(await running.ended).toBe(0);
    expectOneComplete(hub.messages(jobId));
    // those that the other has no room for wait
    for (const job of late) {
      expect(hub.messages(job).filter(({ type }) => type !== 'queue_update')).toEqual([]);
      expect([undefined, 'the other']).toContain(holderOf(job));
    }
    other.socket.close();
    await other.ended();
  });

  test('a second time gives the job back to the hub, which has another worker do it, and ends with 0', async () => {
    const { jobId, signing, running } = await signingDaemon(materials.iosJob());
    running.signal('SIGTERM');
    await running.said(/draining/);
    running.signal('SIGTERM');
    expect(await running.ended).toBe(0);
    await signing.release();
    expect(hub.jobStatus(jobId)).toBe('queued');
    expect(hub.messages(jobId).map(({ type }) => type)).not.toContain('complete');
    const other = await connectWorker(hub, { secret: WORKER_SECRET, name: 'the other' });
    expect(await other.assignment(1)).toMatchObject({ jobId });
    other.socket.close();
    await other.ended();
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends a daemon without work at once, with a farewell',
    async (name) => {
      const running = daemon();
      await running.said(/linked to the hub/);
      running.signal(name);
      expect(await running.ended).toBe(0);
      await hub.until(() => (hub.workers().length === 0 ? true : undefined), patience());
    },
  );

  test('a second time gives jobs back that the hub does not take back by itself, and ends with 0', async () => {
    const first = await holdSigning(join(room, 'tools'));
    const earlier = await submit(materials.iosJob());
    const running = daemon();
    await first.begun;
    const second = await holdSigning(join(room, 'tools'));
    const last = await submit(materials.macJob());
    await second.begun;
    for (const { token } of hub.assignments) secrets.add('a token', token);
    running.signal('SIGTERM');
    await running.said(/draining/);
    running.signal('SIGTERM');
    expect(await running.ended).toBe(0);
    for (const jobId of [earlier, last]) {
      expect(hub.jobStatus(jobId)).toBe('queued');
      expect(hub.messages(jobId).map(({ type }) => type)).not.toContain('complete');
    }
    await Promise.all([first.release(), second.release()]);
  });

  test('ends a daemon whose hub is not there', async () => {
    await hub.refuseConnections(true);
    const running = daemon();
    await running.said(/link to the hub lost/);
    running.signal('SIGTERM');
    expect(await running.ended).toBe(0);
  });
});

describe('a daemon that was killed', () => {
  test('leaves no secret on the disk; after a restart it sweeps and does the job again', async () => {
    const { jobId, signing, running } = await signingDaemon();
    running.signal('SIGKILL');
    expect(await running.ended).toBe('SIGKILL');
    await signing.release();
    const state = join(room, 'state');
    expect(await readdir(join(state, 'clones'))).not.toEqual([]);
    expect(await readdir(join(state, 'runs'))).not.toEqual([]);
    for (const { token } of hub.assignments) secrets.add('a token', token);
    await secrets.lookInFiles('state folder of the killed', state);

    const next = daemon();
    await next.said(/destroying machines that the previous process left/);
    expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
    expect(hub.assignments.filter((one) => one.jobId === jobId)).toHaveLength(2);
    expectOneComplete(hub.messages(jobId));
    next.signal('SIGTERM');
    expect(await next.ended).toBe(0);
  });

  test('takes its machines and everything in them along', async () => {
    const { signing, running } = await signingDaemon();
    const state = join(room, 'state');
    expect(processesOf(state).length).toBeGreaterThan(1);
    running.signal('SIGKILL');
    await running.ended;
    await vi.waitFor(() => expect(processesOf(state)).toEqual([]), { timeout: 10_000, interval: 20 });
    await signing.release();
    const next = daemon();
    await next.said(/linked to the hub/);
    next.signal('SIGTERM');
    next.signal('SIGTERM');
    await next.ended;
  });
});

test('standby machines of a daemon that was killed are swept as well', async () => {
  const standby = { PERRY_VM_STANDBY: '1' };
  const running = daemon(standby);
  await running.said(/"standby[^"]*".*ready|standby\.[^"]*","state":\{"alive":\{"ready/);
  running.signal('SIGKILL');
  await running.ended;
  expect(await readdir(join(room, 'state', 'clones'))).toHaveLength(1);
  const next = daemon(standby);
  await next.said(/destroying machines that the previous process left/);
  await next.said(/linked to the hub/);
  next.signal('SIGTERM');
  expect(await next.ended).toBe(0);
});

describe('a configuration that cannot work', () => {
  test.each([
    [{ PERRY_MAX_CONCURRENT_BUILDS: 'zero' }, 78, /PERRY_MAX_CONCURRENT_BUILDS.*whole number/],
    [{ PERRY_HUB_URL: 'https://hub.example' }, 78, /PERRY_HUB_URL.*ws:\/\/ or wss:\/\//],
    [{ PERRY_VM_DRIVER: 'vmware' }, 78, /PERRY_VM_DRIVER.*tart, qemu, orchard or local/],
    [{ PERRY_VM_DRIVER: 'tart' }, 69, /COMMAND_NOT_FOUND.*"tart"/],
    [{ PERRY_RCODESIGN: '/nonexistent/rcodesign' }, 69, /RCODESIGN_UNUSABLE|RCODESIGN_MISSING/],
  ])('%o ends with %i and says why', async (wrong, code, says) => {
    const running = daemon(wrong as Record<string, string>);
    expect(await running.ended).toBe(code);
    expect(running.lines.join('\n')).toMatch(says);
    expect(running.lines.join('\n')).not.toMatch(/^\s+at /m);
  });
});
