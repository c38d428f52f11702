import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { type Scene, withScene } from '../helpers/daemon.ts';
import { seededRandom } from '../helpers/soak-random.ts';
import { expectOneComplete } from '../integration/judges.ts';
import { makeMaterials } from '../integration/materials.ts';

/** `PERRY_SOAK_RUN_PROCESSES=1000` for the whole of it. */
const ROUNDS = Number(process.env.PERRY_SOAK_RUN_PROCESSES ?? 6);
const SEED = 20_261_129;

const STATES = [
  ...['downloading', 'inspecting', 'checkingCredentials', 'drawingIcons', 'mergingInfoPlist'],
  ...[
    'transferring',
    'codesigning',
    'takingSignatures',
    'verifyingSignature',
    'packaging',
    'checkingArtifact',
  ],
  'delivering',
] as const;
const SIGNALS = ['SIGKILL', 'SIGABRT', 'SIGSEGV', 'SIGTERM'] as const;

const pidOf = ({ daemon }: Scene, run: AnyActorRef): number => {
  const { runId } = (run.getSnapshot() as { context: { runId: string } }).context;
  return daemon.services.runs.find(runId)?.pid ?? 0;
};

test(`${ROUNDS} times the process of one of two runs ends at any moment: the other job ends well, nothing is left`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perry-soak-runs-'));
  const materials = await makeMaterials(join(folder, 'materials'));
  const random = seededRandom(SEED);
  const picked = <T>(all: readonly T[]): T => all[random.between(0, all.length - 1)] as T;
  try {
    await withScene({ secrets: materials.secrets }, async (scene) => {
      await scene.linked();
      for (let round = 0; round < ROUNDS; round += 1) {
        const [state, signal] = [picked(STATES), picked(SIGNALS)];
        const reached = scene.reached(`engaged.work.running.${state}`);
        const doomed = await scene.submit(materials.macJob());
        const pid = pidOf(scene, await reached);
        const other = await scene.submit(materials.iosJob());
        process.kill(pid, signal);
        expect(await scene.completed(doomed), `${round}: ${signal} in ${state}`).toMatchObject({
          success: false,
          error: expect.stringMatching(/^RUN_PROCESS_(LOST|KILLED): /),
        });
        expect(await scene.completed(other), `${round}: beside ${signal} in ${state}`).toMatchObject({
          success: true,
        });
        await scene.idle();
        for (const jobId of [doomed, other]) expectOneComplete(scene.hub.messages(jobId));
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
