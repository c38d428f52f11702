import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from 'xstate';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import type { Limits } from '../../src/run/limits.ts';
import { patience, WORKER_SECRET } from '../helpers/daemon.ts';
import { completed, connectWorker, type TalkingWorker } from '../helpers/hub.ts';
import { instantSubmission, startInstantDaemon } from '../helpers/instant-daemon.ts';
import { gate } from './gate.ts';
import { expectOneComplete } from './judges.ts';

let folder: string;
let hub: EmbeddedHub;
let daemon: Daemon;
let others: TalkingWorker[];
/** What a job does with its machine, by job: held until it is settled. */
let holds: Map<string, { readonly begun: ReturnType<typeof gate>; readonly end: ReturnType<typeof gate> }>;
/** Jobs that fail when they are let go. */
let broken: Set<string>;

const quick = { greetingGrace: 20, backoff: 20 };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-queue-'));
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET });
  [others, holds, broken] = [[], new Map(), new Set()];
});

afterEach(async () => {
  for (const { end } of holds.values()) end.open();
  for (const type of ['drain.requested', 'shutdown.requested'] as const)
    if (daemon.supervisor.getSnapshot().status === 'active') daemon.supervisor.send({ type });
  await daemon.finished;
  for (const { socket, ended } of others) {
    socket.close();
    await ended();
  }
  expect(hub.violations).toEqual([]);
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

async function begin(limits: Limits = {}, env: Readonly<Record<string, string>> = {}): Promise<void> {
  await start(limits, env);
  await hub.until(() => (ours() ? true : undefined), patience());
}

async function start(limits: Limits = {}, env: Readonly<Record<string, string>> = {}): Promise<void> {
  ({ daemon } = await startInstantDaemon({
    hubUrl: hub.webSocketUrl,
    hubSecret: WORKER_SECRET,
    stateDir: join(folder, 'state'),
    limits: { ...limits, hub: { ...quick, ...limits.hub } },
    env: { PERRY_HUB_HTTP_URL: hub.httpUrl, ...env },
    working: async (jobId) => {
      holds.get(jobId)?.begun.open();
      await holds.get(jobId)?.end.opened;
      if (broken.has(jobId)) throw new Error('planted');
    },
  }));
}

const ours = () => hub.workers().find(({ name }) => name === 'instant');
const submit = () => hub.submitJob(instantSubmission);
const reaches = async (jobId: string, state: string) => {
  const run = daemon.supervisor.getSnapshot().context.runs.find((one) => one.jobId === jobId);
  await waitFor(run?.ref as NonNullable<typeof run>['ref'], ({ value }) =>
    JSON.stringify(value).includes(`"${state}"`),
  );
};

const linkIs = async (state: string) => {
  const link = daemon.supervisor.getSnapshot().children.hub;
  await waitFor(link as NonNullable<typeof link>, ({ value }) =>
    JSON.stringify(value).includes(`"${state}"`),
  );
};

/** A job that stands still in the middle of its signing; the first one is not the last that the hub assigned. */
async function held(): Promise<string> {
  const jobId = await submit();
  holds.set(jobId, { begun: gate(), end: gate() });
  await holds.get(jobId)?.begun.opened;
  return jobId;
}

const letGo = (jobId: string) => holds.get(jobId)?.end.open();
const answersOf = (jobId: string) => hub.messages(jobId).filter(({ type }) => type === 'complete');
const succeeds = async (jobId: string) => {
  expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
  expectOneComplete(hub.messages(jobId));
};

async function another(maxConcurrent: number): Promise<TalkingWorker> {
  const worker = await connectWorker(hub, { secret: WORKER_SECRET, name: 'the other', maxConcurrent });
  others.push(worker);
  await hub.until(() => hub.workers().find(({ name }) => name === 'the other'), patience());
  return worker;
}

/** Whatever the other worker is given is done. */
async function doAll(worker: TalkingWorker, jobs: readonly string[]): Promise<void> {
  const isLeft = (jobId: string) => answersOf(jobId).length === 0;
  for (let n = 1; jobs.some(isLeft); n += 1) {
    const { jobId } = await worker.assignment(n);
    await worker.say(completed(jobId));
    await hub.completed(jobId, patience());
  }
}

describe('a drain with a full queue', () => {
  test('fails no job: those that come in a burst are done here or go back, and no more come', async () => {
    await begin();
    const [failing, last] = [await held(), await held()];
    const queue = [await submit(), await submit(), await submit(), await submit()];
    broken.add(failing);
    daemon.supervisor.send({ type: 'drain.requested' });
    // the `error` of this job brings one job and its `complete` another: the hub takes back the second one only
    letGo(failing);
    await hub.until(() => (ours()?.capabilities.length === 0 ? true : undefined), patience());
    letGo(last);
    await succeeds(last);
    await daemon.finished;
    expect(await hub.completed(failing)).toMatchObject({ success: false });
    const doneHere = queue.filter((jobId) => answersOf(jobId).length > 0);
    for (const jobId of doneHere) await succeeds(jobId);
    for (const jobId of queue.filter((jobId) => !doneHere.includes(jobId)))
      expect([hub.jobStatus(jobId), answersOf(jobId)]).toEqual(['queued', []]);
    expect(doneHere.length).toBeLessThan(queue.length);
  });

  test('leaves the queue to a second worker', async () => {
    await begin();
    const running = await held();
    const other = await another(1);
    daemon.supervisor.send({ type: 'drain.requested' });
    const queue = [await submit(), await submit(), await submit()];
    await hub.until(() => (ours()?.capabilities.length === 0 ? true : undefined), patience());
    letGo(running);
    await succeeds(running);
    await daemon.finished;
    await doAll(other, queue);
    for (const jobId of queue) expect(answersOf(jobId)).toHaveLength(1);
    const workers = queue.map((jobId) => hub.assignments.findLast((one) => one.jobId === jobId)?.workerName);
    expect(workers).toEqual(queue.map(() => 'the other'));
  });

  test('while the hub is away: what runs is delivered when it is back, a job taken back by it adopted', async () => {
    // the hub hands out first what it took back; slow as it is here, it has the time that it has in life
    await begin({ hub: { greetingGrace: 1_000 } });
    const [orphan, requeued] = [await held(), await held()];
    await hub.refuseConnections(true);
    await hub.dropAllSockets();
    daemon.supervisor.send({ type: 'drain.requested' });
    letGo(orphan);
    await reaches(orphan, 'awaitingClaim');
    await hub.refuseConnections(false);
    letGo(requeued);
    await Promise.all([succeeds(orphan), succeeds(requeued)]);
    await daemon.finished;
  });

  test('that finds the hub gone for good ends when it is told a second time', async () => {
    await begin({ supervisor: { closeTimeout: 300 } });
    const running = await held();
    await hub.refuseConnections(true);
    await hub.dropAllSockets();
    daemon.supervisor.send({ type: 'drain.requested' });
    daemon.supervisor.send({ type: 'shutdown.requested' });
    letGo(running);
    await daemon.finished;
    expect([hub.jobStatus(running), answersOf(running)]).toEqual(['queued', []]);
  });
});

describe.each(['connecting', 'greeting', 'online', 'renewing', 'backingOff'] as const)(
  'a wish to end while the link is %s',
  (state) => {
    test.each([[['drain.requested']], [['drain.requested', 'shutdown.requested']]] as const)(
      '(%s): no job that waits at the hub is failed, and the daemon ends',
      async (wishes) => {
        const limits = state === 'renewing' ? { starvationTimeout: 50 } : {};
        const waiting = () => Promise.all([submit(), submit(), submit()]);
        const early = state === 'renewing' ? [] : await waiting();
        await start({ hub: limits });
        await waitFor(daemon.supervisor, (snapshot) => snapshot.matches('serving'));
        if (state === 'backingOff') await linkIs('online');
        if (state === 'backingOff') void hub.dropAllSockets();
        await linkIs(state);
        for (const type of wishes) daemon.supervisor.send({ type });
        const jobs = state === 'renewing' ? await waiting() : early;
        await daemon.finished;
        for (const jobId of jobs)
          expect(answersOf(jobId).filter(({ success }) => success !== true)).toEqual([]);
        const hanging = jobs.filter((jobId) => hub.jobStatus(jobId) === 'running');
        expect(hanging).toEqual([]);
      },
    );
  },
);

describe('a second wish to end', () => {
  const end = async () => {
    for (const type of ['drain.requested', 'shutdown.requested'] as const) daemon.supervisor.send({ type });
    await daemon.finished;
  };
  const expectGoneBack = (jobId: string) =>
    expect([jobId, hub.jobStatus(jobId), answersOf(jobId)]).toEqual([jobId, 'queued', []]);
  const hold = (jobId: string) => holds.set(jobId, { begun: gate(), end: gate() });

  /** One job runs and two wait in line: each job that fails brings two new ones. */
  const overfull = async (env: Readonly<Record<string, string>> = {}) => {
    await begin({}, { PERRY_MAX_CONCURRENT_BUILDS: '1', ...env });
    const first = await held();
    const [second, ...queue] = [await submit(), await submit(), await submit(), await submit()];
    for (const jobId of [second, ...queue]) hold(jobId);
    for (const jobId of [first, second]) broken.add(jobId);
    letGo(first);
    await holds.get(second)?.begun.opened;
    letGo(second);
    await holds.get(queue[0] ?? '')?.begun.opened;
    await hub.until(() => (hub.assignments.length === 5 ? true : undefined), patience());
    await reaches(queue[2] ?? '', 'waitingForSlot');
    return queue;
  };

  test('gives every job back: the one that runs, those in line, and the one that was assigned last', async () => {
    const queue = await overfull();
    await end();
    for (const jobId of queue) expectGoneBack(jobId);
    const other = await another(9);
    await doAll(other, queue);
    for (const jobId of queue) expectOneComplete(hub.messages(jobId));
  });

  test('gives jobs back that had come in a burst while it drained', async () => {
    await begin();
    const [failing, last] = [await held(), await held()];
    const queue = [await submit(), await submit(), await submit()];
    for (const jobId of queue) hold(jobId);
    broken.add(failing);
    daemon.supervisor.send({ type: 'drain.requested' });
    letGo(failing);
    await hub.until(() => (ours()?.capabilities.length === 0 ? true : undefined), patience());
    await end();
    for (const jobId of [last, ...queue]) expectGoneBack(jobId);
  });

  test('tells a job to have failed of which it cannot ask the hub whether it runs here', async () => {
    await begin({}, { PERRY_HUB_HTTP_URL: 'http://127.0.0.1:9' });
    const [running, failing] = [await held(), await held()];
    broken.add(failing);
    letGo(failing);
    await hub.completed(failing, patience());
    await end();
    expect(answersOf(running)).toMatchObject([
      { success: false, error: expect.stringMatching(/^WORKER_STOPPING/) },
    ]);
  });

  test('tells a job to have failed whose artifact the hub may have', async () => {
    await begin();
    const { open, opened } = gate();
    hub.delayUploadAnswerUntil(opened);
    const [uploading, running] = [await submit(), await held()];
    await reaches(uploading, 'awaitingAnswer');
    await end();
    open();
    expect(answersOf(uploading)).toMatchObject([
      { success: false, error: expect.stringMatching(/^WORKER_STOPPING/) },
    ]);
    expectGoneBack(running);
  });
});

describe('a link that is given up by us while jobs that came on it are written to the disk', () => {
  test.each(['silence', 'a job that is not wanted'] as const)(
    'because of %s: each of them has its one answer',
    async (why) => {
      const written = gate();
      const silenceTimeout = why === 'silence' ? 400 : 60_000;
      await begin({ hub: { silenceTimeout, closeTimeout: 20 } });
      const { takenJobs } = daemon.services;
      const { taken } = takenJobs;
      takenJobs.taken = async (...job) => {
        await taken.apply(takenJobs, job);
        await written.opened;
      };
      const jobs = [await submit(), await submit()];
      await hub.until(() => (hub.assignments.length === 2 ? true : undefined), patience());
      if (why === 'silence') hub.freezeSockets();
      else daemon.supervisor.getSnapshot().children.hub?.send({ type: 'hub.jobUnwanted' });
      await linkIs('hangingUp');
      written.open();
      await linkIs('backingOff');
      await hub.noticeFrozenSockets();
      const [first = '', last = ''] = jobs;
      await succeeds(first);
      if (why === 'silence') await succeeds(last);
      else expect([hub.jobStatus(last), answersOf(last)]).toEqual(['queued', []]);
    },
  );
});

describe('a hub that was restarted with every slot in use', () => {
  const forgotten = async () => {
    await begin();
    const jobs = [await held(), await held()];
    await hub.restart();
    await hub.until(() => (ours() ? true : undefined), patience());
    return jobs;
  };

  test('has new jobs done at once: the runs of forgotten ones give way', async () => {
    const jobs = await forgotten();
    const next = [await submit(), await submit()];
    for (const jobId of next) await succeeds(jobId);
    for (const jobId of jobs) expect(answersOf(jobId)).toEqual([]);
  });

  test('does not hold up a drain', async () => {
    const jobs = await forgotten();
    daemon.supervisor.send({ type: 'drain.requested' });
    await daemon.finished;
    for (const jobId of jobs) expect(answersOf(jobId)).toEqual([]);
  });
});

describe('a worker that inherits the count of one that left', () => {
  /** The other is first in the hub's list, has two of two jobs, and leaves: the next in the list has them now. */
  const inherit = async (limits: NonNullable<Limits['hub']>) => {
    const other = await another(2);
    await Promise.all([submit(), submit()]);
    await other.assignment(2);
    await begin({ hub: limits });
    other.socket.terminate();
    await hub.until(() => (hub.workers().length === 1 ? true : undefined), patience());
    expect(ours()).toMatchObject({ active: 2, max: 2, busy: false });
  };

  test.each([
    ['the status page of the hub', { queueCheckPause: 50, suspicionTime: 20 }],
    ['time alone', { queueCheckPause: 60_000, starvationTimeout: 100 }],
  ] as const)('greets the hub anew by %s, and is given the jobs that wait', async (_, limits) => {
    await inherit(limits);
    const jobId = await submit();
    await succeeds(jobId);
  });
});
