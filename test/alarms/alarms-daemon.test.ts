import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askDaemon } from '../../src/control/client.ts';
import { renderStatus } from '../../src/observability/status-text.ts';
import { withScene } from '../helpers/daemon.ts';
import { startCli } from '../integration/cli.ts';
import { type Materials, makeMaterials } from '../integration/materials.ts';

const PATIENCE = { timeout: 30_000 };
const DAY_MS = 86_400_000;

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-alarms-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a daemon that the hub refuses tells its operator, by status, command and page of alarms', async () => {
  const limits = {
    hub: { greetingGrace: 30_000, backoff: 20 },
    alarms: { lookPause: 20, raiseAfter: 20, clearAfter: 20, retryPause: 20 },
  };
  const env = {
    PERRY_HUB_WORKER_SECRET: 'n0t-the-right-one',
    PERRY_ALERT_COMMAND: JSON.stringify(['/bin/sh', '-c', 'cat >> "$TMPDIR/../heard"']),
  };
  await withScene({ limits, env, secrets: { wrong: env.PERRY_HUB_WORKER_SECRET } }, async (scene) => {
    const asked = () => askDaemon(scene.stateDir, { request: 'status' });
    await expect
      .poll(async () => (await asked()).alarms, PATIENCE)
      .toContainEqual(
        expect.objectContaining({ alarm: 'hub-refused', summary: 'The hub refuses the worker secret.' }),
      );
    expect(renderStatus(await asked())).toMatch(
      /ALARM hub-refused since .*\n.*refuses the worker secret\.\n.*\n.*Set PERRY_HUB_WORKER_SECRET/,
    );
    const heard = () => readFile(join(scene.folder, 'heard'), 'utf8').catch(() => '');
    await expect.poll(heard, PATIENCE).toMatch(/"event":"raised","alarm":"hub-refused"/);
    scene.secrets.look('the notice', await heard());
    const cli = startCli({}, 'alarms', '--state-dir', scene.stateDir);
    expect([await cli.ended, cli.lines.join('\n')]).toEqual([
      1,
      expect.stringMatching(/^ALARM hub-refused since/m),
    ]);
  });
});

test('a daemon that is well has no alarm', async () => {
  await withScene({ limits: { alarms: { lookPause: 20, raiseAfter: 0 } } }, async (scene) => {
    await scene.linked();
    await expect
      .poll(async () => (await askDaemon(scene.stateDir, { request: 'status' })).link, PATIENCE)
      .toBe('online');
    const cli = startCli({}, 'alarms', '--json', '--state-dir', scene.stateDir);
    const code = await cli.ended;
    const { alarms } = JSON.parse(cli.lines.join('\n')) as { alarms: { alarm: string }[] };
    // the hub may have been away for the first look
    expect(alarms.filter(({ alarm }) => alarm !== 'hub-away' && alarm !== 'disk-low')).toEqual([]);
    expect(code).toBe(alarms.length === 0 ? 0 : 1);
  });
});

test('a job whose profile expires soon is done, and its operator told; the next one with a new profile ends that', async () => {
  const limits = { alarms: { lookPause: 20 } };
  await withScene({ limits, secrets: materials.secrets }, async (scene) => {
    const raised = async () =>
      (await askDaemon(scene.stateDir, { request: 'status' })).alarms.filter(
        ({ alarm }) => alarm === 'credential-expiring',
      );
    const jobWith = async (days: number) => {
      const profile = materials.profileWith({ expires: new Date(Date.now() + days * DAY_MS) });
      const credentials = { provisioning_profile_base64: profile };
      const jobId = await scene.submit(materials.iosJob({ credentials }));
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
    };
    await scene.linked();
    await jobWith(10);
    const on = new Date(Date.now() + 10 * DAY_MS).toISOString().slice(0, 10);
    await expect.poll(raised, PATIENCE).toMatchObject([{ reason: expect.stringContaining(on) }]);
    expect((await raised())[0]?.reason).toMatch(/^The profile "/);
    await jobWith(100);
    await expect.poll(raised, PATIENCE).toEqual([]);
  });
});
