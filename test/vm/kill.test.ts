import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type EmbeddedHub,
  type JobSubmission,
  startEmbeddedHub,
} from '../../src/embedded-hub/embedded-hub.ts';
import { patience, settingsFor, WORKER_SECRET } from '../helpers/daemon.ts';
import { childrenOf, filesBelow, processesOf, strangersIn } from '../helpers/leak-check.ts';
import { MACHINE_PATIENCE_MS, machineEnv, type Neighbour, startNeighbour } from '../helpers/qemu-scene.ts';
import { whyNoMachines } from '../helpers/qemu-vm.ts';
import { soakCount } from '../helpers/soak-count.ts';
import { makeTinyIosJob, makeTinyMacJob } from '../helpers/soak-jobs.ts';
import { earlyMoments, lateMoments, type Moment, nameOf } from '../helpers/soak-moments.ts';
import { countedText, seededRandom } from '../helpers/soak-random.ts';
import { untilMoment } from '../helpers/soak-restarts.ts';
import { lastWord, untilHeard } from '../helpers/soak-several.ts';
import { type RunningCli, startCli } from '../integration/cli.ts';

const why = whyNoMachines();
const KILLS = soakCount('MACHINE_KILLS', { suite: 3, full: 20 });
const SEED = 20_261_129;
/** What says that the sweep is over. */
const ACCEPTING = /"state":\{"serving":\{[^}]*"work":"accepting"/;
/** In the command line of the process that ends what a killed daemon leaves. */
const REAPER = 'while read -r sign pid';

let room: string;
let stateDir: string;
let hub: EmbeddedHub;
let jobs: JobSubmission[];
let neighbour: Neighbour;
let daemon: RunningCli | undefined;

beforeAll(async () => {
  if (why !== undefined) return;
  room = await mkdtemp(join(tmpdir(), 'perry-vm-kill-'));
  stateDir = join(room, 'state');
  for (const name of ['hub', 'tmp', 'state']) await mkdir(join(room, name), { mode: 0o700 });
  jobs = [await makeTinyMacJob(join(room, 'mac')), await makeTinyIosJob(join(room, 'ios'))];
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  neighbour = await startNeighbour(stateDir);
});
afterAll(async () => {
  daemon?.signal('SIGKILL');
  await neighbour?.remove();
  await hub?.stop();
  if (room) await rm(room, { recursive: true, force: true, maxRetries: 5 });
});

/** Everything of machines and runs that a daemon has on the disk, by name; the neighbour's apart. */
async function left(): Promise<string[]> {
  const listed = async (folder: string) =>
    (await readdir(join(stateDir, folder)).catch(() => [])).map((name) => `${folder}/${name}`);
  const names = (await Promise.all(['clones', 'runs', 'journal/machines'].map(listed))).flat();
  return names.filter((name) => !name.includes(neighbour.name));
}

/** When work begins, nothing of what the last daemon left is there any more: no file, no process. */
async function expectSwept(earlier: readonly string[]): Promise<void> {
  const now = new Set(await left());
  expect(earlier.filter((name) => now.has(name))).toEqual([]);
  const clones = earlier.filter((name) => name.startsWith('clones/')).map((name) => join(stateDir, name));
  expect(clones.flatMap((clone) => processesOf(clone))).toEqual([]);
}

/** The daemon alone is killed, or before it the process that would end its machines: they run on until the sweep. */
async function kill(killed: RunningCli, withReaper: boolean): Promise<void> {
  if (withReaper) for (const pid of childrenOf(killed.pid, REAPER)) process.kill(pid, 'SIGKILL');
  killed.signal('SIGKILL');
  expect(await killed.ended).toBe('SIGKILL');
  await hub.until(() => (hub.workers().length === 0 ? true : undefined), patience());
}

async function start(env: Readonly<Record<string, string>>): Promise<RunningCli> {
  daemon = startCli(env, 'run');
  await daemon.said(/linked to the hub/, MACHINE_PATIENCE_MS);
  return daemon;
}

async function drain(last: RunningCli): Promise<void> {
  last.signal('SIGTERM');
  expect(await last.ended).toBe(0);
  await vi.waitFor(() => expect(processesOf(stateDir, [neighbour.name])).toEqual([]), { timeout: 30_000 });
  const strangers = await strangersIn(stateDir);
  expect(strangers.filter((name) => name !== neighbour.name)).toEqual([]);
  expect(await filesBelow(join(room, 'tmp'))).toEqual([]);
  expect(hub.violations).toEqual([]);
}

function momentsToDieAt(): Moment[] {
  const all = [...earlyMoments, ...lateMoments].filter(({ actor }) => actor === 'run' || actor === 'vm');
  return seededRandom(SEED).shuffled(all).slice(0, KILLS);
}

describe.skipIf(why !== undefined)(`a killed daemon with real machines${why ? ` (${why})` : ''}`, () => {
  test(`${KILLS} times, with two jobs: the next one sweeps, each job has one answer, a neighbour lives on`, async () => {
    const settings = { ...(await settingsFor(hub, room)), ...machineEnv };
    const env = { ...settings, PERRY_LOG_LEVEL: 'debug', TMPDIR: join(room, 'tmp') };
    const random = seededRandom(SEED);
    const jobIds: string[] = [];
    const orphaned: number[] = [];
    let earlier: string[] = [];
    for (const moment of momentsToDieAt()) {
      const mortal = await start(env);
      await mortal.said(ACCEPTING, MACHINE_PATIENCE_MS);
      await expectSwept(earlier);
      if (moment.state === 'running.downloading.pausing') hub.failNextDownloads(1, 503);
      if (moment.state === 'running.delivering.pausing') hub.failNextUploads(1, 503);
      for (const job of jobs) jobIds.push(await hub.submitJob(job));
      await untilMoment(mortal, moment, random.between(0, 3));
      await untilHeard(mortal, hub, MACHINE_PATIENCE_MS);
      const withReaper = random.between(0, 1) === 1;
      await kill(mortal, withReaper);
      earlier = await left();
      if (withReaper) orphaned.push(processesOf(stateDir, [neighbour.name]).length);
    }
    const last = await start(env);
    await last.said(ACCEPTING, MACHINE_PATIENCE_MS);
    await expectSwept(earlier);
    await Promise.all(jobIds.map((id) => hub.completed(id, patience(MACHINE_PATIENCE_MS))));
    await drain(last);
    expect(await neighbour.isAlive()).toBe(true);
    const words = jobIds.map((jobId) => lastWord(hub.messages(jobId)));
    console.error(`${momentsToDieAt().map(nameOf).join(', ')}; ${countedText(words)}; orphans: ${orphaned}`);
    expect(words.filter((word) => !/^(succeeded|WORKER_RESTARTED|INTERNAL_ERROR)$/.test(word))).toEqual([]);
  });
});
