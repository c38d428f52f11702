import { expect, test } from 'vitest';
import type { AnyActorRef, AnyStateMachine, InspectionEvent } from 'xstate';
import { statesIn } from '../../src/page/chart/active.ts';
import type { Chart } from '../../src/page/chart/chart.ts';
import { insideText, leapsOf, marksOf } from '../../src/page/chart/marks.ts';
import { nearest } from '../../src/page/chart/nearest.ts';
import { openAtFirst } from '../../src/page/chart/open.ts';
import { withPhases } from '../../src/page/chart/phases.ts';
import { readDefinition } from '../../src/page/chart/read-definition.ts';
import { viewOf } from '../../src/page/chart/view.ts';
import { visitedUntil, type WalkStep, walkOf, walkOfPath } from '../../src/page/chart/walk.ts';
import { definitionOf } from '../../visualizations/definitions.ts';
import { charts } from '../../visualizations/pages.ts';
import { beginRecorded, PREPARED, SIGNED } from '../history/recorded-scene.ts';

const chartOf = (name: string): Chart =>
  withPhases(
    readDefinition(JSON.parse(JSON.stringify(definitionOf(charts[name] as AnyStateMachine)))) as Chart,
  );
const signJob = chartOf('sign-job');
const RUNNING = 'engaged.work.running';

const pathOf = (...states: string[]) => states.map((state, index) => ({ atMs: index * 1_000, state }));
const arrowsOf = (step: WalkStep | undefined) =>
  (step?.edges ?? []).map(({ from, to }) => [from, to].map(nameOf));
const nameOf = (path: string) => signJob.states.get(path)?.name;

test('a job goes through the states that only decide as well', () => {
  const entering = 'running.enteringMachine.attempting';
  const walk = walkOfPath(signJob, pathOf(entering, 'running.transferring', 'no.such.state'));
  expect(walk.map(({ name }) => name)).toEqual(['attempting', 'transferring']);
  expect(arrowsOf(walk[1])).toEqual([
    ['attempting', 'equipped'],
    ['equipped', 'beginningPass'],
    ['beginningPass', 'transferring'],
  ]);
});

test('what was entered is counted, with what is around it, and again when it is entered again', () => {
  const attempt = 'running.downloading.attempting';
  const walk = walkOfPath(signJob, pathOf('admitting', attempt, 'running.downloading.pausing', attempt));
  const visited = visitedUntil(signJob, walk, 3);
  expect(visited.get(`${RUNNING}.downloading.attempting`)).toEqual({ times: 2, lastStep: 3 });
  expect(visited.get(`${RUNNING}.downloading`)).toEqual({ times: 1, lastStep: 1 });
  expect(visited.get(`${RUNNING}/preparing`)).toEqual({ times: 1, lastStep: 1 });
  expect(visitedUntil(signJob, walk, 0).has(RUNNING)).toBe(false);
});

const ENDS = pathOf('running.delivering.attempting.awaitingAnswer', 'reporting');

test('a job that succeeded went its good way to the end', () => {
  expect(arrowsOf(walkOfPath(signJob, ENDS, true)[1])).toEqual([
    ['attempting', 'delivered'],
    ['delivered', 'reporting'],
  ]);
});

test('a job that failed took the exit of the state that it was in', () => {
  const [first] = walkOfPath(signJob, ENDS)[1]?.edges ?? [];
  expect(first).toMatchObject({ from: `${RUNNING}.delivering.attempting.awaitingAnswer`, cause: 'deadline' });
});

test.each([
  ['xstate.done.actor.codesign', { running: 'takingSignatures' }, 'codesign done'],
  ['xstate.error.actor.codesign', 'reporting', 'codesign error'],
  [
    'xstate.after.codesignTimeout.signJob.engaged.work.running.codesigning',
    'reporting',
    'after codesignTimeout',
  ],
  ['vm.lost', 'reporting', 'vm.lost'],
  ['job.cancelRequested', 'reporting', 'job.cancelRequested'],
])('%s says which way was taken', (event, work, what) => {
  const before = { atMs: 0, value: { engaged: { work: { running: 'codesigning' } } } };
  const walk = walkOf(signJob, [], [before, { atMs: 1, value: { engaged: { work } }, event }]);
  expect(walk[1]?.edges.map((edge) => edge.what)).toContain(what);
});

test('an actor that came to stand where it stood has not moved', () => {
  const value = () => ({ engaged: { work: { running: 'inspecting' } } });
  const walk = walkOf(
    signJob,
    [],
    [
      { atMs: 0, value: value() },
      { atMs: 1, value: value() },
    ],
  );
  expect(walk.map(({ atMs }) => atMs)).toEqual([0]);
});

test('in a chart with regions each region goes its own way', () => {
  const value = (machine: object) => ({
    engaged: { work: { running: 'inspecting' }, machine, claim: 'valid' },
  });
  const walk = walkOf(
    signJob,
    [],
    [
      { atMs: 0, value: value({ owned: 'acquiring' }) },
      { atMs: 1, value: value({ owned: 'ready' }), event: 'vm.ready' },
    ],
  );
  expect(walk[1]?.name).toBe('machine: ready');
  expect(arrowsOf(walk[1])).toEqual([['acquiring', 'ready']]);
});

test('what the history keeps of a job is all of each step, with every region', () => {
  const scene = beginRecorded();
  const seen: string[][] = [];
  scene.supervisor.actor.system.inspect((inspected: InspectionEvent) => {
    if (inspected.type !== '@xstate.snapshot' || (inspected.actorRef as AnyActorRef).id !== 'run.0') return;
    const { value } = inspected.snapshot as unknown as { value: unknown };
    const states = [...statesIn(value, signJob)].sort();
    if (JSON.stringify(states) !== JSON.stringify(seen.at(-1))) seen.push(states);
  });
  scene.assign('a');
  scene.admit(50);
  scene.take(100, ...PREPARED);
  scene.machineReady();
  scene.take(100, ...SIGNED, 'checkArtifact', 'deliverArtifact');
  scene.cleanUp();
  const kept = walkOf(signJob, scene.gone[0]?.moves.job ?? []).map(({ active }) => [...active].sort());
  // between two that last there may be others, which only decide
  expect(kept.filter((states) => seen.some((each) => each.join() === states.join()))).toEqual(seen);
  expect(kept.at(-1)).toEqual(['succeeded']);
  expect(seen.length).toBeGreaterThan(20);
  expect(seen.flat()).toEqual(expect.arrayContaining(['engaged.machine.owned.ready', 'engaged.process']));
});

test('what is seen of an actor goes on from what the history has of it', () => {
  const moves = [
    { atMs: 0, event: 'xstate.init', entered: 'engaged.work.admitting engaged.machine.none' },
    { atMs: 5, event: 'machine.wanted', entered: 'engaged.machine.owned.acquiring' },
  ];
  const value = (ready: string) => ({ engaged: { work: 'admitting', machine: { owned: ready } } });
  const steps = ['acquiring', 'ready'].map((state, at) => ({ atMs: 5 + at, value: value(state) }));
  const walk = walkOf(signJob, moves, steps);
  expect(walk.map(({ atMs, name }) => [atMs, name])).toEqual([
    [0, 'admitting, machine: none'],
    [5, 'machine: acquiring'],
    [6, 'machine: ready'],
  ]);
  expect(walk[1]?.active).toContain('engaged.work.admitting');
});

test('the drawing marks what was taken, also between states of a closed group', () => {
  const view = viewOf(signJob, { open: openAtFirst(signJob), exits: 'hidden' });
  const walk = walkOfPath(
    signJob,
    pathOf('admitting', 'waitingForSlot', 'running.inspecting', 'reporting', 'failed'),
  );
  const marks = marksOf(view, walk, 1);
  expect([...marks.taken]).toEqual([['engaged.work.admitting>engaged.work.waitingForSlot', 1]]);
  expect(marks.lastTaken).toEqual(new Set(['engaged.work.admitting>engaged.work.waitingForSlot']));
  const inside = signJob.states.get(`${RUNNING}/preparing`);
  expect(inside && insideText(signJob, inside, walk[2]?.active ?? new Set())).toBe('inspecting');
  expect(inside && insideText(signJob, inside, new Set())).toBe('11 states');
  const boxes = new Map(view.shown.map(({ path }) => [path, { x: 0, y: 0, width: 1, height: 1 }]));
  const layout = { width: 1, height: 1, boxes, lines: new Map(), labels: new Map() };
  expect(leapsOf(view, layout, walk, 3)).toEqual([
    { from: `${RUNNING}/preparing`, to: 'engaged.work.reporting' },
  ]);
});

test('arrow keys lead to the nearest state that way', () => {
  const box = (x: number, y: number) => ({ x, y, width: 40, height: 20 });
  const boxes = new Map([
    ['a', box(0, 0)],
    ['right', box(100, 0)],
    ['below', box(0, 100)],
    ['far', box(300, 300)],
  ]);
  const layout = { width: 0, height: 0, boxes, lines: new Map(), labels: new Map() };
  expect(nearest(layout, 'a', 'ArrowRight')).toBe('right');
  expect(nearest(layout, 'a', 'ArrowDown')).toBe('below');
  expect(nearest(layout, 'a', 'ArrowUp')).toBeUndefined();
  expect(nearest(layout, 'far', 'ArrowLeft')).toBe('below');
  expect(nearest(layout, 'gone', 'ArrowLeft')).toBeUndefined();
});
