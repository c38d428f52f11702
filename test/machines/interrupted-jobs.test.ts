import { describe, expect, test } from 'vitest';
import { interruptedJobsLimits } from '../../machines/interrupted-jobs/limits.ts';
import { interruptedJobsMachine } from '../../machines/interrupted-jobs/machine.ts';
import type { InterruptedJobsReport } from '../../machines/interrupted-jobs/setup.ts';
import { inert, owner } from './inert.ts';
import { failure } from './samples.ts';
import { recorder, Stage } from './stage.ts';
import { walk } from './walk.ts';

const { handOutTime, answerTimeout, answerPause, standingPause, silenceTime } = interruptedJobsLimits;

function begin(...jobIds: string[]) {
  const stage = new Stage();
  const owner = recorder<InterruptedJobsReport>();
  const jobs = stage.start(stage.fill(interruptedJobsMachine), { jobIds, owner: owner.ref });
  return {
    stage,
    jobs,
    owner,
    clock: stage.clock,
    asked: () => stage.calls.map(({ input }) => input.jobIds),
  };
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
  const { jobs, stage, owner, clock, asked } = begin('a', 'b', 'c');
  jobs.send({ type: 'hub.linkUp' });
  jobs.send(assigned('b'));
  jobs.send(assigned('another'));
  clock.advance(handOutTime - 1);
  expect(asked()).toEqual([]);
  clock.advance(1);
  expect(asked()).toEqual([['a', 'c']]);
  expect(owner.types()).toEqual([]);
  stage.the('answerJobs').answer();
  expect([jobs.state, owner.types()]).toEqual(['settled', ['interrupted.answered']]);
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

describe('a job that the hub took back, unless it had assigned one more', () => {
  const alone = { queueLength: 0, workers: 1 };
  function watch(jobIds: readonly string[] = [], unsureIds: readonly string[] = ['u']) {
    const stage = new Stage();
    const owner = recorder<InterruptedJobsReport>();
    const jobs = stage.start(stage.fill(interruptedJobsMachine), { jobIds, unsureIds, owner: owner.ref });
    jobs.send({ type: 'hub.linkUp' });
    stage.clock.advance(handOutTime);
    return { stage, jobs, owner, clock: stage.clock };
  }

  test('is told to have failed when no job waits and nobody else could have it', () => {
    const { jobs, stage } = watch();
    jobs.send({ type: 'watch.begun' });
    stage.the('askHubStanding').answer(alone);
    expect(stage.the('answerJobs').input).toEqual({ jobIds: ['u'] });
    stage.the('answerJobs').answer();
    expect(jobs.state).toBe('settled');
  });

  test.each(['watch.over', 'watch.heard'] as const)(
    'is left alone when it has a result or a worker: %s',
    (type) => {
      const { jobs, stage } = watch();
      jobs.send({ type: 'watch.begun' });
      jobs.send({ type });
      expect(jobs.state).toBe('settled');
      expect(stage.calls.map(({ port }) => port)).not.toContain('answerJobs');
    },
  );

  test('is waited for as long as jobs wait or another worker may have it, and answered after long silence', () => {
    const { jobs, stage, owner, clock } = watch();
    jobs.send({ type: 'watch.begun' });
    expect(owner.types()).toEqual([]);
    stage.the('askHubStanding').answer({ queueLength: 0, workers: 2 });
    // whoever wants to end need not wait for what only time can show
    expect(owner.types()).toEqual(['interrupted.answered']);
    clock.advance(silenceTime);
    stage.the('askHubStanding').answer({ queueLength: 3, workers: 2 });
    clock.advance(silenceTime);
    stage.the('askHubStanding').answer({ queueLength: 0, workers: 2 });
    expect(stage.the('answerJobs').input).toEqual({ jobIds: ['u'] });
  });

  test('is answered as soon as the hub no longer counts the dead link as a worker', () => {
    const { jobs, stage, clock } = watch();
    jobs.send({ type: 'watch.begun' });
    stage.the('askHubStanding').answer({ queueLength: 0, workers: 2 });
    clock.advance(standingPause);
    stage.the('askHubStanding').fail(failure('HUB_UNREACHABLE', true));
    clock.advance(standingPause);
    stage.the('askHubStanding').answer(alone);
    expect(stage.the('answerJobs').input).toEqual({ jobIds: ['u'] });
  });

  test('is answered after the same silence, however often the hub was asked meanwhile', () => {
    const { jobs, stage, clock } = watch();
    jobs.send({ type: 'watch.begun' });
    stage.the('askHubStanding').answer({ queueLength: 0, workers: 2 });
    clock.advance(silenceTime);
    expect(jobs.is('watching.askingAgain')).toBe(true);
    stage.the('askHubStanding').answer({ queueLength: 0, workers: 2 });
    expect(stage.the('answerJobs').input).toEqual({ jobIds: ['u'] });
  });

  test('is struck out when the hub hands it out again', () => {
    const { jobs, stage } = watch();
    jobs.send(assigned('u'));
    expect(jobs.state).toBe('settled');
    expect(stage.calls.map(({ port }) => port)).not.toContain('answerJobs');
  });

  test('comes after those of which it is sure that nobody has them', () => {
    const { jobs, stage } = watch(['a']);
    expect(stage.the('answerJobs').input).toEqual({ jobIds: ['a'] });
    stage.the('answerJobs').answer();
    jobs.send({ type: 'watch.over' });
    expect(jobs.state).toBe('settled');
  });

  test('is watched anew when the link on which it was watched ends', () => {
    const { jobs, clock } = watch();
    jobs.send({ type: 'watch.lost' });
    expect(jobs.state).toBe('pausingWatch');
    clock.advance(answerPause);
    expect(jobs.is('watching.beginning')).toBe(true);
  });
});

test('every transition is walked', () => {
  const standings = [{ output: { queueLength: 0, workers: 1 } }, { output: { queueLength: 1, workers: 2 } }];
  const machine = interruptedJobsMachine.provide({
    actors: inert(['answerJobs', 'watchJob', 'askHubStanding']),
  });
  const { missing } = walk(machine, {
    input: { jobIds: ['j'], unsureIds: ['u'], owner },
    samples: {
      'hub.jobAssigned': [
        { jobId: 'j', assignmentId: 'a' },
        { jobId: 'u', assignmentId: 'b' },
      ],
      'xstate.done.actor.askHubStanding': standings,
      'xstate.done.actor.lookAtHubStanding': standings,
      'xstate.done.actor.askHubStandingAgain': standings,
    },
  });
  expect(missing).toEqual([]);
});
