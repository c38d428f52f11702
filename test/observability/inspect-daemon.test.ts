import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { reduce } from '../../src/page/model/reduce.ts';
import { nothingKnown, type PageState } from '../../src/page/model/state.ts';
import { activePaths } from '../../src/page/words/states.ts';
import { withScene } from '../helpers/daemon.ts';
import { takenPort } from '../helpers/free-port.ts';
import { type Materials, makeMaterials } from '../integration/materials.ts';

const PATIENCE = { timeout: 10_000 };

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-inspect-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the page knows, from what the daemon tells it. */
function pageOf(port: string, look: (text: string) => void) {
  let state: PageState = nothingKnown;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`);
  socket.on('message', (data) => {
    look(String(data));
    state = reduce(state, JSON.parse(String(data)), Date.now());
  });
  const standingIn = (chart: string) =>
    [...state.actors.values()]
      .filter((actor) => actor.chart === chart)
      .map(({ steps }) => activePaths(steps.at(-1)?.value));
  return {
    state: () => state,
    paths: (chart: string) => standingIn(chart).flat(),
    socket,
  };
}

test('the page and a viewer of the inspector see a real job, and no secret of it', async () => {
  const { port, free } = await takenPort();
  await free();
  await withScene({ secrets: materials.secrets, env: { PERRY_INSPECT: port } }, async (scene) => {
    const viewer = new WebSocket(`ws://127.0.0.1:${port}/`);
    viewer.on('message', (data) => scene.secrets.look('the inspector', String(data)));
    const page = pageOf(port, (text) => scene.secrets.look('the page', text));
    await Promise.all([once(viewer, 'open'), once(page.socket, 'open')]);
    await scene.linked();
    const { begun, release } = await scene.holdSigning();
    const jobId = await scene.submit(materials.macJob());
    await begun;
    await expect.poll(() => page.paths('signJob').join(' '), PATIENCE).toMatch(/codesigning/);
    await expect.poll(() => page.state().runs[0]?.stage, PATIENCE).toBe('signing');
    expect(page.state()).toMatchObject({
      machines: 'local, which isolates nothing',
      runs: [
        {
          jobId,
          appName: 'terminal-notifier',
          target: 'macos-sign',
          machine: { state: expect.stringMatching(/alive\.ready/) },
        },
      ],
      standing: { status: { link: 'online', work: 'accepting', slots: { used: 1, max: 2 } } },
    });
    expect(page.paths('supervisor')).toEqual(expect.arrayContaining(['serving.work.accepting']));
    expect(page.state().events.map(({ type }) => type)).toContain('hub.jobAssigned');
    const late = pageOf(port, () => {});
    await expect.poll(() => late.paths('signJob').join(' '), PATIENCE).toMatch(/codesigning/);
    await release();
    expect(await scene.completed(jobId)).toMatchObject({ success: true });
    await expect.poll(() => page.state().runs, PATIENCE).toEqual([]);
    expect(page.paths('signJob')).toEqual([]);
    expect(page.state().standing?.status.concluded).toMatchObject({ succeeded: 1 });
    for (const one of [viewer, page.socket, late.socket]) {
      one.terminate();
      await once(one, 'close');
    }
  });
});

test('a port in use is a warning; the daemon works without its page', async () => {
  const { port, free } = await takenPort();
  await withScene({ env: { PERRY_INSPECT: port } }, async (scene) => {
    await scene.linked();
    expect(scene.log.join('')).toMatch(/the page is off: its port cannot be used/);
  });
  await free();
});

test('is off unless it is asked for', async () => {
  await withScene({}, async (scene) => {
    await scene.linked();
    expect(scene.log.join('')).not.toContain('page is off');
  });
});
