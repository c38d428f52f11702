import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { patience, WORKER_SECRET } from '../helpers/daemon.ts';
import {
  actorsBelow,
  type InstantDaemon,
  instantSubmission,
  startInstantDaemon,
} from '../helpers/instant-daemon.ts';
import { activeResources, filesBelow, processesOf } from '../helpers/leak-check.ts';
import { soakCount } from '../helpers/soak-count.ts';

const JOBS = soakCount('JOBS', { suite: 60, full: 400 });
const [WARM_UP_JOBS, AT_ONCE] = [20, 4];
/** The test runner has some that come and go. */
const VITEST_TIMERS = 3;

let folder: string;
let hub: EmbeddedHub;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-many-'));
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET });
});
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

/** So many jobs, a few at a time, all of which succeed. */
async function work(jobs: number): Promise<void> {
  let left = jobs;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const jobId = await hub.submitJob(instantSubmission);
      expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
      expect(hub.messages(jobId).filter(({ type }) => type === 'complete')).toHaveLength(1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Deadlines that are to come, of statecharts and of everything else; some pass without a successor. */
const timersOf = ({ daemon }: InstantDaemon): number[] => [
  Object.keys(daemon.supervisor.system.getSnapshot()._scheduledEvents).length,
  activeResources().filter((name) => name === 'Timeout').length,
];

/** Everything of which a daemon could have one more after each job. */
async function holdings({ daemon, driver }: InstantDaemon, stateDir: string) {
  const { supervisor, services } = daemon;
  const { runs, leaked, standbys } = supervisor.getSnapshot().context;
  const kinds = (names: readonly string[]) => names.map((name) => name.replace(UUID, 'ID')).sort();
  return {
    actors: kinds(actorsBelow(supervisor)),
    runs: runs.length,
    leaked,
    standbys,
    clones: driver.clones.size,
    guests: services.guests.size,
    runsWithProcess: services.runs.size,
    secrets: services.vault.size,
    files: kinds(await filesBelow(stateDir)),
    openFiles: (await readdir('/proc/self/fd').catch(() => [])).length,
    handles: activeResources()
      .filter((name) => name !== 'Timeout')
      .sort(),
    processes: processesOf(stateDir),
  };
}

test(`${JOBS} jobs through the real daemon leave it as it was: actors, timers, files, handles, processes`, async () => {
  const stateDir = join(folder, 'state');
  // all that the history may keep is there before anything is counted
  const env = { PERRY_HISTORY_JOBS: String(WARM_UP_JOBS / 2) };
  const instant = await startInstantDaemon({
    ...{ hubUrl: hub.webSocketUrl, hubSecret: WORKER_SECRET, stateDir, env },
  });
  const { daemon, driver } = instant;
  await hub.until(() => hub.workers()[0], patience());
  const atRest = async () => {
    const now = await holdings(instant, stateDir);
    expect(now).toMatchObject({
      runs: 0,
      leaked: [],
      standbys: 2,
      clones: 2,
      guests: 2,
      runsWithProcess: 0,
      secrets: 0,
    });
    return now;
  };
  const settle = { timeout: 20_000, interval: 20 };
  await work(WARM_UP_JOBS);
  const before = await vi.waitFor(atRest, settle);
  const [events = 0, timers = 0] = timersOf(instant);
  await work(JOBS);
  await vi.waitFor(async () => expect(await atRest()).toEqual(before), settle);
  await vi.waitFor(() => {
    const [eventsNow, timersNow] = timersOf(instant);
    expect(eventsNow).toBeLessThanOrEqual(events);
    expect(timersNow).toBeLessThanOrEqual(timers + VITEST_TIMERS);
  }, settle);
  expect(driver.mostAlive).toBeLessThanOrEqual(2);
  expect(hub.violations).toEqual([]);
  daemon.supervisor.send({ type: 'drain.requested' });
  await daemon.finished;
  expect(driver.clones.size).toBe(0);
  // the journal of taken jobs stays, with a bounded number of lines, and the mark that signatures are written down
  const kept = ['jobs.jsonl', 'signatures-begun'].map((name) => join(stateDir, 'journal', name));
  expect((await filesBelow(join(stateDir, 'journal'))).sort()).toEqual(kept);
}, 300_000);
