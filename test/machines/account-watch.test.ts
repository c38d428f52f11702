import { expect, test } from 'vitest';
import { accountWatchLimits } from '../../machines/account-watch/limits.ts';
import { type AccountWatchNote, accountWatchMachine } from '../../machines/account-watch/machine.ts';
import { inert } from './inert.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

test('every transition can be taken', () => {
  const machine = accountWatchMachine.provide({ actors: inert(['lookThrough']) } as never);
  expect(walk(machine, {}).missing).toEqual([]);
});

test('the account is read at once and once a day, after a look that hangs as well, and sooner after one that fails', () => {
  const stage = new Stage();
  const { actor } = stage.start(stage.fill(accountWatchMachine), undefined);
  const notes: AccountWatchNote[] = [];
  actor.on('blind', (note: AccountWatchNote) => notes.push(note));
  const aDayPasses = () => stage.clock.advance(accountWatchLimits.lookPause);

  stage.the('lookThrough').answer();
  expect(stage.open('lookThrough')).toEqual([]);
  aDayPasses();
  stage.the('lookThrough').fail(new Error('planted'));
  expect(notes).toMatchObject([{ failure: { code: 'INTERNAL_ERROR' } }]);
  stage.clock.advance(accountWatchLimits.blindPause);
  stage.the('lookThrough');
  stage.clock.advance(accountWatchLimits.lookTimeout);
  expect(stage.open('lookThrough')).toEqual([]);
  expect(notes.at(-1)).toEqual({ type: 'blind', failure: null });
  aDayPasses();
  stage.the('lookThrough').answer();
  expect(notes).toHaveLength(2);
  actor.stop();
});
