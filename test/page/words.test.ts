import { describe, expect, test } from 'vitest';
import type { AnyStateMachine, StateNode } from 'xstate';
import { jobResults, type RecordedFailure } from '../../src/history/record.ts';
import type { Standing } from '../../src/live/messages.ts';
import { viewOf } from '../../src/page/model/route.ts';
import { alertsOf } from '../../src/page/words/alerts.ts';
import { eventSaid, isTold } from '../../src/page/words/events.ts';
import { causeSaid, endSaid } from '../../src/page/words/failures.ts';
import { byteSize, duration, inWords, plain, shortDuration } from '../../src/page/words/format.ts';
import { hubSaid } from '../../src/page/words/hub.ts';
import { endedSaid, machineWord, resultSaid, runSaid, stateWord } from '../../src/page/words/jobs.ts';
import { activePaths } from '../../src/page/words/states.ts';
import { emptySaid, intakeSaid, workSaid } from '../../src/page/words/work.ts';
import { charts } from '../../visualizations/pages.ts';

const statesOf = (chart: string, ...path: readonly string[]): string[] => {
  const node = path.reduce<StateNode | undefined>(
    (at, name) => at?.states[name] as StateNode | undefined,
    (charts[chart] as AnyStateMachine).root as StateNode,
  );
  return Object.keys(node?.states ?? {});
};

describe('texts of others', () => {
  test.each([
    ['evil\u202egpj.exe', 'evil\ufffdgpj.exe'],
    ['two\nlines\u0000', 'two\ufffdlines\ufffd'],
    ['zero\u200bwidth', 'zero\ufffdwidth'],
    // it does not turn around what stands beside it
    ['أخبار اليوم', '\u2068أخبار اليوم\u2069'],
    ['<img src=x>', '<img src=x>'],
  ])('%j is shown as %j', (text, shown) => {
    expect(plain(text)).toBe(shown);
  });

  test('are cut', () => {
    expect(plain('x'.repeat(1_000), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(plain(`${'x'.repeat(8)}🦊🦊`, 10)).toBe(`${'x'.repeat(8)}…`);
  });
});

test.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h 0 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('short times and sizes', () => {
  expect([40, 1_540, 61_000].map(shortDuration)).toEqual(['40 ms', '1.5 s', '1 min 1 s']);
  expect([0, 999, 1_500, 250_000_000].map(byteSize)).toEqual(['0 B', '999 B', '1.5 kB', '250 MB']);
  expect(inWords('mergingInfoPlist')).toBe('merging info plist');
});

test('there are words for each state of the work of the daemon', () => {
  const states = [...statesOf('supervisor'), ...statesOf('supervisor', 'serving', 'work')];
  const transient = ['serving', 'beginning'];
  for (const state of states.filter((each) => !transient.includes(each)))
    expect(workSaid(state).word, state).not.toBe(state);
});

test('a hub that is not there says what to do', () => {
  expect(hubSaid({ link: 'online', connection: 'linked.online' }).tone).toBe('good');
  expect(hubSaid({ link: 'refused', connection: 'refused' })).toMatchObject({
    tone: 'bad',
    word: 'Refused',
    nextStep: expect.stringContaining('PERRY_HUB_WORKER_SECRET'),
  });
  expect(hubSaid({ link: 'offline', connection: 'backingOff' })).toMatchObject({
    tone: 'bad',
    word: 'Away',
    nextStep: expect.stringContaining('perry-ship doctor'),
  });
  expect(hubSaid({ link: 'offline', connection: 'connecting' }).word).toBe('Connecting');
});

test('alerts are told once each, the worst first, alarms with since when', () => {
  const standing = {
    status: {
      ...{ link: 'refused', connection: 'refused', nextTryInSeconds: 30, work: 'paused' },
      obstacles: [
        { about: 'disk', summary: 'It is full.', reason: 'Nothing is free.', nextStep: 'Free some.' },
      ],
      ...{ pauseProblem: 'it could not', leaked: ['a-machine'], failingHosts: {}, slots: { quarantined: 1 } },
      alarms: [
        { alarm: 'machines-leaked', sinceMs: 7, summary: 'It stays.', reason: 'Why.', nextStep: 'Do.' },
        { alarm: 'disk-low', sinceMs: 8, summary: 'Full.', reason: 'Why.', nextStep: 'Do.' },
      ],
    },
  } as unknown as Standing;
  const alerts = alertsOf(standing, 1_000);
  expect(alerts.map(({ about, tone }) => [about, tone])).toEqual([
    ['Machines', 'bad'],
    ['Alarm disk-low', 'bad'],
    ['Hub', 'bad'],
    ['Work', 'bad'],
    ['Jobs', 'warn'],
    ['Pause', 'warn'],
    ['Slots', 'warn'],
  ]);
  expect(alerts[0]).toMatchObject({ word: 'It stays.', sinceMs: 7, nextStep: 'Do.' });
  expect(alerts[2]).toMatchObject({ word: 'Refused.', nextTryAtMs: 31_000 });
});

test('a pause is said beside the alarm that every job would fail', () => {
  const status = {
    ...{ link: 'online', connection: 'linked.online', nextTryInSeconds: null, work: 'paused' },
    ...{ pauseProblem: null, leaked: [], failingHosts: {}, slots: { quarantined: 0 }, obstacles: [] },
    alarms: [{ alarm: 'worker-unable', sinceMs: 7, summary: 'It fails.', reason: 'Why.', nextStep: 'Do.' }],
  };
  const alerts = alertsOf({ status } as unknown as Standing, 0);
  expect(alerts.map(({ word }) => word)).toEqual(['It fails.', 'Paused.']);
});

test('jobs are said to be taken only when the hub, the work and the slots let them come', () => {
  const slots = { used: 0, max: 2, waiting: 0, quarantined: 0, standby: 0 };
  const status = { work: 'accepting', link: 'online', slots };
  expect(intakeSaid(status)).toEqual({ tone: 'good', word: 'Taking jobs' });
  for (const less of [{ link: 'offline' }, { link: 'refused' }, { work: 'paused' }]) {
    expect(intakeSaid({ ...status, ...less }).tone).toBe('warn');
    expect(emptySaid({ ...status, ...less })).toMatch(/none is taken now/);
  }
  expect(intakeSaid({ ...status, slots: { ...slots, quarantined: 2 } }).tone).toBe('warn');
});

test('jobs that have ended are counted by their own names', () => {
  const { succeeded, others } = endedSaid({
    succeeded: 1,
    failed: 2,
    notTaken: 4,
    interrupted: 3,
    cancelled: 0,
  });
  expect([succeeded, ...others].map(({ tone, word }) => `${tone} ${word}`)).toEqual([
    ...['good 1 succeeded', 'bad 2 failed', 'bad 4 not taken', 'warn 3 interrupted'],
  ]);
  expect(endedSaid({}).others).toEqual([{ tone: 'idle', word: 'none failed' }]);
});

test('a worker that could do no job says what stands in the way, and what to do', () => {
  const status = {
    ...{ link: 'online', connection: 'linked.online', nextTryInSeconds: null, work: 'unable' },
    ...{ pauseProblem: null, leaked: [], failingHosts: {}, slots: { quarantined: 0 }, alarms: [] },
    obstacles: [
      { about: 'disk', summary: 'It is full.', reason: 'Nothing is free.', nextStep: 'Free some.' },
    ],
  };
  const [alert, ...others] = alertsOf({ status } as unknown as Standing, 0);
  expect(others).toEqual([]);
  expect(alert).toMatchObject({
    about: 'Work',
    detail: 'It is full. Nothing is free.',
    nextStep: 'Free some.',
  });
});

test.each(jobResults)('a job that ended so is not said to have failed, unless it has: %s', (result) => {
  const failure = { ...{ code: 'C', summary: 'S.', reason: 'R.', nextStep: 'N.' }, kind: 'host' as const };
  const { tone, word } = resultSaid(result);
  const { whoseTurn } = endSaid(result, failure);
  const isFailed = result === 'failed' || result === 'notTaken';
  expect([word === 'Failed', tone === 'bad']).toEqual([result === 'failed', isFailed]);
  if (isFailed) expect(whoseTurn).toContain('on this host has to change');
  else if (!['running', 'succeeded'].includes(result)) expect(whoseTurn).not.toContain('has to change:');
});

test('a job that was cancelled says so once, and one that goes back asks for nothing', () => {
  const failure = { code: 'CANCELLED', kind: 'input', summary: 'cancelled', reason: 'R.', nextStep: 'N.' };
  const ended = { failure: failure as RecordedFailure };
  expect(endSaid('cancelled', ended.failure)).toMatchObject({ summary: null, nextStep: 'N.' });
  expect(causeSaid({ ...ended, result: 'cancelled' })).toBe('');
  expect(endSaid('returned', ended.failure)).toMatchObject({ summary: 'cancelled', nextStep: null });
});

test('a job says what it does', () => {
  const job = {
    ...{ runId: 'r', jobId: 'j', phase: 'working', appName: null, target: null, bundleId: null },
    ...{ state: 'running.codesigning', stage: 'signing', percent: 1, claim: 'valid' },
    ...{ machine: null, failure: null },
  };
  expect(runSaid(job)).toEqual({ tone: 'busy', word: 'Signing' });
  expect(runSaid({ ...job, phase: 'waiting', stage: null }).word).toBe('Waiting for a slot');
  expect(runSaid({ ...job, phase: 'concluded' })).toEqual({ tone: 'good', word: 'Done, cleaning up' });
  expect(runSaid({ ...job, phase: 'concluded', failure: 'X' }).tone).toBe('bad');
  expect(runSaid({ ...job, phase: 'concluded', failure: 'CANCELLED' })).toEqual({
    ...{ tone: 'idle', word: 'Cancelled, cleaning up' },
  });
  expect(stateWord('running.downloading.attempting')).toBe('Downloading');
  expect([machineWord('alive.ready.serving'), machineWord('deleting.attempting')]).toEqual([
    'ready',
    'deleting',
  ]);
});

describe('events', () => {
  test.each([
    ['hub.linkUp', {}, 'good', 'Linked to the hub'],
    ['hub.linkLost', { reason: 'it \u202eclosed' }, 'warn', 'The link to the hub is lost: it \ufffdclosed'],
    [
      'job.concluded',
      { conclusion: { outcome: 'failed', failure: { code: 'CODE', summary: 'Why.' } } },
      'bad',
      'The job has failed: CODE: Why.',
    ],
    ['job.noted', { note: { kind: 'log', line: 'a line' } }, 'idle', 'a line'],
    ['xstate.done.actor.codesign', {}, 'idle', 'Codesign: done'],
    [
      'xstate.error.actor.codesign',
      { error: { code: 'C', summary: 'S.' } },
      'bad',
      'Codesign: failed: C: S.',
    ],
    ['xstate.after.beat.pageFeed.watched', {}, 'idle', 'A time is over: beat'],
    ['something.newOf', {}, 'idle', 'Something new of'],
    ['toString', {}, 'idle', 'To string'],
  ])('%s is said', (type, facts, tone, word) => {
    expect(eventSaid({ type, facts })).toEqual({ tone, word });
  });

  test('hostile facts break nothing', () => {
    for (const type of ['job.noted', 'job.concluded', 'hub.linkLost', 'vm.lost', 'xstate.error.actor.x'])
      for (const value of [null, 1, [], 'x', { kind: {} }])
        expect(
          eventSaid({
            type,
            facts: { note: value, conclusion: value, reason: value, failure: value, error: value },
          }).word,
        ).toBeTypeOf('string');
  });

  test('those that an operator follows are told apart from how it is done', () => {
    expect(isTold({ type: 'hub.jobAssigned', facts: {} })).toBe(true);
    expect(isTold({ type: 'xstate.error.actor.codesign', facts: {} })).toBe(true);
    expect(isTold({ type: 'xstate.done.actor.codesign', facts: {} })).toBe(false);
    expect(isTold({ type: 'job.noted', facts: { note: { kind: 'progress' } } })).toBe(false);
    expect(isTold({ type: 'constructor', facts: {} })).toBe(false);
  });
});

test('active states are told from the outside in', () => {
  expect(activePaths('idle')).toEqual(['idle']);
  expect(activePaths({ engaged: { work: { running: 'codesigning' }, claim: 'valid', pulse: {} } })).toEqual([
    'engaged.work.running.codesigning',
    'engaged.claim.valid',
    'engaged.pulse',
  ]);
  expect(activePaths(undefined)).toEqual([]);
});

test.each([
  ['', { name: 'jobs' }],
  ['#/history', { name: 'history' }],
  ['#/job/a%2Fb', { name: 'job', id: 'a/b' }],
  ['#/job/%E0%A4%A', { name: 'job', id: '%E0%A4%A' }],
  ['#/job/', { name: 'jobs' }],
  ['#/constructor', { name: 'jobs' }],
])('the address %j is a view', (hash, view) => {
  expect(viewOf(hash)).toEqual(view);
});
