import { describe, expect, test } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import { qemuImageBuildLimits as limits } from '../../machines/qemu-image-build/limits.ts';
import { qemuImageBuildMachine } from '../../machines/qemu-image-build/machine.ts';
import { qemuImageBuildPorts } from '../../machines/qemu-image-build/ports.ts';
import { inert } from './inert.ts';
import { failure } from './samples.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

test('every transition is walked; nothing ends before it was cleared away, and built means placed', () => {
  const machine = qemuImageBuildMachine.provide({ actors: inert(Object.keys(qemuImageBuildPorts)) as never });
  const result = walk(machine, {
    input: undefined,
    key: (s) =>
      JSON.stringify([
        ...[s.value, s.context.failure !== null, s.context.isCancelled],
        ...[s.context.isPlaced, s.context.isTidy, s.status],
      ]),
    samples: {},
    check: expectPromises,
  });
  expect(result.missing).toEqual([]);
});

function expectPromises(s: AnyMachineSnapshot): void {
  if (s.status !== 'done') return;
  const { failure: why, isCancelled, isPlaced } = s.context;
  expect(s.output.outcome === 'built').toBe(isPlaced);
  if (s.output.outcome === 'failed') expect(why).not.toBeNull();
  if (s.output.outcome === 'cancelled') expect(isCancelled).toBe(true);
  expect(Object.keys(s.children)).toEqual([]);
}

/** Each state with its port, its deadline, and how a failure names it. */
const way = [
  ['surveying', 'surveyHost', limits.surveyTimeout, 'looking at this host'],
  ['obtainingRcodesign', 'obtainRcodesign', limits.rcodesignTimeout, 'obtaining rcodesign'],
  ['installing', 'installDebian', limits.installTimeout, 'installing Debian'],
  ['makingDisk', 'makeDisk', limits.diskTimeout, 'making the disk'],
  ['compressing', 'compressDisk', limits.compressTimeout, 'compressing the disk'],
  ['packing', 'packInitrd', limits.packTimeout, 'packing the initial file system'],
  ['describing', 'describeImage', limits.describeTimeout, 'describing the image'],
  ['placing', 'placeImage', limits.placeTimeout, 'putting the image in place'],
] as const;

function beginAt(state: string) {
  const stage = new Stage();
  const build = stage.start(stage.fill(qemuImageBuildMachine), undefined);
  for (const [name, port] of way) {
    expect(build.is(name)).toBe(true);
    if (name === state) return { stage, build };
    stage.the(port).answer();
  }
  return { stage, build };
}

/** The last step of every path. */
function clear({ stage, build }: ReturnType<typeof beginAt>): void {
  expect(build.is('clearing')).toBe(true);
  stage.the('clearAway').answer();
  expect(build.status).toBe('done');
  expect(build.scheduled).toEqual([]);
  expect(stage.open()).toEqual([]);
}

test('the whole way', () => {
  const scene = beginAt('clearing');
  clear(scene);
  expect(scene.build.output).toEqual({ outcome: 'built', failure: null, isTidy: true });
});

describe.each(way)('%s', (state, port, limitMs, doing) => {
  test('is left for the clearing when it fails, unless nothing was taken yet, and that failure is told', () => {
    const scene = beginAt(state);
    scene.stage.the(port).fail(failure('A'));
    if (state !== 'surveying') clear(scene);
    expect(scene.build.output).toMatchObject({ outcome: 'failed', failure: { code: 'A' }, isTidy: true });
  });

  test('has its deadline, and the failure names what was done', () => {
    const scene = beginAt(state);
    scene.stage.clock.advance(limitMs - 1);
    expect(scene.build.is(state)).toBe(true);
    scene.stage.clock.advance(1);
    clear(scene);
    expect(scene.build.output).toMatchObject({
      outcome: 'failed',
      failure: { code: 'IMAGE_BUILD_TIMED_OUT', reason: expect.stringContaining(doing) },
    });
  });

  test('is stopped by a wish, which only the placing outlasts', () => {
    const scene = beginAt(state);
    scene.build.send({ type: 'cancel.requested' });
    if (state === 'placing') scene.stage.the(port).answer();
    clear(scene);
    expect(scene.build.output).toMatchObject({ outcome: state === 'placing' ? 'built' : 'cancelled' });
  });
});

test.each(['fails', 'takes too long'])('a clearing that %s is told beside what came of the build', (how) => {
  const scene = beginAt('clearing');
  if (how === 'fails') scene.stage.the('clearAway').fail(new Error('x'));
  else scene.stage.clock.advance(limits.clearTimeout);
  expect(scene.build.output).toEqual({ outcome: 'built', failure: null, isTidy: false });
});
