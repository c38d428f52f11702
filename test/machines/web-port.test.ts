import { expect, test } from 'vitest';
import { webPortLimits } from '../../machines/web-port/limits.ts';
import { webPortMachine } from '../../machines/web-port/machine.ts';
import { inert } from './inert.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

test('every transition is walked', () => {
  const machine = webPortMachine.provide({ actors: inert(['openPort']) } as never);
  const { missing } = walk(machine, {
    key: ({ value, context }) => JSON.stringify([value, context.problem]),
    samples: { 'xstate.done.actor.openPort': [{ output: null }, { output: 'taken' }] },
  });
  expect(missing).toEqual([]);
});

test('a port that is taken is tried again, at longer and longer pauses, and told each time', () => {
  const stage = new Stage();
  const port = stage.start(stage.fill(webPortMachine), undefined);
  const told: unknown[] = [];
  port.actor.on('refused', ({ problem, attempts }: { problem: string; attempts: number }) =>
    told.push([problem, attempts]),
  );
  for (const pause of [5_000, 10_000, 20_000]) {
    stage.the('openPort').answer('taken');
    stage.clock.advance(pause - 1);
    expect(port.is('closed')).toBe(true);
    stage.clock.advance(1);
  }
  expect(told).toEqual([1, 2, 3].map((attempts) => ['taken', attempts]));
  expect(webPortLimits.retryPause({ context: { attempts: 12 } })).toBe(300_000);
  stage.the('openPort').answer(null);
  expect([port.status, port.actor.getSnapshot().context.problem]).toEqual(['done', null]);
});
