import { beforeEach, expect, test } from 'vitest';
import { type Actor, createActor, SimulatedClock } from 'xstate';
import { viewerWatchLimits } from '../../machines/viewer-watch/limits.ts';
import { viewerWatchMachine } from '../../machines/viewer-watch/machine.ts';
import { walk } from './walk.ts';

const { pingPause, patience } = viewerWatchLimits;

let clock: SimulatedClock;
let watch: Actor<typeof viewerWatchMachine>;
let pings: number;
beforeEach(() => {
  clock = new SimulatedClock();
  watch = createActor(viewerWatchMachine, { clock });
  pings = 0;
  watch.on('ping.due', () => {
    pings += 1;
  });
  watch.start();
});

test('every transition can be taken', () => {
  const { missing } = walk(viewerWatchMachine, { key: ({ value }) => JSON.stringify(value) });
  expect(missing).toEqual([]);
});

test('a viewer that answers is asked again and again, and stays', () => {
  for (const round of [1, 2, 3]) {
    clock.increment(pingPause);
    expect(pings).toBe(round);
    clock.increment(patience - 1);
    watch.send({ type: 'viewer.answered' });
  }
  expect(watch.getSnapshot().status).toBe('active');
});

test('a viewer that does not answer is asked once, and given up when its time is over', () => {
  clock.increment(pingPause);
  clock.increment(patience - 1);
  expect(watch.getSnapshot().value).toBe('asked');
  clock.increment(1);
  expect(watch.getSnapshot()).toMatchObject({ status: 'done', value: 'silent' });
  expect(pings).toBe(1);
});
