import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { WorkerView } from '../../src/embedded-hub/embedded-hub.ts';
import { patience, WORKER_SECRET } from '../helpers/daemon.ts';
import { useDaemonRoom } from '../helpers/daemon-room.ts';
import { holdSigning } from '../helpers/held-rcodesign.ts';
import { connectWorker } from '../helpers/hub.ts';
import { descendantTexts, filesBelow, processesOf, strangersIn } from '../helpers/leak-check.ts';
import { expectGoodConversation, expectOneComplete } from './judges.ts';

const room = useDaemonRoom({ settings: { PERRY_LOG_LEVEL: 'debug' }, expectAtEnd: expectNothingLeft });

async function expectNothingLeft(): Promise<void> {
  await vi.waitFor(() => expect(processesOf(room.state)).toEqual([]), { timeout: 10_000, interval: 20 });
  expect(await strangersIn(room.state)).toEqual([]);
  expect(await filesBelow(join(room.folder, 'tmp'))).toEqual([]);
}

/** A daemon in the middle of signing. */
async function signingDaemon(job = room.materials.macJob()) {
  const signing = await holdSigning(join(room.folder, 'tools'));
  const jobId = await room.submit(job);
  const running = room.daemon();
  await signing.begun;
  room.learnTokens();
  for (const text of descendantTexts(running.pid)) room.secrets.look('a process of the daemon', text);
  return { jobId, signing, running };
}

const offersNothing = ({ capabilities }: WorkerView): boolean => capabilities.length === 0;

/** The worker that a job was given to last, unless it was taken back. */
const holderOf = (jobId: string): string | undefined =>
  room.hub.jobStatus(jobId) === 'queued'
    ? undefined
    : room.hub.assignments.findLast((one) => one.jobId === jobId)?.workerName;

describe('SIGTERM', () => {
  test('lets a job finish and ends with 0', async () => {
    const { jobId, signing, running } = await signingDaemon();
    running.signal('SIGTERM');
    await running.said(/draining/);
    await signing.release();
    expect(await room.hub.completed(jobId, patience())).toMatchObject({ success: true });
    expect(await running.ended).toBe(0);
    expectGoodConversation(room.hub, jobId);
  });

  test('fails nothing of a full queue: jobs that come during the drain are left to another worker', async () => {
    const { jobId, signing, running } = await signingDaemon();
    const other = await connectWorker(room.hub, {
      secret: WORKER_SECRET,
      name: 'the other',
      maxConcurrent: 9,
    });
    running.signal('SIGTERM');
    await running.said(/draining/);
    const late = await Promise.all([1, 2, 3].map(() => room.submit(room.materials.iosJob())));
    await room.hub.until(() => room.hub.workers().find(offersNothing), patience());
    await other.assignment(1);
    await signing.release();
    expect(await room.hub.completed(jobId, patience())).toMatchObject({ success: true });
    expect(await running.ended).toBe(0);
    expectOneComplete(room.hub.messages(jobId));
    // those that the other has no room for wait
    for (const job of late) {
      expect(room.hub.messages(job).filter(({ type }) => type !== 'queue_update')).toEqual([]);
      expect([undefined, 'the other']).toContain(holderOf(job));
    }
    other.socket.close();
    await other.ended();
  });

  test('a second time gives the job back to the hub, which has another worker do it, and ends with 0', async () => {
    const { jobId, signing, running } = await signingDaemon(room.materials.iosJob());
    running.signal('SIGTERM');
    await running.said(/draining/);
    running.signal('SIGTERM');
    expect(await running.ended).toBe(0);
    await signing.release();
    expect(room.hub.jobStatus(jobId)).toBe('queued');
    expect(room.hub.messages(jobId).map(({ type }) => type)).not.toContain('complete');
    const other = await connectWorker(room.hub, { secret: WORKER_SECRET, name: 'the other' });
    expect(await other.assignment(1)).toMatchObject({ jobId });
    other.socket.close();
    await other.ended();
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends a daemon without work at once, with a farewell',
    async (name) => {
      const running = room.daemon();
      await running.said(/linked to the hub/);
      running.signal(name);
      expect(await running.ended).toBe(0);
      await room.hub.until(() => (room.hub.workers().length === 0 ? true : undefined), patience());
    },
  );

  test('a second time gives jobs back that the hub does not take back by itself, and ends with 0', async () => {
    const first = await holdSigning(join(room.folder, 'tools'));
    const earlier = await room.submit(room.materials.iosJob());
    const running = room.daemon();
    await first.begun;
    const second = await holdSigning(join(room.folder, 'tools'));
    const last = await room.submit(room.materials.macJob());
    await second.begun;
    room.learnTokens();
    running.signal('SIGTERM');
    await running.said(/draining/);
    running.signal('SIGTERM');
    expect(await running.ended).toBe(0);
    for (const jobId of [earlier, last]) {
      expect(room.hub.jobStatus(jobId)).toBe('queued');
      expect(room.hub.messages(jobId).map(({ type }) => type)).not.toContain('complete');
    }
    await Promise.all([first.release(), second.release()]);
  });

  test('ends a daemon whose hub is not there', async () => {
    await room.hub.refuseConnections(true);
    const running = room.daemon();
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
    const state = room.state;
    expect(await readdir(join(state, 'clones'))).not.toEqual([]);
    expect(await readdir(join(state, 'runs'))).not.toEqual([]);
    room.learnTokens();
    await room.secrets.lookInFiles('state folder of the killed', state);

    const next = room.daemon();
    await next.said(/destroying machines that the previous process left/);
    expect(await room.hub.completed(jobId, patience())).toMatchObject({ success: true });
    expect(room.hub.assignments.filter((one) => one.jobId === jobId)).toHaveLength(2);
    expectOneComplete(room.hub.messages(jobId));
    next.signal('SIGTERM');
    expect(await next.ended).toBe(0);
  });

  test('takes its machines and everything in them along', async () => {
    const { signing, running } = await signingDaemon();
    const state = room.state;
    expect(processesOf(state).length).toBeGreaterThan(1);
    running.signal('SIGKILL');
    await running.ended;
    await vi.waitFor(() => expect(processesOf(state)).toEqual([]), { timeout: 10_000, interval: 20 });
    await signing.release();
    const next = room.daemon();
    await next.said(/linked to the hub/);
    next.signal('SIGTERM');
    next.signal('SIGTERM');
    await next.ended;
  });
});

test('standby machines of a daemon that was killed are swept as well', async () => {
  const standby = { PERRY_VM_STANDBY: '1' };
  const running = room.daemon(standby);
  await running.said(/"standby[^"]*".*ready|standby\.[^"]*","state":\{"alive":\{"ready/);
  running.signal('SIGKILL');
  await running.ended;
  expect(await readdir(join(room.state, 'clones'))).toHaveLength(1);
  const next = room.daemon(standby);
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
    const running = room.daemon(wrong as Record<string, string>);
    expect(await running.ended).toBe(code);
    expect(running.lines.join('\n')).toMatch(says);
    expect(running.lines.join('\n')).not.toMatch(/^\s+at /m);
  });
});
