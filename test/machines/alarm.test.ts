import { describe, expect, test } from 'vitest';
import {
  type AlarmEvent,
  type AlarmInput,
  alarmMachine,
  MOST_SUBJECTS,
} from '../../machines/alarm/machine.ts';
import type { AlarmNotice, AlarmReport } from '../../machines/contracts/alarm.ts';
import { owner } from './inert.ts';
import { recorder, Stage } from './stage.ts';
import { walk } from './walk.ts';

const said = (summary: string) => ({ summary, reason: 'seen', nextStep: 'act' });
const before = { alarm: 'disk-low', sinceMs: 5, said: said('before'), subjects: ['a'] };
const patience = { alarm: 'disk-low', raiseAfterMs: 60_000, clearAfterMs: 300_000 };

test('every transition can be taken', () => {
  const finding = { alarm: 'disk-low', holds: true, atMs: 1, said: said('low'), subjects: ['a'] };
  const walked = [null, before].map((told) =>
    walk(alarmMachine, {
      input: { ...patience, owner, before: told },
      samples: {
        'condition.held': [{ finding }, { finding: { ...finding, subjects: ['b'] } }],
        'condition.absent': [{ finding }],
      },
      key: ({ value, context }) =>
        JSON.stringify([value, context.standing?.subjects, context.before !== null]),
    }),
  );
  const [fresh, recalled] = walked as [(typeof walked)[0], (typeof walked)[0]];
  expect(fresh.missing.filter((name) => recalled.missing.includes(name))).toEqual([]);
});

let clock: Stage['clock'];
let alarm: { send(event: AlarmEvent): void };

function start(more: Partial<AlarmInput> = {}): void {
  const stage = new Stage();
  const told = recorder<AlarmReport>();
  clock = stage.clock;
  alarm = stage.start(alarmMachine, { ...patience, owner: told.ref, before: null, ...more }).actor;
  read = () => told.events.map(({ notice }) => notice);
}
let read: () => readonly AlarmNotice[];

const hold = (summary = 'low', atMs = clock.nowMs, subjects: readonly string[] = ['a']) =>
  alarm.send({
    type: 'condition.held',
    finding: { alarm: 'disk-low', holds: true, atMs, said: said(summary), subjects },
  });
const end = () =>
  alarm.send({ type: 'condition.absent', finding: { alarm: 'disk-low', holds: false, atMs: clock.nowMs } });
const told = () => read().map(({ event }) => event);

describe('an alarm', () => {
  test('is told once when it has lasted, and once when it has been over', () => {
    start();
    hold('first', 1_000);
    clock.advance(59_999);
    expect(told()).toEqual([]);
    hold('latest', 60_000);
    clock.advance(1);
    expect(read()).toEqual([
      {
        ...{ event: 'raised', alarm: 'disk-low', sinceMs: 1_000, atMs: 60_000, isRepeated: false },
        ...{ said: said('latest'), subjects: ['a'] },
      },
    ]);
    for (let looks = 0; looks < 100; looks += 1) {
      hold();
      clock.advance(10_000);
    }
    expect(told()).toEqual(['raised']);
    end();
    clock.advance(300_000);
    expect(told()).toEqual(['raised', 'over']);
    end();
    clock.advance(10_000_000);
    expect(told()).toEqual(['raised', 'over']);
  });

  test('that passes by itself, again and again, is not told', () => {
    start();
    for (let round = 0; round < 50; round += 1) {
      hold();
      clock.advance(50_000);
      end();
      clock.advance(10_000);
    }
    expect(told()).toEqual([]);
  });

  test('that comes and goes is told once', () => {
    start();
    hold();
    clock.advance(60_000);
    for (let round = 0; round < 50; round += 1) {
      end();
      clock.advance(299_999);
      hold();
      clock.advance(10_000);
    }
    expect(told()).toEqual(['raised']);
  });

  test('that begins anew has a beginning of its own', () => {
    start();
    hold('once', 10);
    clock.advance(60_000);
    end();
    clock.advance(300_000);
    hold('twice', 400_000);
    clock.advance(60_000);
    expect(read().map(({ sinceMs }) => sinceMs)).toEqual([10, 10, 400_000]);
  });
});

describe('what an alarm is about', () => {
  const about = (...subjects: string[]) => {
    hold(subjects.join(), clock.nowMs, subjects);
    clock.advance(60_000);
  };
  const heard = () => read().map(({ event, said: { summary } }) => `${event} ${summary}`);

  test('is told again when it is something else, or something more, and not when it is less', () => {
    start();
    about('a');
    about('b');
    about('b', 'c');
    about('c');
    expect(heard()).toEqual(['raised a', 'changed b', 'changed b,c']);
    start({ before });
    about('a');
    about('d');
    expect(heard()).toEqual(['raised a', 'changed d']);
  });

  test('is told once, however often it comes and goes, and not when it passes at once', () => {
    start();
    about('a');
    for (let round = 0; round < 50; round += 1) {
      about('b');
      about('a');
      hold('short', clock.nowMs, ['a', `c${round}`]);
      hold('short', clock.nowMs, ['a']);
    }
    expect(heard()).toEqual(['raised a', 'changed b']);
  });

  test('is told of a bounded number of things', () => {
    start();
    for (let number = 0; number < 1_000; number += 1) about(`${number}`);
    expect(heard()).toHaveLength(MOST_SUBJECTS);
  });
});

describe('after a restart', () => {
  test('one that still is the case is told again at once, with its first beginning', () => {
    start({ before });
    expect(told()).toEqual([]);
    hold('still');
    expect(read()).toMatchObject([{ event: 'raised', sinceMs: 5, isRepeated: true }]);
    end();
    clock.advance(300_000);
    hold();
    clock.advance(60_000);
    expect(read()[2]).toMatchObject({ event: 'raised', isRepeated: false });
  });

  test('one that is not the case any more is not told again, but that it is over', () => {
    start({ before });
    end();
    clock.advance(300_000);
    expect(read()).toMatchObject([{ event: 'over', sinceMs: 5, said: said('before') }]);
  });
});
