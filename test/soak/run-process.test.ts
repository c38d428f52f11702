import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AnyActorRef } from 'xstate';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import type { SceneOptions } from '../helpers/daemon.ts';
import { watchEventLoop } from '../helpers/event-loop-gaps.ts';
import { childrenOf } from '../helpers/leak-check.ts';
import { soakCount } from '../helpers/soak-count.ts';
import { countedText, seededRandom } from '../helpers/soak-random.ts';
import { FAULTY_PROGRAM, faultyRuns, type RunFault, runFaults } from '../helpers/soak-run-faults.ts';
import { type AppleRoom, openAppleRoom, type World } from '../integration/apple-room.ts';
import { gate } from '../integration/gate.ts';
import { expectOneComplete } from '../integration/judges.ts';

const ROUNDS = soakCount('RUN_PROCESSES', { suite: 5, full: 1_000 });
/** Another seed is another order of the same cases. */
const SEED = 20_261_129;
const SLOTS = 2;
const PATIENCE_MS = 180_000;

const DELIVERING = ['delivering.attempting', 'checkingWhileSending.check.passed'];
/**
 * Every state in which a run has a process, by the job that comes there; those that only jobs in machines
 * with Apple's tools come to are left out.
 */
const STATES = {
  notarized: [
    ...[
      'awaitingProcess',
      'downloading.attempting',
      'inspecting',
      'checkingCredentials',
      'recallingArtifact',
    ],
    ...['drawingIcons', 'mergingInfoPlist', 'compilingIcon', 'namingCatalog'],
    ...['embeddingProfile', 'transferring'],
    ...[
      'codesigning',
      'takingSignatures',
      'verifyingSignature',
      'packaging',
      'recordingSignature',
      'checkingArtifact',
      'keepingArtifact',
    ],
    ...['notarizing', 'updatingBundle', 'packagingAnew', 'checkingRemade', 'recordingChange'],
    ...['checkingStapled', 'delivering.attempting'],
  ],
  published: ['publishing.recalling', 'publishing.sending'],
  plain: ['checkingWhileSending.check.passed'],
} as const;

type Kind = keyof typeof STATES;

interface Case {
  readonly kind: Kind;
  readonly state: string;
  readonly name: keyof typeof runFaults;
}

const NAMES = Object.keys(runFaults) as Case['name'][];
const KINDS = Object.keys(STATES) as Kind[];

/** Each fault in each state once, and again; the first ones have each fault once. */
function casesFor(rounds: number): Case[] {
  const random = seededRandom(SEED);
  const places = KINDS.flatMap((kind) => STATES[kind].map((state) => ({ kind, state })));
  const cases: Case[] = [];
  while (cases.length < rounds) {
    // a Latin square: after so many rows as there are faults, each place has met each of them
    const shuffled = random.shuffled(places);
    for (let row = 0; row < NAMES.length; row += 1)
      for (const [column, place] of shuffled.entries())
        cases.push({ ...place, name: NAMES[(row + column) % NAMES.length] ?? 'is killed' });
  }
  return cases.slice(0, rounds);
}

let room: AppleRoom;
beforeAll(async () => {
  room = await openAppleRoom();
});
afterAll(() => room.leave());

const jobs = (): Record<Kind, JobSubmission> => {
  const credentials = room.apiKey;
  return {
    notarized: room.materials.macJob({ manifest: { macos_distribute: 'notarize' }, credentials }),
    plain: room.materials.macJob(),
    published: room.materials.iosJob({ manifest: { ios_distribute: 'testflight' }, credentials }),
  };
};

/** The process of the run whose chart this is, as soon as it has one. */
async function processOf({ daemon }: World, run: AnyActorRef): Promise<number> {
  const { runId } = (run.getSnapshot() as { context: { runId: string } }).context;
  for (;;) {
    const pid = daemon.services.runs.find(runId)?.pid;
    if (pid !== undefined) return pid;
    await turn();
  }
}

/** One fault beside another job. Answers whether its state was met. */
async function round(world: World, { kind, state, name }: Case): Promise<boolean> {
  const { hub, daemon } = world;
  const { signal, says, lastsForEver }: RunFault = runFaults[name];
  const completed = (jobId: string) => hub.completed(jobId, AbortSignal.timeout(PATIENCE_MS));
  const reached = world.reached(`engaged.work.running.${state}`);
  const { open, opened } = gate();
  if (DELIVERING.includes(state)) hub.delayUploadAnswerUntil(opened);
  const readBefore = hub.uploadsRead();
  // what is on its way to the hub cannot be taken back: it must be there before the job has its answer
  const bothAreRead = () =>
    vi.waitFor(() => expect(hub.uploadsRead()).toBe(readBefore + ids.length), {
      timeout: PATIENCE_MS,
      interval: 5,
    });
  const ids = [await world.submit(jobs()[kind]), await world.submit(room.materials.iosJob())];
  const run = await Promise.race([reached, Promise.all(ids.map(completed)).then(() => undefined)]);
  if (run) {
    if (DELIVERING.includes(state)) await bothAreRead();
    const { jobId: doomed } = (run.getSnapshot() as { context: { jobId: string } }).context;
    process.kill(await processOf(world, run), signal);
    if (lastsForEver) daemon.supervisor.send({ type: 'job.cancelRequested', jobId: doomed });
    expect(await completed(doomed)).toMatchObject({ success: false, error: expect.stringMatching(says) });
    open();
    const [other = ''] = ids.filter((id) => id !== doomed);
    expect(await completed(other), 'the other job').toMatchObject({ success: true });
  }
  for (const id of ids) expectOneComplete(hub.messages(id));
  await world.idle();
  return run !== undefined;
}

const filesOpen = (): number =>
  process.platform === 'linux' ? readdirSync('/proc/self/fd').length : Number.NaN;

/** Beside what is looked at by `idle`: no process of a run but those that stand by, and no more files than before. */
async function nothingLeft(filesBefore: number): Promise<void> {
  if (process.platform !== 'linux') return;
  await vi.waitFor(
    () => {
      expect(childrenOf(process.pid, FAULTY_PROGRAM).length, 'processes of runs').toBe(SLOTS);
      expect(filesOpen(), 'open files').toBeLessThanOrEqual(filesBefore);
    },
    { timeout: PATIENCE_MS, interval: 10 },
  );
}

/** Connections that are kept open for the next request come and go. */
const KEPT_OPEN = 24;

test(`${ROUNDS} times the process of one of two runs goes wrong in some state: the other job ends well, nothing is left`, async () => {
  const met: string[] = [];
  const missed: string[] = [];
  const gaps = { longestMs: 0, longestOwnMs: 0 };
  const scene: SceneOptions = {
    ...{ startRun: faultyRuns, settleMs: PATIENCE_MS, looksForSecrets: false },
    env: { PERRY_LOG_LEVEL: 'info' },
  };
  await room.withApple({ scene }, async (world) => {
    await nothingLeft(Number.POSITIVE_INFINITY);
    const before = filesOpen() + KEPT_OPEN;
    const gapsSoFar = watchEventLoop();
    for (const [number, one] of casesFor(ROUNDS).entries()) {
      const text = `${one.name} in ${one.state}`;
      try {
        (await round(world, one)) ? met.push(text) : missed.push(text);
        await nothingLeft(before);
      } catch (cause) {
        throw new Error(`round ${number} of seed ${SEED}: ${text}: ${String(cause)}`, { cause });
      }
    }
    Object.assign(gaps, gapsSoFar());
  });
  console.error(`met: ${countedText(met)}; missed: ${countedText(missed)}`);
  // hub and simulators are in this process, too: the gaps of the daemon alone are shorter
  const [longestMs, ownMs] = [gaps.longestMs, gaps.longestOwnMs].map(Math.round);
  console.error(
    `${ROUNDS} rounds: longest gap of the event loop ${longestMs} ms, but for waiting for a processor ${ownMs} ms`,
  );
  expect(missed, 'states that were not reached').toEqual([]);
}, 0);
