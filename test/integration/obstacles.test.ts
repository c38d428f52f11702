import { mkdir, mkdtemp, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chainIn } from '../../src/audit/places.ts';
import { askDaemon } from '../../src/control/client.ts';
import { renderStatus } from '../../src/observability/status-text.ts';
import { withScene } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-obstacles-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const PATIENCE = { timeout: 30_000 };

test('while no job can succeed none is taken, and everybody who asks is told; then they are taken again', async () => {
  const port = await freePort();
  const env = { PERRY_METRICS: port };
  const limits = { supervisor: { lookPause: 50 }, hub: { greetingGrace: 20, backoff: 20, offerPause: 20 } };
  await withScene({ secrets: materials.secrets, env, limits }, async (scene) => {
    const readiness = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
      return `${answer.status} ${await answer.text()}`;
    };
    await scene.linked();
    await expect.poll(readiness, PATIENCE).toBe('200 ready\n');
    const inItsPlace = chainIn(scene.stateDir);
    await mkdir(inItsPlace);
    const lost = await scene.submit(materials.macJob());
    expect(await scene.completed(lost)).toMatchObject({
      error: expect.stringContaining('SIGNATURE_NOT_RECORDED'),
    });
    await expect.poll(() => scene.hub.workers(), PATIENCE).toMatchObject([{ capabilities: [] }]);
    const waiting = await scene.submit(materials.macJob());
    expect(await readiness()).toMatch(
      /^503 not ready\n(.*\n)?Nothing can be entered in the account of signatures/,
    );
    const status = await askDaemon(scene.stateDir, { request: 'status' });
    expect(status).toMatchObject({ work: 'unable', obstacles: [{ about: 'signatures' }] });
    expect(renderStatus(status)).toMatch(
      /no jobs are taken while every one would fail(.*\n)*.*no regular file/,
    );
    expect(scene.hub.assignments.map(({ jobId }) => jobId)).toEqual([lost]);

    await rmdir(inItsPlace);
    expect(await scene.completed(waiting)).toMatchObject({ success: true });
    await expect.poll(readiness, PATIENCE).toBe('200 ready\n');
    expect(await readFile(inItsPlace, 'utf8')).toMatch(/"kind":"resumed","fault":"[^"]*no regular file"/);
  });
});
