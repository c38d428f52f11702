import { expect, test } from 'vitest';
import { clusterLookLimits } from '../../machines/cluster-look/limits.ts';
import { clusterLookMachine } from '../../machines/cluster-look/machine.ts';
import { createClusterLook } from '../../src/actors/cluster-look.ts';
import { inert } from './inert.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

test('every transition can be taken', () => {
  const machine = clusterLookMachine.provide({ actors: inert(['askForAll']) } as never);
  const { missing } = walk(machine, {
    key: ({ value, context }) => JSON.stringify([value, Math.min(context.waiting, 1)]),
  });
  expect(missing).toEqual([]);
});

function begin() {
  const stage = new Stage();
  const look = stage.start(stage.fill(clusterLookMachine), undefined);
  const asked = () => stage.calls.length;
  const want = () => look.send({ type: 'look.wanted' });
  return { stage, look, asked, want };
}

test('nobody asks, and there is no question', () => {
  const { stage, asked } = begin();
  stage.clock.advance(3_600_000);
  expect(asked()).toBe(0);
});

test('the first is asked for at once, all who come meanwhile with one question, a pause later', () => {
  const { stage, asked, want } = begin();
  want();
  expect(asked()).toBe(1);
  for (let n = 0; n < 64; n += 1) want();
  stage.the('askForAll').answer();
  stage.clock.advance(clusterLookLimits.lookPause - 1);
  expect(asked()).toBe(1);
  stage.clock.advance(1);
  expect(asked()).toBe(2);
  stage.the('askForAll').fail(new Error('away'));
  stage.clock.advance(3_600_000);
  expect(asked()).toBe(2);
});

test('a question that is never answered holds up nobody for longer than its deadline', () => {
  const { stage, asked, want } = begin();
  want();
  want();
  stage.clock.advance(clusterLookLimits.answerTimeout + clusterLookLimits.lookPause);
  expect(asked()).toBe(2);
});

const never = new AbortController().signal;

test('whoever asks is answered by a question that began after that', async () => {
  const answers: ((answer: number) => void)[] = [];
  const shared = createClusterLook({ lookPause: 0 })(
    () => new Promise<number>((resolve) => answers.push(resolve)),
  );
  const first = shared(never);
  const second = Promise.all([shared(never), shared(never)]);
  answers[0]?.(1);
  expect(await first).toBe(1);
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.(2);
  expect(await second).toEqual([2, 2]);
});

test('one who gives up harms nobody, and a failure is told to all who wait for that question', async () => {
  const impatient = new AbortController();
  const questions: ((error: Error) => void)[] = [];
  const shared = createClusterLook({ lookPause: 0 })(
    () => new Promise<never>((_, reject) => questions.push(reject)),
  );
  const looks = Promise.allSettled([shared(never), shared(impatient.signal), shared(never), shared(never)]);
  impatient.abort(new Error('enough'));
  questions[0]?.(new Error('the first'));
  await expect.poll(() => questions.length).toBe(2);
  questions[1]?.(new Error('the second'));
  const ends = (await looks) as PromiseRejectedResult[];
  expect(ends.map(({ reason }) => reason.message)).toEqual([
    'the first',
    'enough',
    'the second',
    'the second',
  ]);
});
