import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import {
  type EmbeddedHub,
  type JobSubmission,
  startEmbeddedHub,
  type WireMessage,
} from '../../src/embedded-hub/embedded-hub.ts';
import { type RunningCli, startCli } from '../integration/cli.ts';
import { expectOneComplete } from '../integration/judges.ts';
import { patience, settingsFor, WORKER_SECRET } from './daemon.ts';
import { processesOf, strangersIn } from './leak-check.ts';
import { asText } from './secret-watch.ts';
import { earlyMoments, lateMoments, refusedUploads } from './soak-moments.ts';
import { seededRandom } from './soak-random.ts';
import { untilMoment } from './soak-restarts.ts';

const SLOTS = 3;
const MAX_MORE_LINES = 3;
/** For all that is left, which the last daemon works off a few at a time. */
const LAST_LIFE_MS = 240_000;

export interface SideBySideOptions {
  readonly folder: string;
  readonly seed: number;
  readonly kills: number;
  readonly jobs: readonly JobSubmission[];
}

/**
 * A daemon that is killed again and again with two or three new jobs in flight, beside what the hub hands out once
 * more. The last one lives until nobody waits.
 *
 * @returns the last word on each job, in the order of submission
 */
export async function dieWithSeveral({ folder, seed, kills, jobs }: SideBySideOptions): Promise<string[]> {
  const room = await mkdtemp(join(folder, 'several-'));
  await mkdir(join(room, 'hub'));
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  const settings = await settingsFor(hub, room);
  const env = { ...settings, PERRY_LOG_LEVEL: 'debug', PERRY_MAX_CONCURRENT_BUILDS: String(SLOTS) };
  const random = seededRandom(seed);
  const moments = [...earlyMoments, ...lateMoments].filter(({ actor }) => actor === 'run' || actor === 'vm');
  const jobIds: string[] = [];
  let daemon: RunningCli | undefined;
  try {
    for (const moment of random.shuffled(moments).slice(0, kills)) {
      daemon = startCli(env, 'run');
      await daemon.said(/linked to the hub/);
      if (moment.state === 'running.downloading.pausing') hub.failNextDownloads(1, 503);
      hub.failNextUploads(refusedUploads(moment), 503);
      for (let n = random.between(2, 3); n > 0; n -= 1)
        jobIds.push(await hub.submitJob(jobs[jobIds.length % jobs.length] as JobSubmission));
      await untilMoment(daemon, moment, random.between(0, MAX_MORE_LINES));
      await untilHeard(daemon, hub);
      daemon.signal('SIGKILL');
      await daemon.ended;
      await hub.until(() => (hub.workers().length === 0 ? true : undefined), patience());
    }
    daemon = startCli(env, 'run');
    await Promise.all(jobIds.map((jobId) => hub.completed(jobId, AbortSignal.timeout(LAST_LIFE_MS))));
    await leaveNothing(daemon, hub, join(room, 'state'));
    return jobIds.map((jobId) => lastWord(hub.messages(jobId)));
  } catch (error) {
    console.error(
      daemon?.lines.slice(-40).join('\n'),
      jobIds.map((jobId) => `${jobId} ${hub.jobStatus(jobId)}`),
    );
    throw error;
  } finally {
    daemon?.signal('SIGKILL');
    await hub.stop();
  }
}

/** What the daemon has not read when it is killed nobody can know of: the hub takes back another job than it thinks. */
export async function untilHeard(daemon: RunningCli, hub: EmbeddedHub, patienceMs?: number): Promise<void> {
  const last = hub.workers().at(-1)?.job;
  if (last) await daemon.said(new RegExp(last), patienceMs);
}

async function leaveNothing(daemon: RunningCli, hub: EmbeddedHub, stateDir: string): Promise<void> {
  daemon.signal('SIGTERM');
  expect(await daemon.ended).toBe(0);
  await vi.waitFor(() => expect(processesOf(stateDir)).toEqual([]), { timeout: 10_000, interval: 20 });
  expect(await strangersIn(stateDir)).toEqual([]);
  expect(hub.violations).toEqual([]);
}

/** `succeeded`, or the code of the one error. */
export function lastWord(messages: readonly WireMessage[]): string {
  expectOneComplete(messages);
  const errors = messages.filter(({ type }) => type === 'error');
  const isSuccess = messages.at(-1)?.success === true;
  expect(errors, asText(messages)).toHaveLength(isSuccess ? 0 : 1);
  return isSuccess ? 'succeeded' : String(errors[0]?.code);
}
