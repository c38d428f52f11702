import { expect, test } from 'vitest';
import { imageCheckMachine } from '../../machines/image-check/machine.ts';
import { deaf, inert } from './inert.ts';
import { failure } from './samples.ts';
import { walk } from './walk.ts';

test('every transition is walked; the end names a clone that was left, and why nothing was learnt', () => {
  const machine = imageCheckMachine.provide({
    actors: { ...inert(['examineGuest']), trialVm: deaf },
  } as never);
  const ends = ['deleted', 'leaked'].flatMap((outcome) =>
    [null, failure('VM_EXITED')].map((lost) => ({ output: { name: 'trial', outcome, failure: lost } })),
  );
  const result = walk(machine, {
    input: { vm: { name: 'trial', image: 'golden' } },
    key: (s) =>
      JSON.stringify([
        ...[s.value, s.context.failure !== null, s.context.isCancelled],
        ...[s.context.leakedVm, s.status],
      ]),
    samples: {
      'vm.ready': [{ name: 'trial' }],
      'vm.lost': [{ name: 'trial', failure: failure('VM_EXITED') }],
      'xstate.done.actor.trial': ends,
      'xstate.error.actor.trial': [{ error: new Error('x') }],
      'xstate.error.actor.examineGuest': [{ error: new Error('x') }],
    },
    check: (s) => {
      if (s.status === 'done') expect(Object.keys(s.children)).toEqual([]);
    },
  });
  expect(result.missing).toEqual([]);
});
