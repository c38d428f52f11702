import { expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { walk } from './walk.ts';

test('the walker names the transitions that cannot be taken', () => {
  const machine = createMachine({
    id: 'door',
    initial: 'shut',
    states: {
      shut: {
        on: {
          open: [{ guard: () => true, target: 'ajar' }, { target: 'wide' }],
        },
      },
      ajar: { on: { shut: 'shut' } },
      wide: { on: { shut: 'shut' } },
    },
  });
  expect(walk(machine).missing).toEqual([
    'door.shut --open[1]--> door.wide',
    'door.wide --shut[0]--> door.shut',
  ]);
});

test('the walker fails when a machine breaks', () => {
  const machine = createMachine({
    on: {
      poke: {
        actions: () => {
          throw new Error('ouch');
        },
      },
    },
  });
  expect(() => walk(machine)).toThrow('poke');
});

test('the walker tells the way to where a promise is broken', () => {
  const machine = createMachine({
    initial: 'one',
    states: { one: { on: { go: 'two' } }, two: { on: { goOn: 'three' } }, three: {} },
  });
  const check = ({ value }: { value: unknown }) => expect(value).not.toBe('three');
  expect(() => walk(machine, { check })).toThrow(/go > goOn breaks a promise: expected 'three'/);
});

test('the walker fails when live and pure transitions differ', () => {
  let effects = 0;
  const machine = createMachine({
    context: () => ({ effects }),
    initial: 'one',
    states: {
      one: { on: { go: 'two' } },
      two: {
        entry: () => {
          effects += 1;
        },
        always: { guard: () => effects > 0, target: 'three' },
      },
      three: {},
    },
  });
  expect(() => walk(machine)).toThrow('ends live in');
});
