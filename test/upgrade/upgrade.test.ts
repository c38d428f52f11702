import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { askDaemon } from '../../src/control/client.ts';
import { holderOf } from '../../src/control/state-lock.ts';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { versionIn } from '../../src/upgrade/place.ts';
import { holdSigning, patience, settingsFor, WORKER_SECRET } from '../helpers/daemon.ts';
import { makeMaterials } from '../integration/materials.ts';
import { type Registry, startRegistry } from './registry.ts';

interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let modules: string;
let fake: string;
let stateDir: string;
let hub: EmbeddedHub;
let registry: Registry;
let env: Record<string, string>;

const program = (name = 'perry-ship') => join(modules, name, 'dist/src/cli/perry-ship.js');
const run = (file: string, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(file, args, { env }, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? error.signal ?? null) : 0, stdout, stderr }),
    );
  });
const perryShip = (...args: string[]) =>
  run(process.execPath, '--', program(), ...args, '--env-file', join(folder, 'perry.env'));
const systemctl = (verb: string) => run(join(fake, 'systemctl'), scope, '-', '-', verb, 'perry-ship.service');
const scope = process.getuid?.() === 0 ? '--system' : '--user';
const untilGone = () =>
  vi.waitFor(async () => expect(await holderOf(stateDir)).toBeUndefined(), { timeout: 60_000 });
const answering = () => askDaemon(stateDir, { request: 'status' });

describe.runIf(process.platform === 'linux')('an installed program and its daemon', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perry-upgrade-'));
    const prefix = join(folder, 'prefix');
    [modules, fake, stateDir] = [
      join(prefix, 'lib/node_modules'),
      join(folder, 'fake'),
      join(folder, 'state'),
    ];
    for (const name of ['packed', 'hub', 'home', 'fake']) await mkdir(join(folder, name));
    registry = await startRegistry(join(folder, 'packed'));
    registry.publish('0.1.0');
    hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(folder, 'hub') });
    env = {
      PATH: `${fake}:${process.env.PATH}`,
      ...{ HOME: join(folder, 'home'), TMPDIR: folder, npm_config_registry: registry.url },
    };
    const settings = Object.entries(await settingsFor(hub, folder)).map(
      ([name, value]) => `${name}=${value}`,
    );
    await writeFile(join(folder, 'perry.env'), settings.join('\n'), { mode: 0o600 });
    await copyFile(join(import.meta.dirname, 'systemctl.mjs'), join(fake, 'systemctl'));
    await writeFile(join(fake, 'package.json'), '{"type":"module"}');
    await chmod(join(fake, 'systemctl'), 0o755);
    const args = [process.execPath, '--', program(), 'run', '--env-file', join(folder, 'perry.env')];
    await writeFile(join(fake, 'daemon.json'), JSON.stringify({ scope, args }));
    const installed = await run('npm', 'install', '--global', '--prefix', prefix, 'perry-ship@0.1.0');
    expect(installed).toMatchObject({ code: 0 });
    expect(await systemctl('start')).toMatchObject({ code: 0 });
    await hub.until(() => (hub.workers().length > 0 ? true : undefined), patience());
    await vi.waitFor(async () => expect(await answering()).toMatchObject({ link: 'online' }), {
      timeout: 30_000,
    });
    registry.publish('0.2.0');
  });
  afterAll(async () => {
    await systemctl('stop');
    await untilGone();
    await hub.stop();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** An upgrade that has come so far that the daemon finishes its jobs. */
  async function beginUpgrade() {
    const args = ['--', program(), 'upgrade', '--yes', '--env-file', join(folder, 'perry.env')];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'close');
    let said = '';
    child.stderr.on('data', (piece) => {
      said += String(piece);
    });
    await vi.waitFor(async () => expect(await answering(), said).toMatchObject({ work: 'yielding' }), {
      timeout: 60_000,
    });
    return { child, ended, said: () => said };
  }

  /** What must hold after every upgrade, whatever became of it. */
  async function expectServing(version: string) {
    expect(versionIn(join(modules, 'perry-ship'))).toBe(version);
    expect(await answering()).toMatchObject({ version, work: 'accepting', link: 'online' });
    expect(existsSync(join(modules, '.perry-ship-upgrade'))).toBe(false);
  }

  test('without --yes it says what would be done, and does nothing', async () => {
    const { pid } = await answering();
    const { code, stdout } = await perryShip('upgrade');
    expect(code).toBe(0);
    expect(stdout).toContain('perry-ship 0.1.0 -> 0.2.0');
    expect(stdout).toContain(`process ${pid}, run by the service manager`);
    await expectServing('0.1.0');
    expect(await answering()).toMatchObject({ pid });
  });

  test('no job is lost: stopped or killed, an upgrade lets the daemon take jobs again, and a good version waits for its turn', async () => {
    const materials = await makeMaterials(join(folder, 'materials'));
    const { pid } = await answering();
    const { begun, release } = await holdSigning(join(folder, 'tools'));
    const jobId = await hub.submitJob(materials.macJob());
    await begun;
    for (const [signal, end] of [
      ['SIGINT', [130, null]],
      ['SIGKILL', [null, 'SIGKILL']],
    ] as const) {
      const { child, ended, said } = await beginUpgrade();
      const second = await perryShip('upgrade', '--yes', '--json');
      expect(JSON.parse(second.stdout).error).toMatchObject({
        code: 'UPGRADE_REFUSED',
        reason: `Another upgrade of this program is under way: process ${child.pid}.`,
      });
      child.kill(signal);
      expect(await ended, said()).toEqual(end);
      const goesOn = { pid, version: '0.1.0', work: 'accepting', runs: [{ jobId }] };
      await vi.waitFor(async () => expect(await answering()).toMatchObject(goesOn));
    }
    await perryShip('pause');
    const { ended, said } = await beginUpgrade();
    await release();
    expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
    expect(await ended, said()).toEqual([0, null]);
    expect(await answering()).toMatchObject({ version: '0.2.0', work: 'paused' });
    await perryShip('resume');
    // the link is made anew, with another offer
    await vi.waitFor(() => expectServing('0.2.0'), { timeout: 30_000 });
    expect(versionIn(join(modules, '.perry-ship-previous'))).toBe('0.1.0');
    expect(existsSync(join(modules, 'perry-ship/node_modules/perry-ship-test-dependency'))).toBe(true);
    expect(await run(join(modules, '../../bin/perry-ship'), '--version')).toMatchObject({
      stdout: '0.2.0\n',
    });
    expect(await perryShip('upgrade', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to do'),
    });
  });

  test('of a version whose daemon dies nothing stays, and the one of before serves again', async () => {
    registry.publish('0.3.0', "if (process.argv.includes('run')) process.exit(70);");
    const { code, stdout } = await perryShip('upgrade', '--yes', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'UPGRADE_FAILED' } });
    expect(JSON.parse(stdout).error.summary).toContain(
      'version 0.2.0 is in place again, and its daemon runs',
    );
    expect(JSON.parse(stdout).error.reason).toContain('ended right after its start');
    expect(code).toBe(69);
    await vi.waitFor(() => expectServing('0.2.0'), { timeout: 30_000 });
  });

  test('a version that cannot use the settings, or is no such version, is found before the daemon is touched', async () => {
    const { pid } = await answering();
    const broken = '{"answers":[{"question":"Q?","verdict":"failed","evidence":"E","fix":"Do it."}]}';
    registry.publish(
      '0.3.1',
      `if (process.argv.includes('doctor')) { console.log('${broken}'); process.exit(1); }`,
    );
    for (const [version, reason] of [
      ['0.3.1', 'cannot work here. Q? E'],
      ['9.9.9', 'did not say'],
    ] as const) {
      const { stdout } = await perryShip('upgrade', version, '--yes', '--json');
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'UPGRADE_REFUSED' } });
      expect(JSON.parse(stdout).error.reason).toContain(reason);
    }
    await expectServing('0.2.0');
    expect(await answering()).toMatchObject({ pid });
  });

  test('one that is stopped while its daemon starts is undone, and says so', async () => {
    const args = ['--', program(), 'upgrade', '0.1.0', '--yes', '--env-file', join(folder, 'perry.env')];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (piece) => {
      if (!said.includes('starting the daemon') && String(piece).includes('starting')) child.kill('SIGINT');
      said += String(piece);
    });
    const [code] = await once(child, 'close');
    expect({ code, said }).toMatchObject({ code: 130 });
    expect(said).toMatch(/CANCELLED: Stopped on request. The version of before is in place./);
    await vi.waitFor(() => expectServing('0.2.0'), { timeout: 30_000 });
  });

  test('one that is killed after the swap is finished by the next', async () => {
    registry.publish('0.4.0');
    await writeFile(join(fake, 'kills-caller'), '');
    expect(await perryShip('upgrade', '--yes')).toMatchObject({ code: 'SIGKILL' });
    await rm(join(fake, 'kills-caller'));
    expect(await holderOf(stateDir)).toBeUndefined();
    const { stdout } = await perryShip('upgrade', '--yes', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'upgraded',
      from: '0.2.0',
      to: '0.4.0',
      daemon: 'ended',
    });
    await expectServing('0.4.0');
  });

  test('one that is killed between the two renames is undone by the program that stepped aside', async () => {
    await perryShip('drain');
    await untilGone();
    await mkdir(join(modules, '.perry-ship-upgrade'), { mode: 0o700 });
    const service = scope === '--system' ? 'system' : 'user';
    const note = { from: '0.4.0', to: '0.5.0', stateDir, service, wasOnline: true };
    await writeFile(join(modules, '.perry-ship-upgrade/note.json'), JSON.stringify(note));
    await rm(join(modules, '.perry-ship-previous'), { recursive: true });
    await rename(join(modules, 'perry-ship'), join(modules, '.perry-ship-previous'));
    const args = ['upgrade', '0.4.0', '--yes', '--json', '--env-file', join(folder, 'perry.env')];
    const { stdout } = await run(process.execPath, '--', program('.perry-ship-previous'), ...args);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, to: '0.4.0', daemon: 'ended' });
    await expectServing('0.4.0');
  });
});
