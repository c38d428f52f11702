import { expect, test } from 'vitest';
import { createActor, fromPromise, SimulatedClock, toPromise } from 'xstate';
import { inquiryLimits } from '../../machines/inquiry/limits.ts';
import { inquiryMachine } from '../../machines/inquiry/machine.ts';
import { inert } from './inert.ts';
import { failure } from './samples.ts';
import { walk } from './walk.ts';

test('every transition can be taken', () => {
  const machine = inquiryMachine.provide({ actors: inert(['askProcess', 'measureProcess']) } as never);
  const { missing } = walk(machine, {
    samples: { 'xstate.done.actor.askProcess': [{ output: 'what was asked' }] },
  });
  expect(missing).toEqual([]);
});

const never = () => new Promise<never>(() => {});

test('a question that is never answered ends with its deadline, and its memory is looked at until then', async () => {
  const clock = new SimulatedClock();
  const looks: number[] = [];
  const machine = inquiryMachine.provide({
    actors: {
      askProcess: fromPromise<unknown, void>(never),
      measureProcess: fromPromise<unknown, void>(() => {
        looks.push(clock.now());
        return never();
      }),
    },
  });
  const inquiry = createActor(machine, { clock }).start();
  const ended = toPromise(inquiry);
  const step = inquiryLimits.measurePause + inquiryLimits.measureTimeout;
  for (let passed = 0; passed < inquiryLimits.answerTimeout; passed += 1_000) clock.increment(1_000);
  expect(await ended).toMatchObject({ answer: null, failure: { code: 'STEP_TIMED_OUT' } });
  expect(looks.length).toBe(Math.floor(inquiryLimits.answerTimeout / step));
});

test('a failure of the port is the failure of the question, unchanged', async () => {
  const broken = failure('P12_INVALID');
  const machine = inquiryMachine.provide({
    actors: { askProcess: fromPromise<unknown, void>(() => Promise.reject(broken)) },
  });
  const inquiry = createActor(machine).start();
  expect(await toPromise(inquiry)).toEqual({ answer: null, failure: broken });
});
