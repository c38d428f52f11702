import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ShipError } from '../../src/errors.ts';
import { step } from '../../src/run/room/step-table.ts';
import { checkArtifact } from '../../src/run/steps/check-artifact.ts';
import { type Scene, withScene } from '../helpers/daemon.ts';
import { inProcessRuns } from '../helpers/in-process-runs.ts';
import { gate } from './gate.ts';
import { expectOneComplete } from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-ahead-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Check {
  pass(): void;
  refuse(): void;
}

type Play = (scene: Scene, jobId: string, check: Check) => Promise<void>;

/** A job whose check goes on until the play ends it, and whose upload has come to the hub. */
const played =
  (play: Play, prepare: (scene: Scene) => void = () => {}) =>
  async () => {
    const { open, opened } = gate();
    let isRefused = false;
    const slowCheck = step(async (scope) => {
      await opened;
      if (isRefused)
        throw new ShipError('GUEST_OUTPUT_ALTERED', {
          summary: 'It is damaged.',
          reason: 'x',
          nextStep: 'x',
        });
      await checkArtifact(scope);
    });
    const startRun = inProcessRuns({ steps: { checkArtifact: slowCheck } });
    const check = {
      pass: open,
      refuse: () => {
        isRefused = true;
        open();
      },
    };
    await withScene({ secrets: materials.secrets, startRun }, async (scene) => {
      await scene.linked();
      prepare(scene);
      const jobId = await scene.submit(materials.macJob());
      const hasBegun = () => expect(scene.hub.uploadsBegun()).toBe(1);
      await vi.waitFor(hasBegun, { timeout: 60_000, interval: 10 }).catch((error) => {
        open();
        throw error;
      });
      // what is under way must end also when this has failed
      await play(scene, jobId, check).finally(open);
      await scene.idle();
      expectOneComplete(scene.hub.messages(jobId));
    });
  };

/** The hub has nothing of it, and was not given its end. */
function expectNothing({ hub }: Scene, jobId: string): void {
  expect(hub.artifact(jobId)).toBeUndefined();
  expect(hub.uploadsRead()).toBe(0);
}

describe('an upload that began while its artifact is checked', () => {
  test(
    'is the only one when the check passes',
    played(async (scene, jobId, check) => {
      expectNothing(scene, jobId);
      check.pass();
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
      expect([scene.hub.uploadsBegun(), scene.hub.uploadsRead()]).toEqual([1, 1]);
      expect(scene.hub.artifact(jobId)).toBeDefined();
    }),
  );

  test(
    'is broken off when the check fails',
    played(async (scene, jobId, check) => {
      check.refuse();
      expect(await scene.completed(jobId)).toMatchObject({
        ...{ success: false, artifacts: [] },
        error: expect.stringMatching(/^GUEST_OUTPUT_ALTERED: /),
      });
      expectNothing(scene, jobId);
    }),
  );

  test(
    'is broken off when the job is cancelled',
    played(async (scene, jobId) => {
      expect(scene.hub.cancel(jobId)).toBe(true);
      expect(await scene.completed(jobId)).toMatchObject({ success: false, error: 'cancelled' });
      expectNothing(scene, jobId);
    }),
  );

  test(
    'is made anew after the check when the hub would not have it',
    played(
      async (scene, jobId, check) => {
        expectNothing(scene, jobId);
        check.pass();
        expect(await scene.completed(jobId)).toMatchObject({ success: true });
        expect([scene.hub.uploadsBegun(), scene.hub.uploadsRead()]).toEqual([2, 1]);
      },
      ({ hub }) => hub.failNextUploads(1, 503),
    ),
  );
});
