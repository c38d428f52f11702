import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobRecord } from '../../src/history/record.ts';
import { recordsPathOf } from '../../src/history/record-file.ts';
import { openHistoryStore } from '../../src/history/store.ts';
import { packageRoot } from '../../src/package-root.ts';
import { failed, recordOf, running } from '../history/sample-record.ts';

const MINUTE_MS = 60_000;

let stateDir: string;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-jobs-'));
  const { store } = await openHistoryStore({
    ...{ stateDir, limit: 500 },
    onFault: (error) => {
      throw error;
    },
  });
  for (const record of records(Date.now())) store.put(record);
  const at = { atMs: Date.UTC(2026, 10, 30, 3, 5, 12), level: 30 };
  for (let n = 1; n <= 40; n += 1) store.addLine('r-b', { ...at, message: `line ${n}`, facts: {} });
  const err = {
    code: 'RCODESIGN_FAILED',
    summary: 'It ended with 1.',
    stack: 'at x.ts:1',
    cause: { message: 'why' },
  };
  store.addLine('r-b', {
    ...at,
    level: 50,
    message: 'evil \u001b[2J\nline',
    facts: { step: 'codesign', err },
  });
  await store.close();
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

const records = (nowMs: number): JobRecord[] => [
  recordOf('r-a', { jobId: 'aaa-1', endedAtMs: nowMs - 90 * MINUTE_MS }),
  recordOf('r-b', { ...failed(), jobId: 'bbb-2', stage: 'signing', endedAtMs: nowMs - 2 * MINUTE_MS - 500 }),
  recordOf('r-c', {
    ...{ ...running, jobId: 'aaa-3', appName: null, target: null },
    receivedAtMs: nowMs - 90 * MINUTE_MS,
  }),
  recordOf('r-d', { jobId: 'ddd-4', endedAtMs: nowMs - 3 * MINUTE_MS - 500, leakedMachine: 'vm-1' }),
  recordOf('r-e', { jobId: 'ddd-4', endedAtMs: nowMs - 1 * MINUTE_MS - 500, submissions: ['s-1', 's-2'] }),
];

const program = join(packageRoot(), 'dist/src/cli/perry-ship.js');
const env = () => ({ PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC', PERRY_STATE_DIR: stateDir });
const say = (...words: readonly string[]): string =>
  execFileSync(process.execPath, ['--', program, ...words], { encoding: 'utf8', env: env() });
const told = (...words: readonly string[]) => JSON.parse(say(...words, '--json'));
function refused(...words: readonly string[]) {
  const { status, stderr } = spawnSync(process.execPath, ['--', program, ...words], {
    ...{ encoding: 'utf8', env: env() },
  });
  return { status, stderr };
}
const runsIn = ({ jobs }: { jobs: { runId: string }[] }) => jobs.map(({ runId }) => runId);

describe('perry-ship jobs', () => {
  test('lists what became of them, with cause and next step, also when no daemon runs', () => {
    expect(say('jobs')).toMatchInlineSnapshot(`
      "ENDED      JOB    APP         TARGET      RESULT       STAGE      TOOK
      1 min ago  ddd-4  Tide Clock  macos-sign  succeeded    uploading  3.00 s
      2 min ago  bbb-2  Tide Clock  macos-sign  failed       signing    3.00 s
          P12_PASSWORD_WRONG: The password of the certificate is wrong. It does not open the file.
          Correct the password.
      3 min ago  ddd-4  Tide Clock  macos-sign  succeeded    uploading  3.00 s
      1 h ago    aaa-3  -           -           interrupted  signing    0.50 s
          WORKER_RESTARTED: perry-ship ended without notice while it worked on this job. Its process was killed, or the host went down.
          Look for a later run of this job: the hub hands some out again; of the others their senders are told to try again.
      1 h ago    aaa-1  Tide Clock  macos-sign  succeeded    uploading  3.00 s
      "
    `);
  });

  test.each([
    [['--failed'], ['r-b', 'r-c']],
    [
      ['--since', '10m'],
      ['r-e', 'r-b', 'r-d'],
    ],
    [
      ['--since', '2h', '--limit', '2'],
      ['r-e', 'r-b'],
    ],
  ])('%j', (flags, expected) => {
    expect(runsIn(told('jobs', ...flags))).toEqual(expected);
  });

  test('tells programs how many there are in all', () => {
    expect(told('jobs', '--limit', '1')).toMatchObject({ ok: true, stateDir, kept: 5, found: 5 });
    expect(say('jobs', '--limit', '1')).toMatch(/4 older runs: --limit N shows more\.\n$/);
    expect(say('jobs', '--since', '0s')).toMatch(/^None of the 5 runs/);
  });

  test.each([
    ['--since', 'yesterday'],
    ['--limit', '0'],
  ])('%s %s is refused', (...flags) => {
    expect(refused('jobs', ...flags)).toMatchObject({ status: 2 });
  });

  test('says of a folder without a history that there is none, and names one that cannot be read', async () => {
    const other = await mkdtemp(join(tmpdir(), 'perry-jobs-'));
    expect(say('jobs', '--state-dir', other)).toMatch(/^No job is recorded in /);
    await writeFile(join(other, 'history'), '');
    expect(refused('jobs', '--state-dir', other).stderr).toContain('The operating system says ENOTDIR.');
    await rm(join(other, 'history'));
    execFileSync('mkdir', ['-p', recordsPathOf(other)]);
    const { status, stderr } = refused('jobs', '--state-dir', other);
    expect(status).toBe(69);
    expect(stderr).toMatch(/HISTORY_UNREADABLE: .* it is no regular file\. Ask as the user/);
    await rm(other, { recursive: true });
  });
});

describe('perry-ship job', () => {
  test('is not asked for or cancelled by nothing, which is the beginning of every name', () => {
    for (const [command, name] of [
      ['job', ''],
      ['job', '  '],
      ['cancel', ''],
    ] as const) {
      const { status, stderr } = refused(command, name);
      expect(status).toBe(2);
      expect(stderr).toContain('COMMAND_USAGE_WRONG: The name of the job is empty.');
    }
  });

  test('tells everything that is known of one, and the end of its log', () => {
    expect(say('job', 'bbb').replace(/, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/m, ', THEN')).toMatchInlineSnapshot(`
      "job         bbb-2
      run         r-b
      app         Tide Clock 1.2 (42) (org.example.tide)
      target      macos-sign
      result      failed at "signing", THEN
      error       P12_PASSWORD_WRONG
      what        The password of the certificate is wrong.
      why         It does not open the file.
      next step   Correct the password.
      received    1970-01-01 00:00:01
      took        3.00 s
      stages      signing 2.00 s
      waited for  slot 0.00 s, machine 0.10 s, Apple 0.00 s
      retries     0
      bundle      9 bytes unpacked
      artifact    Tide Clock.dmg, 7 bytes, SHA-256 abababababababababababababababababababababababababababababababab
      machine     vm-1

      log (the last 15 of 41 lines; --log shows all)
      03:05:12  info   line 27
      03:05:12  info   line 28
      03:05:12  info   line 29
      03:05:12  info   line 30
      03:05:12  info   line 31
      03:05:12  info   line 32
      03:05:12  info   line 33
      03:05:12  info   line 34
      03:05:12  info   line 35
      03:05:12  info   line 36
      03:05:12  info   line 37
      03:05:12  info   line 38
      03:05:12  info   line 39
      03:05:12  info   line 40
      03:05:12  error  evil ?[2J?line  step=codesign
                RCODESIGN_FAILED: It ended with 1.
                why
      "
    `);
  });

  test('shows the whole log when it is asked to', () => {
    const lines = say('job', 'bbb-2', '--log').split('\n');
    expect(lines).toContain('log (41 lines)');
    expect(lines).toContain('03:05:12  info   line 1');
  });

  test('of a job with several runs tells the newest, and names the others', () => {
    const text = say('job', 'ddd-4');
    expect(text).toMatch(/^run +r-e$/m);
    expect(text).toMatch(/^submitted +s-1, s-2$/m);
    expect(text).toMatch(/^another run {2}r-d, succeeded, /m);
    expect(say('job', 'r-d')).toMatch(/^machine +vm-1, could not be deleted$/m);
  });

  test('tells programs the same, with the log when it is asked for', () => {
    expect(told('job', 'r-d')).toMatchObject({
      ok: true,
      runId: 'r-d',
      otherRuns: ['r-e'],
      path: [{ atMs: 1_010 }],
    });
    expect(told('job', 'r-d')).not.toHaveProperty('log');
    expect(told('job', 'r-b', '--log').log.first).toHaveLength(41);
  });

  test.each([
    ['nothing', 'JOB_UNKNOWN'],
    ['aaa', 'JOB_AMBIGUOUS'],
  ])('%s is %s', (name, code) => {
    const { status, stderr } = refused('job', name);
    expect(status).toBe(1);
    expect(stderr).toContain(`perry-ship: ${code}: `);
  });
});
