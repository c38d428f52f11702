import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Scene, withScene } from '../helpers/daemon.ts';
import { type GuardedAuthority, startGuardedAuthority } from '../helpers/guarded-authority.ts';
import { missingPrograms, signatureInfo } from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';

/** Who asks for the time stamps of a job: the worker, or the guest itself. */
let folder: string;
let materials: Materials;
let authority: GuardedAuthority;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-network-'));
  [materials, authority] = await Promise.all([
    makeMaterials(join(folder, 'materials')),
    startGuardedAuthority(),
  ]);
});
afterEach(async () => {
  await authority.stop();
  await rm(folder, { recursive: true, force: true });
});

/** One whole job; says what rcodesign shows of the image that was delivered. */
async function signedImage(env: Readonly<Record<string, string>>): Promise<string> {
  let shown = '';
  const run = async (scene: Scene) => {
    const jobId = await scene.submit(materials.macJob());
    expect(await scene.completed(jobId)).toMatchObject({ success: true });
    shown = await signatureInfo(scene.hub.artifact(jobId)?.path ?? '');
  };
  await withScene({ env: { PERRY_TIMESTAMP_URL: authority.url, ...env }, secrets: materials.secrets }, run);
  return shown;
}

test.skipIf((await missingPrograms()).length > 0)(
  'the worker fetches the time stamps, for the app and for its image, and the guest asks nobody',
  async () => {
    expect(await signedImage({})).toMatch(/time_stamp_token:/);
    expect(authority.askers.length).toBeGreaterThanOrEqual(2);
    expect(new Set(authority.askers)).toEqual(new Set(['perry-ship']));
  },
);

test('with PERRY_GUEST_NETWORK=shared the guest asks by itself', async () => {
  expect(await signedImage({ PERRY_GUEST_NETWORK: 'shared' })).toMatch(/time_stamp_token:/);
  expect(authority.askers.length).toBeGreaterThanOrEqual(2);
  expect(authority.askers).not.toContain('perry-ship');
});
