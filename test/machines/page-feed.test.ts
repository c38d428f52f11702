import { beforeEach, expect, test } from 'vitest';
import { type Actor, createActor, SimulatedClock } from 'xstate';
import { pageFeedLimits } from '../../machines/page-feed/limits.ts';
import { pageFeedMachine } from '../../machines/page-feed/machine.ts';
import { walk } from './walk.ts';

const { beat, lookAgain } = pageFeedLimits;

let clock: SimulatedClock;
let feed: Actor<typeof pageFeedMachine>;
let told: number;
beforeEach(() => {
  clock = new SimulatedClock();
  feed = createActor(pageFeedMachine, { clock });
  told = 0;
  feed.on('page.due', () => {
    told += 1;
  });
  feed.start();
});

const change = () => feed.send({ type: 'feed.changed' });
const join = () => feed.send({ type: 'viewer.joined' });
const leave = () => feed.send({ type: 'viewer.left' });

test('every transition can be taken', () => {
  const { missing } = walk(pageFeedMachine, {
    key: ({ value, context }) => JSON.stringify([value, Math.min(context.viewers, 2)]),
  });
  expect(missing).toEqual([]);
});

test('nothing is told while nobody watches', () => {
  change();
  clock.increment(10 * lookAgain);
  expect(told).toBe(0);
  join();
  expect(told).toBe(1);
  leave();
  change();
  clock.increment(10 * lookAgain);
  expect(told).toBe(1);
});

test('a change is told at once, and what follows it once in a beat', () => {
  join();
  clock.increment(beat);
  told = 0;
  change();
  expect(told).toBe(1);
  for (let each = 0; each < 100; each += 1) change();
  expect(told).toBe(1);
  clock.increment(beat);
  expect(told).toBe(2);
  clock.increment(beat);
  expect(told).toBe(2);
});

test('a second of changes is told at its begin, and four times more', () => {
  join();
  clock.increment(beat);
  told = 0;
  for (let ms = 0; ms < 1_000; ms += 10) {
    change();
    clock.increment(10);
  }
  expect(told).toBe(1 + 1_000 / beat);
});

test('without a change it is looked now and then', () => {
  join();
  told = 0;
  for (const looks of [1, 2]) {
    clock.increment(beat);
    clock.increment(lookAgain);
    expect(told).toBe(looks);
  }
});

test('it goes on as long as one of several viewers is left', () => {
  join();
  join();
  leave();
  clock.increment(beat);
  change();
  expect(told).toBe(2);
  leave();
  change();
  expect(told).toBe(2);
});
