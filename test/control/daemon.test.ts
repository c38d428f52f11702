import { mkdir, mkdtemp, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { askDaemon } from '../../src/control/client.ts';
import { holderOf } from '../../src/control/state-lock.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import type { DaemonStatus } from '../../src/observability/status.ts';
import { renderStatus } from '../../src/observability/status-text.ts';
import { patience, type Scene, withScene } from '../helpers/daemon.ts';
import { instantDriver } from '../helpers/instant-driver.ts';
import { activeResources, openHandles } from '../helpers/leak-check.ts';
import { startCli } from '../integration/cli.ts';
import { type Materials, makeMaterials } from '../integration/materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-control-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A scene with one job that stands still in the middle of signing. */
const whileSigning = (act: (scene: Scene, jobId: string, release: () => Promise<void>) => Promise<void>) =>
  withScene({ secrets: materials.secrets, env: { PERRY_MAX_CONCURRENT_BUILDS: '1' } }, async (scene) => {
    await scene.linked();
    const { begun, release } = await scene.holdSigning();
    const jobId = await scene.submit(materials.macJob());
    await begun;
    await act(scene, jobId, release);
  });

/** Nobody, not even root, can remove a folder as if it were the socket. */
async function blockSocket(stateDir: string): Promise<{ unblock(): Promise<void> }> {
  const place = join(stateDir, 'perry-ship-control-blocked');
  await mkdir(join(place, 'folder'), { recursive: true, mode: 0o700 });
  await writeFile(join(stateDir, 'control.path'), join(place, 'folder'));
  return {
    unblock: async () => {
      for (const name of [place, ...['control.path', 'control.sock'].map((file) => join(stateDir, file))])
        await rm(name, { recursive: true, force: true });
    },
  };
}

const ask = (scene: Scene, ...words: string[]) => startCli({ PERRY_STATE_DIR: scene.stateDir }, ...words);

describe('the control socket of a running daemon', () => {
  test('tells how a job stands, in a table and as JSON, without a secret', () =>
    whileSigning(async (scene, jobId, release) => {
      expect((await stat(join(scene.stateDir, 'control.sock'))).mode & 0o777).toBe(0o600);
      const json = ask(scene, 'status', '--json');
      expect(await json.ended).toBe(0);
      const status: DaemonStatus = JSON.parse(json.lines.join('\n'));
      const [run] = status.runs;
      expect(status).toMatchObject({
        ...{ running: true, pid: process.pid, worker: 'tester', driver: 'local' },
        ...{ link: 'online', connection: 'linked.online', work: 'accepting', leaked: [] },
        slots: { used: 1, max: 1, waiting: 0 },
        concluded: { succeeded: 0, failed: 0, cancelled: 0 },
      });
      expect(run).toMatchObject({
        ...{ jobId, phase: 'working', target: 'macos-sign', appName: 'terminal-notifier' },
        ...{ state: 'running.codesigning', stage: 'signing', claim: 'valid', failure: null },
        machine: { name: expect.stringContaining(run?.runId ?? '?'), state: 'alive.ready.serving' },
        elapsedSeconds: expect.any(Number),
      });
      const table = ask(scene, 'status');
      expect(await table.ended).toBe(0);
      expect(table.lines.join('\n')).toMatch(
        /terminal-notifier +macos-sign +running\.codesigning +signing +\d+%/,
      );
      for (const { lines } of [json, table]) scene.secrets.look('the status', lines.join('\n'));
      await release();
      await scene.completed(jobId);
    }));

  test('refuses a second daemon on the same directory, by its process, with 69', () =>
    whileSigning(async (scene, jobId, release) => {
      // without the secret: no child process of the daemon may be seen with it, and this one is a child as well
      const { PERRY_HUB_WORKER_SECRET: _, ...env } = scene.env;
      const second = startCli(env, 'run');
      expect(await second.ended).toBe(69);
      expect(second.lines.join('\n')).toMatch(
        new RegExp(`DAEMON_ALREADY_RUNNING.*process ${process.pid}.*perry-ship status`),
      );
      const { config } = loadConfig(scene.env);
      const inside = startDaemon({ config, env: scene.env, forTerminal: false, signal: patience() });
      await expect(inside).rejects.toMatchObject({ code: 'DAEMON_ALREADY_RUNNING' });
      await release();
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
    }));

  test('that cannot be put in its place is told, and nothing of the start is left', async () => {
    const stateDir = join(folder, 'unusable');
    await blockSocket(stateDir);
    const { config } = loadConfig({ PERRY_STATE_DIR: stateDir, PERRY_VM_DRIVER: 'local' });
    const before = activeResources();
    const driver = instantDriver();
    const started = startDaemon({
      config,
      env: {},
      driver,
      forTerminal: false,
      signal: patience(),
      writeLog: () => {},
    });
    await expect(started).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      failure: { reason: expect.stringMatching(/^"perry-ship-control-blocked\/folder" in it cannot be/) },
    });
    expect(await openHandles(before)).toEqual([]);
    expect(await holderOf(stateDir)).toBeUndefined();
  });

  test('that cannot be removed at the end is told, and keeps nothing else from its end', () =>
    withScene({}, async (scene) => {
      await scene.linked();
      const { unblock } = await blockSocket(scene.stateDir);
      scene.daemon.supervisor.send({ type: 'drain.requested' });
      await scene.daemon.finished;
      expect(scene.log.join('')).toMatch(/"what":"the control socket".*could not be put away/);
      expect(await holderOf(scene.stateDir)).toBeUndefined();
      await unblock();
    }));

  test('cancels a job, and says which there are when it does not know one', () =>
    whileSigning(async (scene, jobId, release) => {
      const unknown = ask(scene, 'cancel', 'no-such-job');
      expect(await unknown.ended).toBe(1);
      expect(unknown.lines.join('\n')).toContain(
        `JOB_UNKNOWN: No job "no-such-job" is running here. Running are: ${jobId}.`,
      );
      const cancel = ask(scene, 'cancel', jobId.slice(0, 8));
      expect(await cancel.ended).toBe(0);
      expect(cancel.lines.join('\n')).toContain(`Job ${jobId} is being cancelled`);
      expect(await scene.completed(jobId)).toMatchObject({ success: false });
      await release();
      await scene.idle();
      const again = ask(scene, 'cancel', jobId);
      expect(await again.ended).toBe(1);
    }));

  test('tells a program which job it cancels', () =>
    whileSigning(async (scene, jobId, release) => {
      const cancel = ask(scene, 'cancel', jobId.slice(0, 8), '--json');
      expect(await cancel.ended).toBe(0);
      expect(JSON.parse(cancel.lines.join('\n'))).toEqual({ ok: true, jobId });
      expect(await scene.completed(jobId)).toMatchObject({ success: false });
      await release();
    }));

  test('is watched until ctrl-C, which ends the watching alone', () =>
    whileSigning(async (scene, jobId, release) => {
      const watch = ask(scene, 'status', '--watch', '--json');
      const line = await watch.said(/"running":true/);
      expect(JSON.parse(line)).toMatchObject({ running: true, runs: [{ jobId }] });
      watch.signal('SIGINT');
      expect(await watch.ended).toBe(130);
      await release();
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
    }));

  test('drains: the job ends well, and then the daemon ends', () =>
    whileSigning(async (scene, jobId, release) => {
      const drain = ask(scene, 'drain');
      expect(await drain.ended).toBe(0);
      expect(drain.lines.join('\n')).toMatch(/draining: 1 job may finish; it is draining now/);
      expect(await askDaemon(scene.stateDir, { request: 'status' })).toMatchObject({ work: 'draining' });
      await release();
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
      await scene.daemon.finished;
      const gone = ask(scene, 'status');
      expect(await gone.ended).toBe(3);
      expect(gone.lines.join('\n')).toMatch(/DAEMON_NOT_RUNNING.*perry-ship run/);
      const json = ask(scene, 'status', '--json');
      expect(await json.ended).toBe(3);
      expect(json.lines.join('\n')).toMatch(/"running": false/);
    }));

  test('pauses: the job ends well, the next one waits at the hub, also over a restart, until it is resumed', () =>
    whileSigning(async (scene, jobId, release) => {
      const pause = ask(scene, 'pause');
      expect(await pause.ended).toBe(0);
      expect(pause.lines.join('\n')).toMatch(/paused and takes no jobs.*1 job may finish/s);
      await release();
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
      const waiting = await scene.submit(materials.macJob());
      const status = ask(scene, 'status');
      expect(await status.ended).toBe(0);
      expect(status.lines.join('\n')).toMatch(/paused, no jobs are taken until "perry-ship resume"/);
      expect(scene.hub.jobStatus(waiting)).toBe('queued');
      const resume = ask(scene, 'resume', '--json');
      expect(await resume.ended).toBe(0);
      expect(JSON.parse(resume.lines.join('\n'))).toMatchObject({ ok: true, work: 'accepting' });
      expect(await scene.completed(waiting)).toMatchObject({ success: true });

      await mkdir(join(scene.stateDir, 'paused'));
      const notKept = ask(scene, 'pause', '--json');
      expect(await notKept.ended).toBe(69);
      expect(notKept.lines.join('\n')).toMatch(
        /"ok": false[^}]*"PAUSE_NOT_KEPT"[^}]*a restart would let it take jobs/,
      );
      const asked = await askDaemon(scene.stateDir, { request: 'status' });
      expect(asked).toMatchObject({ work: 'paused', pauseProblem: expect.stringContaining('EISDIR') });
      expect(renderStatus(asked)).toMatch(/A restart would take back the last pause or resume: .*EISDIR/);
      await rmdir(join(scene.stateDir, 'paused'));
      expect(await askDaemon(scene.stateDir, { request: 'resume' })).toMatchObject({ pauseProblem: null });
    }));

  test('drains at once with --now: the job goes back to the hub and the daemon ends', () =>
    whileSigning(async (scene, jobId, release) => {
      const drain = ask(scene, 'drain', '--now', '--json');
      expect(await drain.ended).toBe(0);
      expect(JSON.parse(drain.lines.join('\n'))).toMatchObject({ ok: true, work: 'stopping' });
      await scene.daemon.finished;
      expect(scene.hub.jobStatus(jobId)).toBe('queued');
      await release();
    }));

  test('is gone, and the directory free, when a daemon could not start', async () => {
    const stateDir = join(folder, 'state');
    const env = {
      PERRY_STATE_DIR: stateDir,
      PERRY_VM_DRIVER: 'local',
      PERRY_RCODESIGN: '/nowhere/rcodesign',
    };
    const start = () =>
      startDaemon({
        ...{ config: loadConfig({ ...env, PERRY_LOG_LEVEL: 'silent' }).config, env },
        ...{ forTerminal: false, signal: patience() },
      });
    for (let times = 0; times < 2; times += 1)
      await expect(start()).rejects.toMatchObject({ code: 'RCODESIGN_UNUSABLE' });
    await expect(askDaemon(stateDir, { request: 'status' })).rejects.toMatchObject({
      code: 'DAEMON_NOT_RUNNING',
    });
  });
});
