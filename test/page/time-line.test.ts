import { expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import type { Chart } from '../../src/page/chart/chart.ts';
import { readDefinition } from '../../src/page/chart/read-definition.ts';
import { stepAt, timeLineOf, WAITS, waitsInAll } from '../../src/page/chart/time-line.ts';
import { definitionOf } from '../../visualizations/definitions.ts';
import { charts } from '../../visualizations/pages.ts';

const path = [
  { atMs: 1_000, state: 'admitting' },
  { atMs: 1_100, state: 'waitingForSlot' },
  { atMs: 2_000, state: 'running.downloading.attempting' },
  { atMs: 3_000, state: 'running.awaitingMachine' },
  { atMs: 5_000, state: 'running.codesigning' },
  { atMs: 6_000, state: 'running.notarizing' },
  { atMs: 10_500, state: 'running.checkingStapled' },
];
const stages = [
  { stage: 'extracting', startedAtMs: 2_000, durationMs: 3_000 },
  { stage: 'generating_assets', startedAtMs: 5_000, durationMs: 1_000 },
  { stage: 'notarizing', startedAtMs: 6_000, durationMs: 5_000 },
];
const times = {
  startedAtMs: 1_000,
  endedAtMs: 11_000,
  durationMs: 10_000,
  result: 'succeeded',
  stages,
  path,
};

test('stages are where they were in the whole, with what was waited for in them', () => {
  const { startMs, lengthMs, rows } = timeLineOf(times);
  expect({ startMs, lengthMs }).toEqual({ startMs: 1_000, lengthMs: 10_000 });
  expect(rows.map(({ stage, from, length }) => [stage, from, length])).toEqual([
    ['waiting', 0, 0.1],
    ['extracting', 0.1, 0.3],
    ['generating_assets', 0.4, 0.1],
    ['notarizing', 0.5, 0.5],
  ]);
  expect(rows.map(({ waits }) => waits.map(({ what, durationMs }) => [what, durationMs]))).toEqual([
    [['for a slot', 900]],
    [['for its machine', 2_000]],
    [],
    [['for Apple', 4_500]],
  ]);
  expect(waitsInAll(times)).toEqual([
    { what: 'for Apple', durationMs: 4_500 },
    { what: 'for its machine', durationMs: 2_000 },
    { what: 'for a slot', durationMs: 900 },
  ]);
});

test('what is over as soon as it has begun is no wait', () => {
  const passed = [
    { atMs: 1_000, state: 'waitingForSlot' },
    { atMs: 1_004, state: 'running.codesigning' },
  ];
  expect(waitsInAll({ ...times, path: passed })).toEqual([]);
});

test('a job that goes on is drawn up to now, and one without a stage not at all', () => {
  const running = { ...times, endedAtMs: null, result: 'running', durationMs: 14_000 };
  expect(timeLineOf(running).lengthMs).toBe(14_000);
  expect(timeLineOf({ ...running, stages: [], path: [] }).rows).toEqual([]);
});

test('each state that is waited in is a state of the chart', () => {
  const chart = readDefinition(definitionOf(charts['sign-job'] as AnyStateMachine)) as Chart;
  const unknown = Object.keys(WAITS).filter((state) => !chart.states.has(`engaged.work.${state}`));
  expect(unknown).toEqual([]);
});

test('a time leads to the step of then', () => {
  expect([0, 1_000, 2_500, 99_000].map((atMs) => stepAt(path, atMs))).toEqual([0, 0, 2, 6]);
});
