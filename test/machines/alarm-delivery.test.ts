import { expect, test } from 'vitest';
import { MOST_ATTEMPTS, MOST_WAITING_NOTICES } from '../../machines/alarm-delivery/limits.ts';
import { alarmDeliveryMachine, type DeliveryReport } from '../../machines/alarm-delivery/machine.ts';
import type { AlarmNotice } from '../../machines/contracts/alarm.ts';
import { inert, owner } from './inert.ts';
import { recorder, Stage } from './stage.ts';
import { walk } from './walk.ts';

const notice = (alarm: string): AlarmNotice => ({
  ...{ alarm, event: 'raised', sinceMs: 1, atMs: 2, isRepeated: false, subjects: [] },
  said: { summary: 's', reason: 'r', nextStep: 'n' },
});

test('every transition can be taken', () => {
  const machine = alarmDeliveryMachine.provide({ actors: inert(['deliverNotice']) } as never);
  const { missing } = walk(machine, {
    input: { channel: 'webhook', owner, waiting: [] },
    samples: {
      'notice.wanted': ({ context }) => (context.waiting.length < 2 ? [{ notice: notice('a') }] : []),
      'xstate.error.actor.deliverNotice': [{ error: new Error('not taken') }],
    },
    key: ({ value, context }) => JSON.stringify([value, context.waiting.length, context.attempts]),
  });
  expect(missing).toEqual([]);
});

function begin() {
  const stage = new Stage();
  const told = recorder<DeliveryReport>();
  const { actor } = stage.start(stage.fill(alarmDeliveryMachine), {
    ...{ channel: 'webhook', owner: told.ref, waiting: [] },
  });
  return {
    stage,
    want: (...alarms: string[]) => {
      for (const alarm of alarms) actor.send({ type: 'notice.wanted', notice: notice(alarm) });
    },
    /** What is on its way. */
    sent: () => stage.open('deliverNotice').map(({ input }) => input.notice.alarm),
    deliveries: () => told.events.map(({ delivery }) => delivery),
  };
}

test('notices go out one by one, in their order', () => {
  const { stage, want, sent, deliveries } = begin();
  want('a', 'b', 'c');
  for (const name of ['a', 'b', 'c']) {
    expect(sent()).toEqual([name]);
    stage.the('deliverNotice').answer();
  }
  expect(sent()).toEqual([]);
  expect(deliveries().map(({ notice: { alarm }, failure }) => [alarm, failure])).toEqual([
    ['a', null],
    ['b', null],
    ['c', null],
  ]);
});

test('one that is not taken is tried again, longer each time, then given up; the next one has its turn', () => {
  const { stage, want, sent, deliveries } = begin();
  want('a', 'b');
  const atMs: number[] = [];
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    while (sent().length === 0) stage.clock.advanceToNext();
    expect(sent()).toEqual(['a']);
    atMs.push(stage.clock.nowMs);
    stage.the('deliverNotice').fail(new Error('refused'));
  }
  expect(sent()).toEqual(['b']);
  const pauses = atMs.slice(1).map((at, index) => at - (atMs[index] ?? 0));
  expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
  expect(pauses.at(-1)).toBe(300_000);
  expect(deliveries().map(({ isTriedAgain }) => isTriedAgain)).toEqual([
    ...Array.from({ length: MOST_ATTEMPTS - 1 }, () => true),
    false,
  ]);
});

test('one that hangs is given up for now, and tried again', () => {
  const { stage, want, sent, deliveries } = begin();
  want('a');
  stage.clock.advance(60_000);
  expect(deliveries()).toMatchObject([{ failure: { code: 'ALARM_NOT_DELIVERED' }, isTriedAgain: true }]);
  stage.clock.advance(5_000);
  expect(sent()).toEqual(['a']);
});

test('what waits is bounded: the oldest that is not on its way is dropped, and that is told', () => {
  const { stage, want, sent, deliveries } = begin();
  want('first', ...Array.from({ length: MOST_WAITING_NOTICES + 10 }, (_, number) => `n${number}`));
  expect(deliveries().map(({ notice: { alarm } }) => alarm)).toEqual(
    Array.from({ length: 11 }, (_, number) => `n${number}`),
  );
  expect(sent()).toEqual(['first']);
  stage.the('deliverNotice').answer();
  expect(sent()).toEqual(['n11']);
});
