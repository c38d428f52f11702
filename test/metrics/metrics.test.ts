import { describe, expect, test } from 'vitest';
import type { JobRecord } from '../../src/history/record.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { notReadyBecause } from '../../src/metrics/readiness.ts';
import type { DaemonStatus, SupervisorSnapshot } from '../../src/observability/status.ts';
import { hasPromtool, promtool } from '../helpers/promtool.ts';
import { samplesOf, sampleValue } from './exposition.ts';

const status: DaemonStatus = {
  ...{ pid: 7, version: '1.2.3', worker: 'mac-1', hub: 'wss://hub.example', driver: 'tart' },
  ...{ uptimeSeconds: 9, link: 'online', connection: 'linked.online', nextTryInSeconds: null },
  work: 'accepting',
  slots: { used: 0, max: 2, waiting: 0, quarantined: 0, standby: 0 },
  ...{ runs: [], leaked: [], lastFailures: [], failingHosts: {}, concluded: {}, obstacles: [], alarms: [] },
  ...{ pauseProblem: null, closedPorts: [] },
  signatures: { lines: 0, sha256: null, problem: null },
};
const full = { about: 'disk', summary: 'It is full.', reason: '0 GB.', nextStep: 'Free some.' };
const snapshot = { context: { runs: [] }, children: {} } as unknown as SupervisorSnapshot;

function made(more: Partial<DaemonStatus> = {}) {
  const faults: unknown[] = [];
  const metrics = createMetrics({
    status: () => ({ ...status, ...more }),
    snapshot: () => snapshot,
    alarms: ['hub-refused', 'disk-low'],
    onFault: (error) => faults.push(error),
  });
  const read = async (path = '/metrics') => {
    const route = metrics.routes.find((each) => each.path === path);
    const answer = await route?.get?.({
      ...{ params: {}, query: new URLSearchParams(), body: undefined },
      signal: new AbortController().signal,
    });
    return { status: answer?.status, said: String(answer?.body) };
  };
  return { ...metrics, faults, read };
}

const record: JobRecord = {
  ...{ v: 1, runId: 'run-1', jobId: 'job-1', appName: 'App', target: 'macos-sign', bundleId: 'a.b' },
  ...{ version: '1', receivedAtMs: 0, startedAtMs: 0, endedAtMs: 40_000, durationMs: 40_000 },
  ...{ result: 'succeeded', failure: null, stage: 'uploading' },
  stages: [
    { stage: 'signing', startedAtMs: 0, durationMs: 4_000 },
    { stage: 'notarizing', startedAtMs: 4_000, durationMs: 30_000 },
  ],
  waits: { slotMs: 500, machineMs: 1_500, appleMs: 28_000 },
  ...{ retries: 2, bytes: { bundle: 1_000, artifact: 400 }, machine: 'vm-1', leakedMachine: null },
  ...{ artifacts: [], submissions: [], publishedAs: null, isResumed: false, path: [] },
  moves: { job: [], machine: [] },
};
const failure = { kind: 'input', summary: '', reason: '', nextStep: '' } as const;

describe('finished jobs', () => {
  test('are counted with their times and bytes', async () => {
    const { jobFinished, read } = made();
    jobFinished(record);
    jobFinished({ ...record, result: 'failed', failure: { ...failure, code: 'P12_PASSWORD_WRONG' } });
    const { said } = await read();
    expect(sampleValue(said, 'perry_ship_jobs_total', { result: 'succeeded' })).toBe(1);
    expect(sampleValue(said, 'perry_ship_jobs_total', { result: 'failed', kind: 'input' })).toBe(1);
    expect(sampleValue(said, 'perry_ship_jobs_total', { result: 'failed', kind: 'host' })).toBe(0);
    expect(sampleValue(said, 'perry_ship_job_failures_total', { code: 'P12_PASSWORD_WRONG' })).toBe(1);
    expect(sampleValue(said, 'perry_ship_stage_duration_seconds_sum', { stage: 'notarizing' })).toBe(60);
    expect(sampleValue(said, 'perry_ship_stage_duration_seconds_bucket', { stage: 'signing', le: '5' })).toBe(
      2,
    );
    expect(sampleValue(said, 'perry_ship_apple_wait_seconds_count')).toBe(2);
    expect(sampleValue(said, 'perry_ship_retries_total')).toBe(4);
    expect(sampleValue(said, 'perry_ship_artifact_bytes_total')).toBe(800);
    if (hasPromtool) expect(promtool(['check', 'metrics'], said)).toBe('');
  });

  test('with names that others made up add no series', async () => {
    const { jobFinished, read, observe, faults } = made();
    const count = async () => samplesOf((await read()).said).length;
    const odd = (code: string): JobRecord => ({ ...record, result: 'failed', failure: { ...failure, code } });
    jobFinished(odd('MADE_UP'));
    const once = await count();
    for (let number = 0; number < 500; number += 1) {
      jobFinished(odd(`"}\n# HELP MADE_UP_${number}`));
      jobFinished({ ...record, jobId: `job-${number}`, appName: `app ${number}`, machine: `vm-${number}` });
      observe({
        type: '@xstate.event',
        event: { type: `xstate.error.actor.${number}`, error: { failure: { code: `E${number}` } } },
        actorRef: { id: `run.${number}` },
      } as never);
    }
    // one more code, one more result, and what failed on the way
    expect((await count()) - once).toBeLessThan(30);
    expect(faults).toEqual([]);
    expect(sampleValue((await read()).said, 'perry_ship_job_failures_total', { code: 'other' })).toBe(501);
  });
});

test('alarms that are raised, and how often', async () => {
  const said = { sinceMs: 1, summary: 's', reason: 'r', nextStep: 'n' };
  const { read, alarmRaised } = made({ alarms: [{ alarm: 'disk-low', ...said }] });
  alarmRaised('disk-low');
  alarmRaised('of another version');
  const text = (await read()).said;
  expect(sampleValue(text, 'perry_ship_alarms', { alarm: 'disk-low' })).toBe(1);
  expect(sampleValue(text, 'perry_ship_alarms', { alarm: 'hub-refused' })).toBe(0);
  expect(sampleValue(text, 'perry_ship_alarms_raised_total', { alarm: 'disk-low' })).toBe(1);
  expect(sampleValue(text, 'perry_ship_alarms_raised_total', { alarm: 'other' })).toBe(1);
});

test('a link is lost that was up, and an assignment that cannot be read is one as well', async () => {
  const { observe, read } = made();
  const down = Array.from({ length: 7 }, () => 'hub.linkLost');
  for (const type of [...down, 'hub.linkUp', ...down, 'hub.jobAssigned', 'hub.jobMalformed'])
    observe({ type: '@xstate.event', event: { type }, actorRef: { id: 'supervisor' } } as never);
  const { said } = await read();
  expect(sampleValue(said, 'perry_ship_hub_connects_total')).toBe(1);
  expect(sampleValue(said, 'perry_ship_hub_disconnects_total')).toBe(1);
  expect(sampleValue(said, 'perry_ship_assignments_total')).toBe(2);
});

test('what cannot be counted is told, and thrown at nobody', () => {
  const { observe, faults } = made();
  expect(() => observe({ type: '@xstate.event' } as never)).not.toThrow();
  expect(faults).toHaveLength(1);
});

describe('takes jobs', () => {
  test('when linked and accepting, also with every slot used', async () => {
    const slots = { used: 2, max: 2, waiting: 9, quarantined: 0, standby: 0 };
    expect(await made({ slots }).read('/readyz')).toEqual({ status: 200, said: 'ready\n' });
    expect(sampleValue((await made({ slots }).read()).said, 'perry_ship_ready')).toBe(1);
  });

  test.each([
    ['no link yet', { link: 'none' }, /no link to the hub yet/],
    ['link lost', { link: 'offline' }, /no link to the hub\./],
    ['refused', { link: 'refused' }, /refuses the worker secret/],
    ['sweeping', { work: 'sweeping' }, /previous process/],
    ['hosts that say nothing', { work: 'listFailed' }, /cannot list leftover machines/],
    ['paused', { work: 'paused' }, /perry-ship resume/],
    ['draining', { work: 'draining' }, /takes no more jobs/],
    [
      'a host on which every job fails',
      { work: 'unable', obstacles: [full] },
      /Every job.*\nIt is full\. 0 GB\. Free/,
    ],
    ['the same, while it is paused', { work: 'paused', obstacles: [full] }, /resume".\nIt is full\./],
    ['a state of later versions', { work: 'musing' }, /takes no jobs: it is musing/],
    ['no room', { slots: { used: 0, max: 0, waiting: 1, quarantined: 0, standby: 0 } }, /no slot/],
    [
      'every slot quarantined',
      { slots: { used: 0, max: 1, waiting: 1, quarantined: 1, standby: 0 } },
      /no slot/,
    ],
  ] satisfies [string, Partial<DaemonStatus>, RegExp][])('not: %s', async (_why, more, reason) => {
    const { read } = made(more);
    const answer = await read('/readyz');
    expect(answer.status).toBe(503);
    expect(answer.said).toMatch(reason);
    expect((await read('/healthz')).status).toBe(200);
    expect(sampleValue((await read()).said, 'perry_ship_ready')).toBe(0);
  });

  test('every reason is said', () => {
    expect(notReadyBecause({ ...status, link: 'refused', work: 'draining' })).toHaveLength(2);
  });
});
