import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { shutDown } from '../../src/control/answers.ts';
import { askDaemon } from '../../src/control/client.ts';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { WORKER_SECRET } from '../helpers/daemon.ts';
import { instantSubmission, startInstantDaemon } from '../helpers/instant-daemon.ts';
import { gate } from './gate.ts';

/** As many jobs as a cluster may be given, through one daemon. */
const JOBS = 256;
let stateDir: string;
let hub: EmbeddedHub;
const warnings: string[] = [];
const onWarning = (warning: Error) => void warnings.push(warning.stack ?? String(warning));

beforeEach(async () => {
  process.on('warning', onWarning);
  stateDir = await mkdtemp(join(tmpdir(), 'most-jobs-'));
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET });
});
afterEach(async () => {
  await hub.stop();
  await rm(stateDir, { recursive: true });
  process.off('warning', onWarning);
});

test('256 jobs are done at the same time, and the daemon tells how each stands', async () => {
  const work = gate();
  const { daemon, driver } = await startInstantDaemon({
    ...{ hubUrl: hub.webSocketUrl, hubSecret: WORKER_SECRET, stateDir },
    env: {
      ...{ PERRY_VM_DRIVER: 'orchard', PERRY_ORCHARD_URL: 'https://cluster.example' },
      ...{ PERRY_ORCHARD_SERVICE_ACCOUNT: 'signer', PERRY_ORCHARD_TOKEN: 'a-token-of-the-test' },
      ...{ PERRY_MAX_CONCURRENT_BUILDS: String(JOBS), PERRY_VM_STANDBY: '0' },
    },
    working: () => work.opened,
  });
  await hub.until(() => (hub.workers().length > 0 ? true : undefined));
  const jobs = [];
  for (let job = 0; job < JOBS; job += 1) jobs.push(await hub.submitJob(instantSubmission));
  await vi.waitFor(() => expect(driver.mostAlive).toBe(JOBS), { timeout: 120_000, interval: 50 });
  expect(await askDaemon(stateDir, { request: 'status' })).toMatchObject({
    slots: { used: JOBS, max: JOBS, waiting: 0 },
  });
  work.open();
  const ends = await Promise.all(jobs.map((job) => hub.completed(job, AbortSignal.timeout(120_000))));
  expect(ends.filter(({ success }) => success !== true)).toEqual([]);
  shutDown(daemon.supervisor);
  await daemon.finished;
  expect([...driver.clones]).toEqual([]);
  expect(warnings, 'warnings of Node').toEqual([]);
});
