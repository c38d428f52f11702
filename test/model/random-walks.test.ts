import fc from 'fast-check';
import { beforeEach, expect, test, vi } from 'vitest';
import { World, type WorldOptions } from './world.ts';

/** Every pick chooses among what could happen at that moment; fewer and smaller picks are a simpler walk. */
const picks = fc.array(fc.nat({ max: 9_999 }), { minLength: 1, maxLength: 120, size: 'max' });
const slots = fc.integer({ min: 1, max: 3 });
const harshOn = fc.constantFrom(
  ...['nothing', 'link', 'time', 'deleteVm', 'probeAssignments', 'sweepRun', 'sweepLeaks', 'deliverArtifact'],
);

// the development build of xstate remarks on each event to an actor that has ended: here that is everyday life
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));

const corners = new Set<string>();

function walk(world: World, steps: readonly number[]): void {
  for (const pick of steps) {
    if (world.isOver || world.violations.length > 0) return;
    world.step(pick);
  }
}

function expectWell(world: World): void {
  for (const corner of world.seen) corners.add(corner);
  const wrong = world.judge();
  expect(wrong, `${wrong.join('\n')}\nafter\n${world.trace.slice(-120).join('\n')}`).toEqual([]);
}

/** The same seed is the same walks; a failure prints the shortest one that fails. */
const settings = (numRuns: number): fc.Parameters<unknown> => ({
  seed: 20_260_101,
  numRuns,
  interruptAfterTimeLimit: 50_000,
  markInterruptAsFailure: false,
});

const isWell = ({ breaksRuns }: Pick<WorldOptions, 'breaksRuns'>) =>
  fc.property(slots, harshOn, picks, (maxConcurrent, harsh, steps) => {
    const world = new World({ maxConcurrent, breaksRuns, harshOn: harsh });
    walk(world, steps);
    world.calm();
    expectWell(world);
    world.drain('drain.requested');
    world.calm();
    expect(world.isOver, 'the drained daemon ends').toBe(true);
    expectWell(world);
  });

test('whatever happens: one answer for each job, never too many machines, and nothing is left', () => {
  fc.assert(isWell({ breaksRuns: false }), settings(1_200));
});

test('so it is when runs break by a defect of ours', () => {
  fc.assert(isWell({ breaksRuns: true }), settings(600));
});

test.each(['drain.requested', 'shutdown.requested'] as const)(
  'after %s in the middle of it all no run is started, and the daemon ends',
  (type) => {
    fc.assert(
      fc.property(slots, harshOn, picks, picks, (maxConcurrent, harsh, before, after) => {
        const world = new World({ maxConcurrent, breaksRuns: false, harshOn: harsh });
        walk(world, before);
        if (world.isOver) return;
        world.drain('drain.requested');
        if (type === 'shutdown.requested') world.drain(type);
        walk(world, after);
        world.calm();
        expect(world.isOver).toBe(true);
        if (!world.wasCutShort) expectWell(world);
      }),
      settings(400),
    );
  },
);

test('the walks above have led into every corner', () => {
  const expected = [
    ...['succeeded', 'failed', 'cancelled', 'dropped', 'deleted', 'leaked'],
    ...['job.adopted', 'job.claimRevoked', 'job.linkRestored', 'job.cancelRequested'],
    ...['vm.lost', 'guest.lost', 'vm.exited', 'hub.refused', 'hub.linkLost', 'sweep.expired'],
    ...['xstate.done.actor.probeAssignments', 'xstate.error.actor.probeAssignments'],
    ...['xstate.done.actor.probeBeforeClosing', 'xstate.done.actor.sweepLeaks', 'socket.confirmed'],
  ];
  expect(expected.filter((corner) => !corners.has(corner))).toEqual([]);
});
