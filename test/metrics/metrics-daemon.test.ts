import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askDaemon } from '../../src/control/client.ts';
import { renderStatus } from '../../src/observability/status-text.ts';
import { withScene } from '../helpers/daemon.ts';
import { freePort, takenPort } from '../helpers/free-port.ts';
import { hasPromtool, promtool } from '../helpers/promtool.ts';
import { type Materials, makeMaterials } from '../integration/materials.ts';
import { sampleValue } from './exposition.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-metrics-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const asks = (port: string) => async (path: string, init?: RequestInit) => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
  return { status: answer.status, type: answer.headers.get('content-type'), said: await answer.text() };
};

test('a job is counted on its way, Prometheus takes all of it, and no secret is in it', async () => {
  const port = await freePort();
  const ask = asks(port);
  await withScene({ secrets: materials.secrets, env: { PERRY_METRICS: port } }, async (scene) => {
    const metrics = async () => {
      const { said } = await ask('/metrics');
      scene.secrets.look('the metrics', said);
      return said;
    };
    await scene.linked();
    await expect.poll(() => ask('/readyz')).toMatchObject({ status: 200, said: 'ready\n' });
    const { begun, release } = await scene.holdSigning();
    const jobId = await scene.submit(materials.macJob());
    await begun;
    const during = await metrics();
    expect(sampleValue(during, 'perry_ship_assignments_total')).toBe(1);
    expect(sampleValue(during, 'perry_ship_hub_link', { state: 'online' })).toBe(1);
    expect(sampleValue(during, 'perry_ship_hub_connects_total')).toBe(1);
    expect(sampleValue(during, 'perry_ship_jobs', { phase: 'working' })).toBe(1);
    expect(sampleValue(during, 'perry_ship_slots_used')).toBe(1);
    expect(sampleValue(during, 'perry_ship_machines', { owner: 'job', state: 'ready' })).toBe(1);
    await release();
    expect(await scene.completed(jobId)).toMatchObject({ success: true });
    await scene.idle();
    const after = await metrics();
    expect(sampleValue(after, 'perry_ship_slots_used')).toBe(0);
    const answers = ['none', 'standby'].map((answer) =>
      sampleValue(after, 'perry_ship_pool_answers_total', { answer }),
    );
    expect(answers.reduce((sum, each) => sum + each)).toBe(1);
    expect(sampleValue(after, 'perry_ship_pool_wait_seconds_count')).toBe(1);
    expect(sampleValue(after, 'perry_ship_jobs_total', { result: 'succeeded' })).toBe(1);
    expect(sampleValue(after, 'perry_ship_stage_duration_seconds_count', { stage: 'signing' })).toBe(1);
    expect(after).not.toContain(jobId);
    if (hasPromtool) expect(promtool(['check', 'metrics'], after)).toBe('');
    scene.daemon.supervisor.send({ type: 'drain.requested' });
    await expect
      .poll(() => ask('/readyz').catch(() => undefined))
      .toSatisfy((answer) => answer === undefined || answer.status === 503);
  });
});

test('without the page there is no page; HEAD and the content type are right', async () => {
  const port = await freePort();
  const ask = asks(port);
  await withScene({ env: { PERRY_METRICS: port } }, async (scene) => {
    await scene.linked();
    expect(await ask('/')).toMatchObject({ status: 404 });
    expect(await ask('/healthz')).toMatchObject({ status: 200, said: 'alive\n' });
    expect(await ask('/metrics', { method: 'HEAD' })).toEqual({
      ...{ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', said: '' },
    });
    expect(await ask('/metrics', { method: 'POST' })).toMatchObject({ status: 405 });
  });
});

test('page and metrics share one server where their ports are the same', async () => {
  const port = await freePort();
  const ask = asks(port);
  await withScene({ env: { PERRY_METRICS: port, PERRY_INSPECT: port } }, async (scene) => {
    await scene.linked();
    expect(await ask('/')).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
    expect(await ask('/readyz')).toMatchObject({ status: 200 });
    expect(scene.log.join('')).not.toContain('cannot be used');
  });
});

test('with two ports the page has the metrics as well, and the other port no page', async () => {
  const [page, metrics] = [await takenPort(), await takenPort()];
  await page.free();
  await metrics.free();
  await withScene({ env: { PERRY_METRICS: metrics.port, PERRY_INSPECT: page.port } }, async (scene) => {
    await scene.linked();
    for (const port of [page.port, metrics.port])
      expect(await asks(port)('/healthz')).toMatchObject({ status: 200 });
    expect(await asks(metrics.port)('/')).toMatchObject({ status: 404 });
  });
});

test('a port in use takes nothing but the metrics away: it is an alarm, and tried again until it is free', async () => {
  const { port, free } = await takenPort();
  const limits = { webPort: { retryPause: 20 }, alarms: { lookPause: 20, raiseAfter: 0, clearAfter: 0 } };
  await withScene({ env: { PERRY_METRICS: port }, limits }, async (scene) => {
    await scene.linked();
    const status = () => askDaemon(scene.stateDir, { request: 'status' });
    const closed = { name: 'metrics server', port: Number(port), problem: 'another program has it' };
    await expect
      .poll(status)
      .toMatchObject({ work: 'accepting', closedPorts: [closed], alarms: [{ alarm: 'port-in-use' }] });
    expect(renderStatus(await status())).toContain(`The metrics server is off: port ${port} cannot be used`);
    await free();
    await expect.poll(() => asks(port)('/healthz').catch(() => undefined)).toMatchObject({ status: 200 });
    await expect.poll(status).toMatchObject({ closedPorts: [], alarms: [] });
    const warnings = scene.log.filter((line) => line.includes('the metrics server is off'));
    expect(warnings.filter((line) => JSON.parse(line).level === 40)).toHaveLength(1);
  });
});
