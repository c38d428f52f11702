import { describe, expect, test } from 'vitest';
import { signJobLimits } from '../../machines/sign-job/limits.ts';
import { failure } from './samples.ts';
import { admittedWith, artifact, beginJob, type JobScene, stepPorts } from './sign-job-scene.ts';

/** The artifact is being checked while it is sent. */
function beginCheck(): JobScene {
  const scene = beginJob({ sendsAhead: true });
  scene.goTo('checkArtifact');
  return scene;
}

const calls = ({ stage }: JobScene, port: string) => stage.calls.filter((call) => call.port === port);
const stagesOf = (scene: JobScene) =>
  scene.notes().flatMap((note) => (note.kind === 'stage' ? [note.stage] : []));

/** The upload begins anew, and ends well. */
function expectSecondUpload(scene: JobScene): void {
  expect(scene.stage.open('deliverAhead')).toEqual([]);
  scene.answer('deliverArtifact');
  expect(scene.conclusion()).toEqual({ outcome: 'succeeded', artifact });
  scene.cleanUp();
}

test('the upload begins with the check, ends after it, and is the only one', () => {
  const scene = beginCheck();
  expect(scene.stage.the('deliverAhead').input).toMatchObject({ runId: 'run-1', assignmentId: 'run-1' });
  expect(scene.stage.open('releaseDelivery')).toEqual([]);
  expect(stagesOf(scene).at(-1)).toBe('packaging');
  scene.answer('checkArtifact');
  expect(stagesOf(scene).at(-1)).toBe('uploading');
  scene.stage.the('releaseDelivery').answer();
  scene.job.send({ type: 'step.sent' });
  scene.stage.the('deliverAhead').answer();
  expect(scene.conclusion()).toEqual({ outcome: 'succeeded', artifact });
  expect(calls(scene, 'deliverArtifact')).toEqual([]);
  scene.cleanUp();
});

test.each([
  ['is notarized', { staples: ['image'] }],
  ['goes to the store first', { publishes: true }],
] as const)('an artifact that %s is not sent while it is checked', (_, pass) => {
  const scene = beginJob({ sendsAhead: true });
  scene.stage.the('admitJob').answer(admittedWith({ embedsProfile: false, ...pass }));
  scene.job.send({ type: 'slot.granted' });
  scene.machineReady();
  for (const port of stepPorts.slice(1, -2)) if (port !== 'embedProfile') scene.answer(port);
  expect(scene.stage.open('checkArtifact')).toHaveLength(1);
  expect(calls(scene, 'deliverAhead')).toEqual([]);
});

test('nor is one of a job that the hub may have given away', () => {
  const scene = beginJob({ sendsAhead: true });
  scene.goTo('packageArtifact');
  scene.job.send({ type: 'job.linkLost' });
  scene.answer('packageArtifact');
  scene.answer('checkArtifact');
  expect(calls(scene, 'deliverAhead')).toEqual([]);
  expect(scene.job.is('engaged.work.running.awaitingClaim')).toBe(true);
});

describe('the end of the upload never leaves', () => {
  const ends: readonly (readonly [string, (scene: JobScene) => void, string])[] = [
    ['fails', ({ stage }) => stage.the('checkArtifact').fail(failure('BROKEN')), 'BROKEN'],
    ['hangs', ({ clock }) => clock.advance(signJobLimits.checkTimeout), 'STEP_TIMED_OUT'],
    ['is cancelled', ({ job }) => job.send({ type: 'job.cancelRequested', why: 'user' }), 'CANCELLED'],
    [
      'loses its process',
      ({ stage }) => stage.the('watchRun').say({ type: 'process.ended', failure: failure('LOST') }),
      'LOST',
    ],
  ];
  test.each(ends)('when the check %s', (_, end, code) => {
    const scene = beginCheck();
    const upload = scene.stage.the('deliverAhead');
    end(scene);
    expect(upload.isOpen).toBe(false);
    expect(calls(scene, 'releaseDelivery')).toEqual([]);
    expect(scene.conclusion()).toMatchObject({ failure: { code } });
    scene.cleanUp();
  });

  test('when the worker ends before the check does: the job goes back to the hub', () => {
    const scene = beginCheck();
    scene.job.send({ type: 'job.cancelRequested', why: 'shutdown' });
    expect(scene.conclusion()).toMatchObject({ outcome: 'returned' });
    expect(calls(scene, 'releaseDelivery')).toEqual([]);
    scene.cleanUp();
  });

  test('when the job was taken away during the check; it is sent under the new assignment', () => {
    const scene = beginCheck();
    scene.job.send({ type: 'job.linkLost' });
    scene.job.send({ type: 'job.adopted', assignmentId: 'again' });
    scene.answer('checkArtifact');
    expect(calls(scene, 'releaseDelivery')).toEqual([]);
    expect(scene.stage.the('deliverArtifact').input).toMatchObject({ assignmentId: 'again' });
    expectSecondUpload(scene);
  });

  test('while it is not known whose the job is', () => {
    const scene = beginCheck();
    scene.job.send({ type: 'job.linkLost' });
    scene.answer('checkArtifact');
    expect(scene.stage.open('deliverAhead')).toEqual([]);
    expect(calls(scene, 'releaseDelivery')).toEqual([]);
    expect(scene.job.is('engaged.work.running.awaitingClaim')).toBe(true);
  });
});

test('after the check the hub may have it: the end of the worker does not give the job back', () => {
  const scene = beginCheck();
  scene.answer('checkArtifact');
  scene.job.send({ type: 'job.cancelRequested', why: 'shutdown' });
  expect(scene.conclusion()).toMatchObject({ outcome: 'failed', failure: { code: 'WORKER_STOPPING' } });
  scene.cleanUp();
});

describe('an upload that does not end well is made anew after the check', () => {
  test('when it breaks off during the check', () => {
    const scene = beginCheck();
    scene.breakOff();
    expect(scene.stage.open('deliverArtifact')).toEqual([]);
    scene.answer('checkArtifact');
    expectSecondUpload(scene);
  });

  test('when somebody calls it done before its end has left', () => {
    const scene = beginCheck();
    scene.stage.the('deliverAhead').answer();
    scene.answer('checkArtifact');
    expectSecondUpload(scene);
  });

  // the stage begins twice then
  const breaks: readonly (readonly [string, (scene: JobScene) => void])[] = [
    ['it breaks off after the check', (scene) => scene.breakOff()],
    ['its end cannot be let go', ({ stage }) => stage.the('releaseDelivery').fail(failure('BROKEN'))],
  ];
  test.each(breaks)('when %s, which its sender is told', (_, end) => {
    const scene = beginCheck();
    scene.answer('checkArtifact');
    end(scene);
    const logged = scene.notes().filter(({ kind }) => kind === 'log');
    expect(logged).toMatchObject([
      { stage: 'uploading', line: expect.stringMatching(/ It is tried again\.$/) },
    ]);
    expectSecondUpload(scene);
  });

  test('when it stands still, which its sender is told', () => {
    const scene = beginCheck();
    scene.answer('checkArtifact');
    scene.clock.advance(signJobLimits.stallTimeout - 1);
    scene.job.send({ type: 'step.moved' });
    scene.clock.advance(signJobLimits.stallTimeout);
    const logged = scene.notes().filter(({ kind }) => kind === 'log');
    expect(logged).toMatchObject([{ line: expect.stringMatching(/stood still.*tried again/) }]);
    expectSecondUpload(scene);
  });
});

test('a machine that is lost meanwhile is no matter', () => {
  const scene = beginCheck();
  scene.stage.the('vmLifecycle').say({ type: 'vm.lost', failure: failure('VM_EXITED') });
  scene.answer('checkArtifact');
  scene.stage.the('deliverAhead').answer();
  expect(scene.conclusion()).toMatchObject({ outcome: 'succeeded' });
});
