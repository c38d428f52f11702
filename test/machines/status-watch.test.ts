import { expect, test, vi } from 'vitest';
import { createActor, fromPromise, SimulatedClock } from 'xstate';
import { statusWatchLimits } from '../../machines/status-watch/limits.ts';
import { type StatusWatchNote, statusWatchMachine } from '../../machines/status-watch/machine.ts';
import { inert } from './inert.ts';
import { walk } from './walk.ts';

test('every transition can be taken', () => {
  const machine = statusWatchMachine.provide({ actors: inert(['askStatus']) } as never);
  const { missing } = walk(machine, {
    samples: { 'xstate.done.actor.askStatus': [{ output: 'as it stands' }] },
  });
  expect(missing).toEqual([]);
});

test('each answer is shown, a daemon that is away is told and asked again', async () => {
  const answers = [
    async () => 'first',
    async () => {
      throw new Error('away');
    },
    async () => 'third',
  ];
  const clock = new SimulatedClock();
  const machine = statusWatchMachine.provide({
    actors: { askStatus: fromPromise(() => (answers.shift() ?? (async () => 'more'))()) },
  });
  const watch = createActor(machine, { clock });
  const said: StatusWatchNote[] = [];
  watch.on('*', (note) => said.push(note));
  watch.start();
  for (const count of [1, 2, 3]) {
    await vi.waitFor(() => expect(said).toHaveLength(count));
    clock.increment(statusWatchLimits.watchPause);
  }
  expect(said.map((note) => (note.type === 'answered' ? note.text : note.failure.code))).toEqual([
    'first',
    'INTERNAL_ERROR',
    'third',
  ]);
  watch.stop();
});
