import { expect, test } from 'vitest';
import { interruptedJobsLimits } from '../../machines/interrupted-jobs/limits.ts';
import { interruptedJobsMachine } from '../../machines/interrupted-jobs/machine.ts';
import { inert } from './inert.ts';
import { failure } from './samples.ts';
import { Stage } from './stage.ts';
import { walk } from './walk.ts';

const { handOutTime, answerTimeout, answerPause } = interruptedJobsLimits;

function begin(...jobIds: string[]) {
  const stage = new Stage();
  const jobs = stage.start(stage.fill(interruptedJobsMachine), { jobIds });
  return { stage, jobs, clock: stage.clock, asked: () => stage.calls.map(({ input }) => input.jobIds) };
}

const assigned = (jobId: string) => ({ type: 'hub.jobAssigned', jobId, assignmentId: 'x' });
const linkLost = { type: 'hub.linkLost', reason: 'x', requeuedJobId: null };

test('without interrupted jobs nothing is ever said', () => {
  const { jobs, stage, clock } = begin();
  jobs.send({ type: 'hub.linkUp' });
  expect(jobs.state).toBe('settled');
  expect(stage.calls).toEqual([]);
  expect(clock.pending).toBe(0);
});

test('the hub has its time to hand jobs out before those that are left are answered', () => {
  const { jobs, stage, clock, asked } = begin('a', 'b', 'c');
  jobs.send({ type: 'hub.linkUp' });
  jobs.send(assigned('b'));
  jobs.send(assigned('another'));
  clock.advance(handOutTime - 1);
  expect(asked()).toEqual([]);
  clock.advance(1);
  expect(asked()).toEqual([['a', 'c']]);
  stage.the('answerJobs').answer();
  expect(jobs.state).toBe('settled');
});

test('when the hub hands all of them out there is nothing to answer', () => {
  const { jobs, clock } = begin('a');
  jobs.send({ type: 'hub.linkUp' });
  jobs.send(assigned('a'));
  expect(jobs.state).toBe('settled');
  expect(clock.pending).toBe(0);
});

test('a link that breaks in the meantime begins the wait anew', () => {
  const { jobs, clock, asked } = begin('a');
  jobs.send({ type: 'hub.linkUp' });
  clock.advance(handOutTime - 1);
  jobs.send(linkLost);
  clock.advance(10 * handOutTime);
  jobs.send({ type: 'hub.linkUp' });
  clock.advance(handOutTime - 1);
  expect(asked()).toEqual([]);
  clock.advance(1);
  expect(asked()).toEqual([['a']]);
});

test('what the hub did not hear is said again, without a job that it handed out since', () => {
  const { jobs, stage, clock, asked } = begin('a', 'b');
  jobs.send({ type: 'hub.linkUp' });
  clock.advance(handOutTime);
  stage.the('answerJobs').fail(failure('HUB_UNREACHABLE', true));
  jobs.send(assigned('a'));
  clock.advance(answerPause);
  expect(asked()).toEqual([['a', 'b'], ['b']]);
  clock.advance(answerTimeout + answerPause);
  expect(asked()).toEqual([['a', 'b'], ['b'], ['b']]);
});

test('every transition is walked', () => {
  const machine = interruptedJobsMachine.provide({ actors: inert(['answerJobs']) });
  const { missing } = walk(machine, {
    input: { jobIds: ['j'] },
    samples: { 'hub.jobAssigned': [{ jobId: 'j', assignmentId: 'a' }] },
  });
  expect(missing).toEqual([]);
});
