import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from 'xstate';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { openTakenJobs } from '../../src/journal/taken-jobs.ts';
import type { Limits } from '../../src/run/limits.ts';
import { patience, WORKER_SECRET } from '../helpers/daemon.ts';
import { completed, connectWorker } from '../helpers/hub.ts';
import {
  type InstantDaemonOptions,
  instantSubmission,
  startInstantDaemon,
} from '../helpers/instant-daemon.ts';
import { strangersIn } from '../helpers/leak-check.ts';
import { gate } from './gate.ts';
import { expectOneComplete } from './judges.ts';

let folder: string;
let hub: EmbeddedHub;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-interrupted-'));
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET });
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

const stateDir = () => join(folder, 'state');
/**
 * A process takes these jobs, writes them down, and is killed: the journal and a broken socket are all that it leaves. The
 * last `unread` ones it never read.
 */
async function takeAndDie(count: number, unread = 0): Promise<string[]> {
  const killed = await connectWorker(hub, {
    name: 'instant',
    secret: WORKER_SECRET,
    maxConcurrent: count,
  });
  const taken = openTakenJobs(stateDir());
  const jobIds: string[] = [];
  for (let n = 1; n <= count; n += 1) {
    jobIds.push(await hub.submitJob(instantSubmission));
    await killed.assignment(n);
    if (n <= count - unread) await taken.taken(`assignment-${n}`, jobIds.at(-1) ?? '');
  }
  const others = hub.workers().length - 1;
  killed.socket.terminate();
  await hub.until(() => (hub.workers().length === others ? true : undefined), patience());
  return jobIds;
}

async function startNext(working?: InstantDaemonOptions['working'], supervisor: Limits['supervisor'] = {}) {
  const { daemon } = await startInstantDaemon({
    ...{ hubUrl: hub.webSocketUrl, hubSecret: WORKER_SECRET, stateDir: stateDir() },
    env: { PERRY_HUB_HTTP_URL: hub.httpUrl },
    limits: { interruptedJobs: { handOutTime: 50, answerPause: 50 }, supervisor },
    ...(working && { working }),
  });
  const drain = async () => {
    if (daemon.supervisor.getSnapshot().status === 'active')
      daemon.supervisor.send({ type: 'drain.requested' });
    await daemon.finished;
  };
  ends.push(drain);
  return { daemon, drain };
}

async function reached({ supervisor }: Daemon, state: 'settled' | { watching: 'listening' }): Promise<void> {
  const { children } = await waitFor(supervisor, (snapshot) => snapshot.matches('serving'));
  if (!children.interruptedJobs) throw new Error('nobody answers for the killed process');
  await waitFor(children.interruptedJobs, (snapshot) => snapshot.matches(state));
}

/** Everybody who waits for an answer of the killed process has it. */
const settled = (daemon: Daemon): Promise<void> => reached(daemon, 'settled');

/** What its sender was told of a job that was lost: one `error`, one `complete`. */
async function expectLost(jobId: string): Promise<void> {
  expect(await hub.completed(jobId, patience())).toMatchObject({
    success: false,
    error: expect.stringMatching(/^WORKER_RESTARTED: .*Try again/),
  });
  const types = hub.messages(jobId).map(({ type }) => type);
  expect(types).toEqual(['log', 'error', 'complete']);
  expect(hub.messages(jobId)[1]).toMatchObject({ code: 'WORKER_RESTARTED' });
}

test('a killed process had three jobs: the hub hands one out again, the others are told to have failed', async () => {
  const [first = '', second = '', last = ''] = await takeAndDie(3);
  const { drain } = await startNext();
  await Promise.all([expectLost(first), expectLost(second)]);
  expect(await hub.completed(last, patience())).toMatchObject({ success: true });
  await drain();
  for (const jobId of [first, second, last]) expectOneComplete(hub.messages(jobId));
  expect(hub.violations).toEqual([]);
  expect(await strangersIn(stateDir())).toEqual([]);
});

test('another worker has the job that was handed out again: nothing is said of it', async () => {
  const other = await connectWorker(hub, { secret: WORKER_SECRET, name: 'the other' });
  const busy = await hub.submitJob(instantSubmission);
  await other.assignment(1);
  const [first = '', last = ''] = await takeAndDie(2);
  await other.say(completed(busy));
  expect(await other.assignment(2)).toMatchObject({ jobId: last });
  const { daemon, drain } = await startNext();
  await expectLost(first);
  // it may be in the hands of the other worker, until that one speaks of it
  await reached(daemon, { watching: 'listening' });
  await other.say({ type: 'stage', jobId: last, stage: 'signing', message: 'signing' });
  await settled(daemon);
  await drain();
  expect(hub.messages(last).map(({ type }) => type)).toEqual(['queue_update', 'stage']);
  other.socket.close();
  await other.ended();
});

test('the answers touch neither the count nor the last job of the link on which the next process works', async () => {
  const [first = '', last = ''] = await takeAndDie(2);
  const { open, opened } = gate();
  const { daemon } = await startNext(() => opened);
  await expectLost(first);
  await settled(daemon);
  expect(hub.workers()).toMatchObject([{ active: 1, job: last, busy: true }]);
  open();
  expect(await hub.completed(last, patience())).toMatchObject({ success: true });
});

test('the hub was restarted as well: nobody is told anything, and the journal is empty', async () => {
  await takeAndDie(2);
  await hub.restart();
  const { daemon, drain } = await startNext();
  await settled(daemon);
  const next = await hub.submitJob(instantSubmission);
  expect(await hub.completed(next, patience())).toMatchObject({ success: true });
  await drain();
  expect(await strangersIn(stateDir())).toEqual([]);
});

test('the hub had assigned one more that was not read: it hands that one out again, and the one before is told to have failed', async () => {
  const [first = '', second = '', unread = ''] = await takeAndDie(3, 1);
  const { daemon, drain } = await startNext();
  await Promise.all([expectLost(first), expectLost(second)]);
  expect(await hub.completed(unread, patience())).toMatchObject({ success: true });
  await settled(daemon);
  await drain();
  for (const jobId of [first, second, unread]) expectOneComplete(hub.messages(jobId));
  expect(hub.violations).toEqual([]);
});

test('the one that was not read was the second: the only one that the journal knows is told to have failed', async () => {
  const [known = '', unread = ''] = await takeAndDie(2, 1);
  await startNext();
  await expectLost(known);
  expect(await hub.completed(unread, patience())).toMatchObject({ success: true });
});

test.each(['drain.requested', 'shutdown.requested'] as const)(
  'the next process ends by %s as soon as it has begun: senders are told first, the job that was taken back waits',
  async (wish) => {
    for (const isLinked of [false, true]) {
      const [first = '', second = '', last = ''] = await takeAndDie(3);
      const { daemon } = await startNext(() => new Promise(() => {}));
      if (isLinked) await waitFor(daemon.supervisor, (s) => s.matches({ serving: { link: 'online' } }));
      daemon.supervisor.send({ type: 'drain.requested' });
      if (wish === 'shutdown.requested') daemon.supervisor.send({ type: wish });
      if (isLinked && wish === 'drain.requested') daemon.supervisor.send({ type: 'shutdown.requested' });
      await daemon.finished;
      await Promise.all([expectLost(first), expectLost(second)]);
      expect(hub.jobStatus(last)).toBe('queued');
      const other = await connectWorker(hub, { secret: WORKER_SECRET, name: 'the other' });
      expect(await other.assignment(1)).toMatchObject({ jobId: last });
      await other.say(completed(last));
      await hub.completed(last, patience());
      other.socket.close();
      await other.ended();
    }
    expect(hub.violations).toEqual([]);
  },
);

test('a process that ends while the hub is away does not wait for ever; the next one tells the senders', async () => {
  const [first = '', last = ''] = await takeAndDie(2);
  await hub.refuseConnections(true);
  const { drain } = await startNext(undefined, { interruptedTimeout: 200 });
  await drain();
  await hub.refuseConnections(false);
  await startNext();
  await expectLost(first);
  expect(await hub.completed(last, patience())).toMatchObject({ success: true });
});

test.each([false, true])(
  'a process was killed when it had said a result on a dead link (the hub has heard it: %s): its sender has one answer',
  async (isHeard) => {
    // the next in the hub's list inherits its count: there is room for more
    const killed = await connectWorker(hub, { name: 'instant', secret: WORKER_SECRET, maxConcurrent: 9 });
    const taken = openTakenJobs(stateDir());
    const jobId = await hub.submitJob(instantSubmission);
    await killed.assignment(1);
    await taken.taken('assignment', jobId);
    taken.answering(['assignment']);
    if (isHeard) await killed.say(completed(jobId));
    if (isHeard) await hub.completed(jobId, patience());
    if (isHeard) killed.socket.terminate();
    else hub.freezeSockets();
    const { daemon } = await startNext();
    if (isHeard) await settled(daemon);
    else await reached(daemon, { watching: 'listening' });
    // a dead link is noticed by the hub in the end, and its ghost is gone
    await hub.noticeFrozenSockets();
    await settled(daemon);
    expect(await hub.completed(jobId, patience())).toMatchObject({ success: !isHeard });
    expectOneComplete(hub.messages(jobId));
  },
);
