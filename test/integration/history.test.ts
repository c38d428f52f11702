import { execFile } from 'node:child_process';
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { JobRecord } from '../../src/history/record.ts';
import { recordsPathOf } from '../../src/history/record-file.ts';
import { packageRoot } from '../../src/package-root.ts';
import { patience } from '../helpers/daemon.ts';
import { useDaemonRoom } from '../helpers/daemon-room.ts';
import { holdSigning } from '../helpers/held-rcodesign.ts';
import type { RunningCli } from './cli.ts';

const room = useDaemonRoom({ settings: { PERRY_LOG_LEVEL: 'debug' } });

async function ended(running: RunningCli): Promise<void> {
  running.signal('SIGTERM');
  expect(await running.ended).toBe(0);
}

/** What a command answers a program. */
async function told(...words: readonly string[]) {
  const program = join(packageRoot(), 'dist/src/cli/perry-ship.js');
  const { stdout } = await promisify(execFile)(process.execPath, ['--', program, ...words, '--json'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PERRY_STATE_DIR: room.state },
  });
  return JSON.parse(stdout);
}
const resultsIn = ({ jobs }: { jobs: JobRecord[] }) => jobs.map(({ jobId, result }) => `${jobId} ${result}`);
const wrongPassword = () =>
  room.materials.iosJob({ credentials: { apple_certificate_password: 'not the right one' } });

test('what became of two jobs is told while the daemon runs, when it has ended, and by the next one', async () => {
  const running = room.daemon();
  const good = await room.submit(room.materials.macJob());
  expect(await room.hub.completed(good, patience())).toMatchObject({ success: true });
  const bad = await room.submit(wrongPassword());
  expect(await room.hub.completed(bad, patience())).toMatchObject({ success: false });
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
    artifacts: [
      { sha256Hex: room.hub.artifact(good)?.sha256Hex, sizeBytes: room.hub.artifact(good)?.sizeBytes },
    ],
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

  const next = room.daemon();
  await next.said(/linked to the hub/);
  expect(resultsIn(await told('jobs', '--failed'))).toEqual([expected[0]]);
  expect((await told('status')).lastFailures).toHaveLength(1);
  await ended(next);
});

test('a daemon that is killed leaves its job interrupted, and a torn line hurts nothing', async () => {
  const signing = await holdSigning(join(room.folder, 'tools'));
  const jobId = await room.submit(room.materials.macJob());
  const running = room.daemon();
  await signing.begun;
  expect(resultsIn(await told('jobs'))).toEqual([`${jobId} running`]);
  running.signal('SIGKILL');
  await running.ended;
  await signing.release();
  await appendFile(recordsPathOf(room.state), '{"v":1,"runId":"torn","jobId":"to');

  expect(await told('jobs')).toMatchObject({
    jobs: [{ jobId, result: 'interrupted', stage: 'signing', failure: { code: 'WORKER_RESTARTED' } }],
  });
  const next = room.daemon();
  expect(await room.hub.completed(jobId, patience())).toMatchObject({ success: true });
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
  const running = room.daemon({ PERRY_HISTORY_JOBS: '0' });
  const bad = await room.submit(wrongPassword());
  expect(await room.hub.completed(bad, patience())).toMatchObject({ success: false });
  await ended(running);
  expect(await told('jobs')).toMatchObject({ kept: 0, jobs: [] });
  expect(await readdir(room.state)).not.toContain('history');
});
