import { expect, test } from 'vitest';
import { createActor, fromPromise, SimulatedClock } from 'xstate';
import { clusterMachineLimits } from '../../machines/cluster-machine/limits.ts';
import { clusterMachine } from '../../machines/cluster-machine/machine.ts';
import type { ClusterMachineView } from '../../machines/contracts/cluster.ts';
import { inert } from './inert.ts';
import { walk } from './walk.ts';

const view = (stage: ClusterMachineView['stage']): ClusterMachineView => ({
  ...{ stage, worker: stage === 'queued' ? null : 'mac-01', message: null },
});
const views = (['queued', 'cloning', 'running', 'failed', 'gone'] as const).map(view);

test('every transition can be taken', () => {
  const machine = clusterMachine.provide({ actors: inert(['lookAtMachine']) } as never);
  const { missing } = walk(machine, {
    samples: {
      'machine.seen': views.map((seen) => ({ view: seen })),
      'xstate.done.actor.lookAtMachine': views.map((output) => ({ output })),
      'xstate.done.actor.lookAgain': views.map((output) => ({ output })),
    },
  });
  expect(missing).toEqual([]);
});

/** Plays answers of the controller, one for each look; the last one for all that follow. */
async function play(answers: readonly (ClusterMachineView | Error)[], waitsMs: readonly number[]) {
  const clock = new SimulatedClock();
  const left = [...answers];
  const lookAtMachine = fromPromise<ClusterMachineView, void>(async () => {
    const answer = (left.length > 1 ? left.shift() : left[0]) as ClusterMachineView | Error;
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const actor = createActor(clusterMachine.provide({ actors: { lookAtMachine } }), { clock });
  let started = 0;
  actor.on('started', () => {
    started += 1;
  });
  actor.start();
  for (const waitMs of waitsMs) {
    await new Promise(setImmediate);
    clock.increment(waitMs);
  }
  await new Promise(setImmediate);
  const { status, output, value } = actor.getSnapshot();
  actor.stop();
  return { status, output, value, started };
}

const { lookPause, queueTimeout, makeTimeout, silenceTimeout } = clusterMachineLimits;
const looks = (count: number) => Array.from({ length: count }, () => lookPause);

test('a machine is followed from the queue to its end, and its start is told once', async () => {
  const stages = ['queued', 'cloning', 'running', 'running', 'failed'] as const;
  expect(await play(stages.map(view), looks(4))).toMatchObject({
    ...{ status: 'done', started: 1, output: { why: 'failed', worker: 'mac-01' } },
  });
});

test.each([
  ['no worker takes it', [view('queued')], queueTimeout, { why: 'notAssigned', worker: null }],
  ['its worker does not make it', [view('cloning')], makeTimeout, { why: 'notMade', worker: 'mac-01' }],
  ['the controller says nothing', [new Error('away')], silenceTimeout, { why: 'unanswered' }],
])('a deadline: %s', async (_, answers, timeoutMs, output) => {
  expect(await play(answers, [timeoutMs])).toMatchObject({ status: 'done', output, started: 0 });
});

test('a controller that was away for a while has lost nothing', async () => {
  const answers = [view('running'), new Error('away'), new Error('away'), view('running')];
  const { status, value } = await play(answers, looks(3));
  expect(status).toBe('active');
  expect(value).toMatchObject({ followed: { stage: 'running', question: { heard: 'pausing' } } });
});
