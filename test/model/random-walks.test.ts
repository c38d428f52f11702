import fc from 'fast-check';
import { beforeEach, expect, test, vi } from 'vitest';
import { World, type WorldOptions } from './world.ts';

/** Every pick chooses among what could happen at that moment; fewer and smaller picks are a simpler walk. */
const picks = fc.array(fc.nat({ max: 9_999 }), { minLength: 1, maxLength: 120, size: 'max' });

const troubles = [
  'link',
  'time',
  'deleteVm',
  'probeAssignments',
  'sweepRun',
  'sweepLeaks',
  'deliverArtifact',
];
const conditions = (breaksRuns: boolean): fc.Arbitrary<WorldOptions> =>
  fc.record({
    maxConcurrent: fc.integer({ min: 1, max: 3 }),
    standbySize: fc.integer({ min: 0, max: 2 }),
    breaksRuns: fc.constant(breaksRuns),
    harshOn: fc.constantFrom('nothing', ...troubles),
  });

/** The same seed is the same walks; a failure prints the shortest one that fails and what happened on it. */
const settings = (numRuns: number): fc.Parameters<unknown> => ({
  seed: 20_260_101,
  numRuns,
});

const corners = new Set<string>();

// the development build of xstate remarks on each event to an actor that has ended: here that is everyday life
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));

function walk(world: World, steps: readonly number[]): void {
  for (const pick of steps) {
    if (world.isOver || world.violations.length > 0) return;
    world.step(pick);
  }
}

function expectWell(world: World): void {
  for (const corner of world.seen) corners.add(corner);
  const wrong = world.judge();
  expect(wrong, `${wrong.join('\n')}\nafter\n${world.trace.join('\n')}`).toEqual([]);
}

test.each([
  ['whatever happens around us', false, 600],
  ['also when runs break by a defect of ours', true, 300],
])('one answer for each job, never too many machines, nothing is left: %s', (_, breaksRuns, numRuns) => {
  fc.assert(
    fc.property(conditions(breaksRuns), picks, (options, steps) => {
      const world = new World(options);
      walk(world, steps);
      world.calm();
      expectWell(world);
      world.wish('drain.requested');
      world.calm();
      expect(world.isOver, 'the drained daemon ends').toBe(true);
      expectWell(world);
    }),
    settings(numRuns),
  );
});

test.each(['drain.requested', 'shutdown.requested'] as const)(
  'after %s in the middle of it all no run is started, and the daemon ends',
  (wish) => {
    fc.assert(
      fc.property(conditions(false), picks, picks, (options, before, after) => {
        const world = new World(options);
        walk(world, before);
        world.wish('drain.requested');
        if (wish === 'shutdown.requested') world.wish(wish);
        walk(world, after);
        world.calm();
        expect(world.isOver).toBe(true);
        if (!world.wasCutShort) expectWell(world);
      }),
      settings(200),
    );
  },
);

test('the walks above have led into every corner', () => {
  const ends = (port: string) => [`xstate.done.actor.${port}`, `xstate.error.actor.${port}`];
  const expected = [
    ...['succeeded', 'failed', 'cancelled', 'dropped', 'deleted', 'leaked', 'handedOver'],
    ...['job.adopted', 'job.linkLost', 'job.linkRestored', 'job.cancelRequested'],
    ...['vm.lost', 'guest.lost', 'vm.exited', 'process.ended', 'hub.refused', 'hub.linkLost'],
    ...[...ends('probeClaim'), ...ends('probeAssignments'), ...ends('sweepLeaks'), ...ends('sweepLeftovers')],
    ...ends('findObstacles'),
    ...['xstate.done.actor.probeBeforeClosing', 'socket.confirmed'],
  ];
  expect(expected.filter((corner) => !corners.has(corner))).toEqual([]);
});
