import { expect, test } from 'vitest';
import { clusterCapacityLimits } from '../../machines/cluster-capacity/limits.ts';
import { clusterCapacityMachine } from '../../machines/cluster-capacity/machine.ts';
import type { ClusterReport } from '../../machines/contracts/cluster.ts';
import { inert, owner } from './inert.ts';
import { recorder, Stage } from './stage.ts';
import { walk } from './walk.ts';

const room = (slots: number) => ({ slots, account: `${slots} of them` });
const rooms = [1, 4, 6, 9].map(room);

test('every transition can be taken', () => {
  const machine = clusterCapacityMachine.provide({ actors: inert(['askRoom']) } as never);
  const answers = rooms.map((output) => ({ output }));
  const { missing } = walk(machine, {
    input: { slots: 4, owner },
    samples: {
      'capacity.seen': rooms.map((seen) => ({ room: seen })),
      'xstate.done.actor.askRoom': answers,
      'xstate.done.actor.askRoomAgain': answers,
      'xstate.done.actor.askStaleRoom': answers,
    },
  });
  expect(missing).toEqual([]);
});

function begin(slots = 4) {
  const stage = new Stage();
  const told = recorder<ClusterReport>();
  const watch = stage.start(stage.fill(clusterCapacityMachine), { slots, owner: told.ref });
  const untilAsked = () => {
    while (stage.open('askRoom').length === 0) stage.clock.advanceToNext();
    return stage.the('askRoom');
  };
  return {
    stage,
    watch,
    untilAsked,
    /** One look after the other. */
    see: (...slots: number[]) => {
      for (const each of slots) untilAsked().answer(room(each));
    },
    fail: (times: number) => {
      for (let n = 0; n < times; n += 1) untilAsked().fail(new Error('away'));
    },
    told: () => told.events.map((event) => (event.type === 'capacity.changed' ? event.slots : event.type)),
  };
}

test('less room is told at once, more room when it has lasted', () => {
  const { see, told, stage } = begin(4);
  see(3);
  expect(told()).toEqual([3]);
  see(8, 8, 8);
  expect(told()).toEqual([3]);
  stage.clock.advance(clusterCapacityLimits.growTime);
  expect(told()).toEqual([3, 8]);
});

test('of room that changes while it grows, the least counts', () => {
  const { see, told, stage } = begin(4);
  see(9, 6, 8);
  stage.clock.advance(clusterCapacityLimits.growTime);
  expect(told()).toEqual([6]);
});

test('a host that comes and goes changes nothing for as long as it does', () => {
  const { see, told } = begin(4);
  for (let n = 0; n < 100; n += 1) see(6, 6, 4);
  expect(told()).toEqual([]);
  see(2);
  for (let n = 0; n < 100; n += 1) see(4, 4, 2);
  expect(told()).toEqual([2]);
});

test('a controller that does not answer takes nothing away; the operator is told once, and again when it does', () => {
  const { see, fail, told } = begin(4);
  fail(1);
  see(4);
  expect(told()).toEqual([]);
  fail(20);
  expect(told()).toEqual(['capacity.stale']);
  see(3);
  expect(told()).toEqual(['capacity.stale', 'capacity.restored', 3]);
});

test('a question that is never answered has an end, and another one follows', () => {
  const { stage, untilAsked, told } = begin(4);
  const asked = () => stage.calls.length;
  untilAsked();
  const { answerTimeout, retryPause } = clusterCapacityLimits;
  stage.clock.advance(answerTimeout + retryPause);
  expect(asked()).toBe(2);
  stage.clock.advance(3_600_000);
  expect(asked()).toBeGreaterThan(40);
  expect(told()).toEqual(['capacity.stale']);
});
