import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { type Scene, withScene } from '../helpers/daemon.ts';
import { gate } from './gate.ts';
import { expectOneComplete } from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-run-process-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The process of the run whose statechart this is. */
function processOf({ daemon }: Scene, run: AnyActorRef): number {
  const { runId } = (run.getSnapshot() as { context: { runId: string } }).context;
  const pid = daemon.services.runs.find(runId)?.pid;
  if (pid === undefined) throw new Error(`run ${runId} has no process`);
  return pid;
}

interface Spoiling {
  /** Where the job stands then. */
  readonly state: string;
  readonly spoil: (pid: number) => void;
  /** Jobs that are not over yet. */
  readonly beside?: readonly string[];
}

/** A job during which something is done to the process of its run; answers with the error of the job. */
async function spoiled(scene: Scene, { state, spoil, beside = [] }: Spoiling): Promise<string> {
  const reached = scene.reached(`engaged.work.running.${state}`);
  const jobId = await scene.submit(materials.macJob());
  spoil(processOf(scene, await reached));
  const { error } = await scene.completed(jobId);
  await scene.idle(...beside);
  expectOneComplete(scene.hub.messages(jobId));
  return String(error);
}

const kill = (signal: NodeJS.Signals) => (pid: number) => void process.kill(pid, signal);

describe('the process of a run', () => {
  test.each([
    ['SIGKILL', /^RUN_PROCESS_KILLED: /],
    ['SIGABRT', /^RUN_PROCESS_LOST: .* It crashed\./],
    ['SIGSEGV', /^RUN_PROCESS_LOST: .* It crashed\./],
  ] as const)(
    'that ends by %s fails its job alone, whatever it was doing, and leaves nothing',
    (signal, says) =>
      withScene({ runsStandBy: true, secrets: materials.secrets }, async (scene) => {
        await scene.linked();
        const { open, opened } = gate();
        scene.hub.delayUploadAnswerUntil(opened);
        // another job is on its way for as long as all this lasts
        const arrived = scene.reached('engaged.work.running.checkingWhileSending.check.passed');
        const other = await scene.submit(materials.iosJob());
        await arrived;
        for (const state of ['downloading', 'inspecting', 'codesigning', 'packaging'])
          expect(await spoiled(scene, { state, spoil: kill(signal), beside: [other] }), state).toMatch(says);
        open();
        expect(await scene.completed(other)).toMatchObject({ success: true });
      }),
  );

  test('that does not answer is ended with its step, and with its job', () =>
    withScene(
      { runsStandBy: true, secrets: materials.secrets, limits: { signJob: { inspectTimeout: 300 } } },
      async (scene) => {
        await scene.linked();
        expect(await spoiled(scene, { state: 'inspecting', spoil: kill('SIGSTOP') })).toMatch(
          /^STEP_TIMED_OUT: /,
        );
      },
    ));

  test('that takes up too much memory is ended: the bundle is to blame', () =>
    withScene(
      {
        secrets: materials.secrets,
        limits: { signJob: { measurePause: 20 }, runProcess: { residentMib: 16 } },
      },
      async (scene) => {
        await scene.linked();
        const jobId = await scene.submit(materials.macJob());
        const { error } = await scene.completed(jobId);
        expect(error).toMatch(/^RUN_OUT_OF_MEMORY: /);
      },
    ));

  test('whose heap is full says so', () =>
    withScene(
      { runsStandBy: true, secrets: materials.secrets, limits: { runProcess: { heapMib: 6 } } },
      async (scene) => {
        await scene.linked();
        const jobId = await scene.submit(materials.macJob());
        const { error } = await scene.completed(jobId);
        expect(error).toMatch(/^RUN_OUT_OF_MEMORY: /);
      },
    ));
});
