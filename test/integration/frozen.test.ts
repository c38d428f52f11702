import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { patience, settingsFor, WORKER_SECRET } from '../helpers/daemon.ts';
import { type HeldSigning, holdSigning } from '../helpers/held-rcodesign.ts';
import { makeTinyIosJob } from '../helpers/soak-jobs.ts';
import { type RunningCli, startCli } from './cli.ts';
import { gate } from './gate.ts';
import { expectOneComplete } from './judges.ts';

/** A daemon process that the system stops, or kills, with several jobs in flight. */
let folder: string;
let hub: EmbeddedHub;
let daemons: RunningCli[];
let env: Record<string, string>;
let job: Awaited<ReturnType<typeof makeTinyIosJob>>;
let held: HeldSigning[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-frozen-'));
  await mkdir(join(folder, 'hub'));
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(folder, 'hub') });
  env = {
    ...(await settingsFor(hub, folder)),
    PERRY_HUB_HTTP_URL: hub.httpUrl,
    PERRY_LOG_LEVEL: 'debug',
    PERRY_MAX_CONCURRENT_BUILDS: '3',
  };
  job = await makeTinyIosJob(join(folder, 'job'));
  [daemons, held] = [[], []];
});

afterEach(async () => {
  for (const daemon of daemons) daemon.signal('SIGKILL');
  await Promise.all(daemons.map(({ ended }) => ended));
  await Promise.all(held.map(({ release }) => release()));
  expect(hub.violations).toEqual([]);
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<RunningCli> {
  const daemon = startCli(env, 'run');
  daemons.push(daemon);
  await daemon.said(/linked to the hub/);
  return daemon;
}

const submit = () => hub.submitJob(job);
const assignmentsOf = (jobId: string) => hub.assignments.filter((one) => one.jobId === jobId).length;
const isAssigned = (jobId: string) =>
  hub.until(() => (assignmentsOf(jobId) > 0 ? true : undefined), patience());
const workersGone = () => hub.until(() => (hub.workers().length === 0 ? true : undefined), patience());

/** A job in the middle of its signing. */
async function signing(): Promise<string> {
  const hold = await holdSigning(join(folder, 'tools'));
  held.push(hold);
  const jobId = await submit();
  await hold.begun;
  return jobId;
}

const letGo = () => Promise.all(held.splice(0).map(({ release }) => release()));

async function succeeds(...jobIds: string[]): Promise<void> {
  for (const jobId of jobIds) {
    expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
    expectOneComplete(hub.messages(jobId));
  }
}

async function isLost(...jobIds: string[]): Promise<void> {
  for (const jobId of jobIds) {
    const error = expect.stringMatching(/^WORKER_RESTARTED: /);
    expect(await hub.completed(jobId, patience())).toMatchObject({ success: false, error });
    expectOneComplete(hub.messages(jobId));
  }
}

async function drains(daemon: RunningCli): Promise<void> {
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
}

describe('a daemon that stands still while the hub hands out more jobs', () => {
  test.each([
    ['goes on', 'none'],
    ['finds its link gone', 'gone'],
  ] as const)('and %s: each job is done once', async (_, end) => {
    const daemon = await start();
    const first = await signing();
    daemon.signal('SIGSTOP');
    const unread = [await submit(), await submit()];
    for (const jobId of unread) await isAssigned(jobId);
    if (end === 'gone') await hub.dropAllSockets();
    daemon.signal('SIGCONT');
    await letGo();
    await succeeds(first, ...unread);
    await drains(daemon);
  });

  test('and is killed then: the one that it worked on is told, the one that it never read is done', async () => {
    const frozen = await start();
    const first = await signing();
    frozen.signal('SIGSTOP');
    const unread = await submit();
    await isAssigned(unread);
    frozen.signal('SIGKILL');
    await Promise.all([frozen.ended, workersGone()]);
    await letGo();
    const next = await start();
    await isLost(first);
    await succeeds(unread);
    await drains(next);
  });
});

describe('a daemon that is killed with three jobs in different stages', () => {
  /** One is being uploaded, one signed, one downloaded; the last two in either order. */
  async function threeStages(): Promise<[string, string, string]> {
    const daemon = await start();
    const uploads = gate();
    hub.delayUploadAnswerUntil(uploads.opened);
    const uploading = await submit();
    await daemon.said(/"awaitingAnswer"/);
    const second = await signing();
    const bodies = gate();
    hub.delayBodyUntil(bodies.opened);
    const last = await submit();
    await daemon.said(new RegExp(`${last}.*job assigned`));
    daemon.signal('SIGKILL');
    await Promise.all([daemon.ended, workersGone()]);
    uploads.open();
    bodies.open();
    await letGo();
    return [uploading, second, last];
  }

  test('and started anew: two are told to have failed, the last is done', async () => {
    const [uploading, second, last] = await threeStages();
    const next = await start();
    await isLost(uploading, second);
    await succeeds(last);
    await drains(next);
  });

  test('and started anew and told to end at once: two are told, the last waits for the next worker', async () => {
    const [uploading, second, last] = await threeStages();
    const next = startCli(env, 'run');
    daemons.push(next);
    await next.said(/perry-ship is running/);
    await drains(next);
    await isLost(uploading, second);
    expect(hub.jobStatus(last)).toBe('queued');
    const third = await start();
    await succeeds(last);
    await drains(third);
  });
});
