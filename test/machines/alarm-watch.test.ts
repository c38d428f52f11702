import { expect, test } from 'vitest';
import { alarmMachine } from '../../machines/alarm/machine.ts';
import { alarmDeliveryMachine } from '../../machines/alarm-delivery/machine.ts';
import { alarmWatchLimits } from '../../machines/alarm-watch/limits.ts';
import {
  type AlarmWatchInput,
  type AlarmWatchNote,
  alarmWatchMachine,
} from '../../machines/alarm-watch/machine.ts';
import type { AlarmFinding, AlarmNotice } from '../../machines/contracts/alarm.ts';
import { deaf, inert } from './inert.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

const said = { summary: 's', reason: 'r', nextStep: 'n' };
const alarms = ['hub-away', 'disk-low'].map((alarm) => ({
  alarm,
  raiseAfterMs: 15_000,
  clearAfterMs: 15_000,
}));
const before = [{ alarm: 'disk-low', sinceMs: 5, said, subjects: [] }];

test('every transition can be taken', () => {
  const machine = alarmWatchMachine.provide({
    actors: { ...inert(['lookAround']), alarm: deaf, alarmDelivery: deaf },
  } as never);
  const notice = {
    alarm: 'hub-away',
    event: 'raised',
    sinceMs: 1,
    atMs: 1,
    isRepeated: false,
    said,
    subjects: [],
  };
  const { missing } = walk(machine, {
    input: { alarms, before: [], undelivered: [], channels: ['command'] },
    samples: {
      'xstate.done.actor.lookAround': [{ output: [] }],
      'alarm.told': [{ notice }],
      'notice.delivered': [{ delivery: { channel: 'command', notice, attempts: 1, failure: null } }],
    },
    key: ({ value }) => JSON.stringify(value),
  });
  expect(missing).toEqual([]);
});

function begin(more: Partial<AlarmWatchInput> = {}) {
  const stage = new Stage();
  const machine = stage.fill(alarmWatchMachine, {
    alarm: alarmMachine,
    alarmDelivery: stage.fill(alarmDeliveryMachine),
  });
  const { actor } = stage.start(machine, {
    ...{ alarms, before: [], undelivered: [], channels: ['command', 'webhook'], ...more },
  });
  const notes: AlarmWatchNote[] = [];
  actor.on('*', (note: AlarmWatchNote) => notes.push(note));
  const untilLooking = () => {
    while (stage.open('lookAround').length === 0) stage.clock.advanceToNext();
    return stage.the('lookAround');
  };
  return {
    ...{ stage, actor, untilLooking },
    /** One look that finds these to be the case, and the others not. */
    see: (...names: string[]) => {
      const call = untilLooking();
      const atMs = stage.clock.nowMs;
      call.answer(
        alarms.map(
          ({ alarm }): AlarmFinding =>
            names.includes(alarm)
              ? { alarm, holds: true, atMs, said, subjects: [] }
              : { alarm, holds: false, atMs },
        ),
      );
    },
    told: () =>
      notes.flatMap((note) => (note.type === 'told' ? [`${note.notice.alarm} ${note.notice.event}`] : [])),
    notes,
    raised: () => actor.getSnapshot().context.raised.map(({ alarm }: { alarm: string }) => alarm),
  };
}

test('what lasts is told by every way, and what is raised is known', () => {
  const { stage, see, told, raised } = begin();
  see('hub-away');
  see('hub-away');
  expect(told()).toEqual([]);
  see('hub-away');
  expect(told()).toEqual(['hub-away raised']);
  expect(raised()).toEqual(['hub-away']);
  expect(stage.open('deliverNotice').map(({ input }) => input.channel)).toEqual(['command', 'webhook']);
  for (let looks = 0; looks < 4; looks += 1) see('disk-low');
  expect(told()).toEqual(['hub-away raised', 'hub-away over', 'disk-low raised']);
  expect(raised()).toEqual(['disk-low']);
});

test('a way that hangs holds up neither the other way nor the looks', () => {
  const { stage, see, told } = begin();
  for (let looks = 0; looks < 3; looks += 1) see('hub-away');
  const [command, webhook] = stage.open('deliverNotice');
  expect(command?.input.channel).toBe('command');
  webhook?.answer();
  for (let looks = 0; looks < 4; looks += 1) see('hub-away', 'disk-low');
  expect(told()).toContain('disk-low raised');
  expect(stage.open('deliverNotice').map(({ input }) => `${input.channel} ${input.notice.alarm}`)).toEqual([
    'command hub-away',
    'webhook disk-low',
  ]);
});

test('of what cannot be known nothing is told, and a look that fails or hangs is followed by the next', () => {
  const { stage, untilLooking, see, told, notes } = begin();
  for (let looks = 0; looks < 3; looks += 1) see('hub-away');
  for (let looks = 0; looks < 20; looks += 1) untilLooking().answer([]);
  expect(told()).toEqual(['hub-away raised']);
  untilLooking().fail(new Error('planted'));
  expect(notes.at(-1)).toMatchObject({ type: 'blind', failure: { code: 'INTERNAL_ERROR' } });
  untilLooking();
  stage.clock.advance(alarmWatchLimits.lookTimeout);
  expect(stage.open('lookAround')).toEqual([]);
  expect(notes.at(-1)).toEqual({ type: 'blind', failure: null });
  untilLooking().answer([{ alarm: 'of another version', holds: true, atMs: 1, said, subjects: [] }]);
  expect(told()).toEqual(['hub-away raised']);
});

test('what was raised before a restart counts as raised until it is known', () => {
  const { see, told, raised, untilLooking } = begin({ before });
  untilLooking().answer([]);
  expect([told(), raised()]).toEqual([[], ['disk-low']]);
  see('disk-low');
  expect(told()).toEqual(['disk-low raised']);
  const gone = begin({ before });
  for (let looks = 0; looks < 3; looks += 1) gone.see();
  expect([gone.told(), gone.raised()]).toEqual([['disk-low over'], []]);
});

test('what is on show are the words of the last look', () => {
  const { actor, see, untilLooking } = begin();
  for (let looks = 0; looks < 3; looks += 1) see('hub-away');
  const now = { ...said, reason: 'another one' };
  untilLooking().answer([{ alarm: 'hub-away', holds: true, atMs: 1, said: now, subjects: [] }]);
  expect(actor.getSnapshot().context.raised).toMatchObject([{ said: now }]);
});

test('what a way had not taken before a restart goes out after it, and is known until then', () => {
  const over = { ...before[0], event: 'over', atMs: 9, isRepeated: false } as AlarmNotice;
  const undelivered = [{ channel: 'webhook', notice: over }] as const;
  const { stage, see, notes, actor } = begin({ undelivered, channels: ['webhook'] });
  for (let looks = 0; looks < 3; looks += 1) see('hub-away');
  const waiting = () =>
    notes.flatMap((note) =>
      note.type === 'memory' ? [note.undelivered.map(({ notice }) => `${notice.alarm} ${notice.event}`)] : [],
    );
  expect(waiting()).toEqual([['disk-low over', 'hub-away raised']]);
  stage.the('deliverNotice').answer();
  stage.the('deliverNotice').fail(new Error('refused'));
  expect(waiting().slice(1)).toEqual([['hub-away raised'], ['hub-away raised']]);
  expect(begin({ undelivered, channels: [] }).actor.getSnapshot().context.undelivered).toEqual([]);
  expect(actor.getSnapshot().context.undelivered).toHaveLength(1);
});
