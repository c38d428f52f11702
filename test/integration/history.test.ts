import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type EmbeddedHub,
  type JobSubmission,
  startEmbeddedHub,
} from '../../src/embedded-hub/embedded-hub.ts';
import type { JobRecord } from '../../src/history/record.ts';
import { recordsPathOf } from '../../src/history/record-file.ts';
import { packageRoot } from '../../src/package-root.ts';
import { patience, settingsFor, WORKER_SECRET } from '../helpers/daemon.ts';
import { holdSigning } from '../helpers/held-rcodesign.ts';
import { type SecretWatch, watchCredentials, watchSecrets } from '../helpers/secret-watch.ts';
import { type RunningCli, startCli } from './cli.ts';
import { type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-history-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let room: string;
let hub: EmbeddedHub;
let env: Record<string, string>;
let secrets: SecretWatch;
let daemons: RunningCli[];
beforeEach(async () => {
  room = await mkdtemp(join(folder, 'room-'));
  await Promise.all(['hub', 'tmp'].map((name) => mkdir(join(room, name))));
  hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  env = { ...(await settingsFor(hub, room)), PERRY_LOG_LEVEL: 'debug', TMPDIR: join(room, 'tmp') };
  secrets = watchSecrets();
  secrets.add('the worker secret', WORKER_SECRET);
  for (const [name, secret] of Object.entries(materials.secrets)) secrets.add(name, secret);
  daemons = [];
});
afterEach(async () => {
  for (const daemon of daemons) daemon.signal('SIGKILL');
  await Promise.all(daemons.map(({ ended }) => ended));
  for (const { token } of hub.assignments) secrets.add('a token', token);
  await secrets.lookInFiles('state folder', state());
  expect(secrets.findings).toEqual([]);
  await hub.stop();
  await rm(room, { recursive: true, force: true });
});

const state = () => join(room, 'state');

function daemon(more: Record<string, string> = {}): RunningCli {
  const started = startCli({ ...env, ...more }, 'run');
  daemons.push(started);
  return started;
}

async function ended(running: RunningCli): Promise<void> {
  running.signal('SIGTERM');
  expect(await running.ended).toBe(0);
}

async function submit(job: JobSubmission): Promise<string> {
  watchCredentials(secrets, job);
  return hub.submitJob(job);
}

/** What a command answers a program. */
async function told(...words: readonly string[]) {
  const program = join(packageRoot(), 'dist/src/cli/perry-ship.js');
  const { stdout } = await promisify(execFile)(process.execPath, ['--', program, ...words, '--json'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PERRY_STATE_DIR: state() },
  });
  return JSON.parse(stdout);
}
const resultsIn = ({ jobs }: { jobs: JobRecord[] }) => jobs.map(({ jobId, result }) => `${jobId} ${result}`);
const wrongPassword = () =>
  materials.iosJob({ credentials: { apple_certificate_password: 'not the right one' } });

test('what became of two jobs is told while the daemon runs, when it has ended, and by the next one', async () => {
  const running = daemon();
  const good = await submit(materials.macJob());
  expect(await hub.completed(good, patience())).toMatchObject({ success: true });
  const bad = await submit(wrongPassword());
  expect(await hub.completed(bad, patience())).toMatchObject({ success: false });
  const expected = [`${bad} failed`, `${good} succeeded`];
  await running.said(/"run":"[^"]+".*"job failed"|job failed/);
  expect(resultsIn(await told('jobs'))).toEqual(expected);
  expect(await told('status')).toMatchObject({
    lastFailures: [
      { jobId: bad, code: 'P12_PASSWORD_WRONG', result: 'failed', nextStep: expect.any(String) },
    ],
  });
  const lines = running.lines.filter((line) => line.includes('"durationMs"')).map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    {
      job: good,
      msg: 'job succeeded',
      stageMs: { signing: expect.any(Number) },
      bytes: { artifact: expect.any(Number) },
    },
    { job: bad, msg: 'job failed', code: 'P12_PASSWORD_WRONG', stage: 'extracting' },
  ]);
  await ended(running);
  expect(resultsIn(await told('jobs'))).toEqual(expected);

  const whole = await told('job', good, '--log');
  expect(whole).toMatchObject({
    ...{ target: 'macos-sign', result: 'succeeded', stage: 'uploading', failure: null, retries: 0 },
    ...{ appName: 'terminal-notifier', machine: expect.stringMatching(/^perry-ship-/), leakedMachine: null },
    artifacts: [{ sha256Hex: hub.artifact(good)?.sha256Hex, sizeBytes: hub.artifact(good)?.sizeBytes }],
  });
  expect(whole.stages.map(({ stage }: { stage: string }) => stage)).toEqual([
    ...['extracting', 'generating_assets', 'signing', 'packaging', 'uploading'],
  ]);
  expect(whole.path.at(0).state).toBe('admitting');
  expect(whole.path.at(-1).state).toBe('succeeded');
  const messages = whole.log.first.map(({ message }: { message: string }) => message);
  expect(messages).toEqual(
    expect.arrayContaining(['job assigned', 'Signing precompiled bundle', 'job succeeded']),
  );

  const next = daemon();
  await next.said(/linked to the hub/);
  expect(resultsIn(await told('jobs', '--failed'))).toEqual([expected[0]]);
  expect((await told('status')).lastFailures).toHaveLength(1);
  await ended(next);
});

test('a daemon that is killed leaves its job interrupted, and a torn line hurts nothing', async () => {
  const signing = await holdSigning(join(room, 'tools'));
  const jobId = await submit(materials.macJob());
  const running = daemon();
  await signing.begun;
  expect(resultsIn(await told('jobs'))).toEqual([`${jobId} running`]);
  running.signal('SIGKILL');
  await running.ended;
  await signing.release();
  await appendFile(recordsPathOf(state()), '{"v":1,"runId":"torn","jobId":"to');

  expect(await told('jobs')).toMatchObject({
    jobs: [{ jobId, result: 'interrupted', stage: 'signing', failure: { code: 'WORKER_RESTARTED' } }],
  });
  const next = daemon();
  expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
  await ended(next);
  expect(next.lines.filter((line) => line.includes('job interrupted'))).toHaveLength(1);
  expect(resultsIn(await told('jobs'))).toEqual([`${jobId} succeeded`, `${jobId} interrupted`]);
  const [, killed] = (await told('jobs')).jobs;
  const { log } = await told('job', killed.runId, '--log');
  expect(log.first.map(({ message }: { message: string }) => message)).toContain(
    'Signing precompiled bundle',
  );
  expect((await told('job', jobId)).otherRuns).toEqual([killed.runId]);
});

test('without a history a daemon leaves none, and works', async () => {
  const running = daemon({ PERRY_HISTORY_JOBS: '0' });
  const bad = await submit(wrongPassword());
  expect(await hub.completed(bad, patience())).toMatchObject({ success: false });
  await ended(running);
  expect(await told('jobs')).toMatchObject({ kept: 0, jobs: [] });
  expect(await readdir(state())).not.toContain('history');
});
