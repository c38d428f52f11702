import { expect, test } from 'vitest';
import type { Greeting, News, Standing } from '../../src/live/messages.ts';
import type { RunStatus } from '../../src/observability/status.ts';
import { type Asked, afterAsking } from '../../src/page/model/asked.ts';
import { reduce } from '../../src/page/model/reduce.ts';
import { newsSince, nothingKnown } from '../../src/page/model/state.ts';

const run = (runId: string, more: Partial<RunStatus> = {}): RunStatus => ({
  ...{ jobId: `job-${runId}`, runId, phase: 'working', appName: 'Notes', target: 'macos-sign' },
  ...{ bundleId: null, state: 'running.codesigning', stage: 'signing', percent: 40, claim: 'valid' },
  ...{ machine: null, failure: null, elapsedSeconds: 10 },
  ...more,
});
const standing = (...runs: readonly RunStatus[]): Standing =>
  ({ status: { runs, link: 'online' }, today: null, disk: null }) as unknown as Standing;
const actor = (id: string) => ({
  ...{ id, name: 'hub', parent: null, chart: 'hubConnection', jobId: null, runId: null, vm: null },
  steps: [{ atMs: 1, value: 'connecting', event: 'xstate.init' }],
});
const event = (type: string) => ({
  atMs: 1,
  to: 'x:1',
  chart: 'hubConnection',
  jobId: null,
  type,
  facts: {},
});

const greeting: Greeting = {
  ...{ type: 'greeting', number: 1, atMs: 1_000, machines: 'qemu' },
  ...{ standing: standing(run('a'), run('b')), begun: [actor('x:1'), actor('x:2')], events: [event('one')] },
};
const news = (more: Partial<News>): News => ({ type: 'news', number: 2, atMs: 1_100, ...more });
const greeted = reduce(nothingKnown, greeting, 51_000);

test('a greeting says everything, whatever was known before', () => {
  expect(greeted).toMatchObject({ link: { phase: 'live' }, machines: 'qemu', clockAheadMs: 50_000 });
  expect(greeted.runs.map(({ runId, sinceMs }) => [runId, sinceMs])).toEqual([
    ['a', 41_000],
    ['b', 41_000],
  ]);
  const again = reduce(greeted, { ...greeting, begun: [actor('x:9')], events: [] }, 51_000);
  expect([[...again.actors.keys()], again.events]).toEqual([['x:9'], []]);
});

test('what a greeting tells of the time before is no news, the first time and after the link was lost', () => {
  const told = (state: typeof greeted, key: number) => newsSince(state, key).map(({ type }) => type);
  expect(told(greeted, 0)).toEqual([]);
  const later = reduce(greeted, news({ events: [event('two'), event('three')] }), 51_900);
  expect(told(later, 0)).toEqual(['two', 'three']);
  expect(told(later, later.events[0]?.key ?? 0)).toEqual([]);
  expect(told(reduce(later, greeting, 52_000), later.events[0]?.key ?? 0)).toEqual([]);
});

test('what was known stays, as old, when nobody answers', () => {
  const here: Asked<string> = { phase: 'here', answer: 'it', isOld: false };
  const failed: Asked<string> = { phase: 'failed' };
  const old = afterAsking(here, failed);
  expect(old).toEqual({ ...here, isOld: true });
  expect(afterAsking(old, here)).toEqual(here);
  expect(afterAsking<string>({ phase: 'asking' }, failed)).toEqual(failed);
  expect(afterAsking<string>(old, { phase: 'missing' })).toEqual({ phase: 'missing' });
});

test('a job of which nothing has changed stays the same object, though its seconds go by', () => {
  const after = reduce(
    greeted,
    news({ standing: standing(run('a', { elapsedSeconds: 11 }), run('b', { percent: 50 })) }),
    51_900,
  );
  expect(after.runs[0]).toBe(greeted.runs[0]);
  expect(after.runs[1]).toMatchObject({ percent: 50, sinceMs: 41_000 });
});

test('news without a standing change nothing of the jobs', () => {
  const after = reduce(greeted, news({ events: [event('two')] }), 51_900);
  expect([after.runs, after.standing, after.actors]).toEqual([
    greeted.runs,
    greeted.standing,
    greeted.actors,
  ]);
  expect(after.runs).toBe(greeted.runs);
  expect(after.events.map(({ type }) => type)).toEqual(['two', 'one']);
  expect(new Set(after.events.map(({ key }) => key)).size).toBe(2);
});

test('actors come, move and go', () => {
  const step = { atMs: 2, value: 'linked', event: 'socket.opened' };
  const after = reduce(
    greeted,
    news({
      ...{ begun: [actor('x:3')], ended: ['x:2'] },
      moved: [
        { id: 'x:1', steps: [step] },
        { id: 'x:7', steps: [step] },
      ],
    }),
    51_900,
  );
  expect([...after.actors.keys()]).toEqual(['x:1', 'x:3']);
  expect(after.actors.get('x:1')?.steps.map(({ value }) => value)).toEqual(['connecting', 'linked']);
  expect(greeted.actors.size).toBe(2);
});

test('neither events nor steps grow without end', () => {
  let state = greeted;
  for (let number = 2; number < 400; number += 1)
    state = reduce(
      state,
      news({
        events: Array.from({ length: 10 }, () => event('many')),
        moved: [{ id: 'x:1', steps: [{ atMs: number, value: 'on', event: 'x' }] }],
      }),
      51_900,
    );
  expect([state.events.length, state.actors.get('x:1')?.steps.length]).toEqual([500, 200]);
});
