import { describe, expect, test } from 'vitest';
import { signJobLimits } from '../../machines/sign-job/limits.ts';
import { failure } from './samples.ts';
import {
  admitted,
  admittedWith,
  artifact,
  beginJob,
  type JobScene,
  type StepPort,
  stepPorts,
  VM,
} from './sign-job-scene.ts';

const codeOf = ({ conclusion }: JobScene) => {
  const said = conclusion();
  return said.outcome === 'succeeded' ? 'succeeded' : said.failure.code;
};

test('a run that goes well says its stages in order, delivers, and only then lets its machine go', () => {
  const scene = beginJob();
  expect(scene.owner.types()).toEqual([]);
  for (const port of stepPorts) {
    scene.answer(port);
    if (port === 'inspectBundle') scene.machineReady();
  }
  expect(scene.owner.events[0]).toEqual({ type: 'job.awaitingSlot', runId: 'run-1' });
  expect(scene.notes().map((note) => `${note.kind} ${'stage' in note ? note.stage : ''}`)).toEqual(
    ['extracting', 'generating_assets', 'signing', 'packaging', 'uploading'].flatMap((stage) => [
      `stage ${stage}`,
      `progress ${stage}`,
    ]),
  );
  expect(scene.owner.events.at(-1)).toEqual({
    ...{ type: 'job.concluded', runId: 'run-1', jobId: 'job-1', assignmentId: 'run-1' },
    conclusion: { outcome: 'succeeded', artifact },
  });
  expect(scene.cleanUp()).toEqual({ runId: 'run-1', assignmentIds: ['run-1'], awaitsReceipt: 'run-1' });
  expect(scene.job.output).toMatchObject({
    ...{ runId: 'run-1', jobId: 'job-1', outcome: 'succeeded', failure: null, leakedVm: null },
  });
});

test('the machine is asked for with the slot, not before, and gets its name and image', () => {
  const scene = beginJob();
  scene.stage.the('admitJob').answer(admitted);
  expect(scene.stage.open('vmLifecycle')).toEqual([]);
  scene.job.send({ type: 'slot.granted' });
  expect(scene.stage.the('vmLifecycle').input).toMatchObject(VM);
  expect(scene.stage.the('downloadBundle').input).toMatchObject({ runId: 'run-1', assignmentId: 'run-1' });
});

test('a bundle that is ready waits for its machine', () => {
  const scene = beginJob();
  for (const port of stepPorts.slice(0, 6)) scene.answer(port);
  expect(scene.job.is('engaged.work.running.awaitingMachine')).toBe(true);
  scene.machineReady();
  scene.answer('embedProfile');
  expect(scene.stage.the('transferBundle').input).toMatchObject({ vmName: VM.name });
});

test('a job without a provisioning profile embeds none', () => {
  const scene = beginJob();
  scene.stage.the('admitJob').answer(admittedWith({ embedsProfile: false }));
  scene.job.send({ type: 'slot.granted' });
  scene.machineReady();
  for (const port of stepPorts.slice(1, 6)) scene.answer(port);
  expect(scene.stage.open('embedProfile')).toEqual([]);
  expect(scene.stage.open('transferBundle')).toHaveLength(1);
});

describe('a step', () => {
  test.each(stepPorts)('(%s) that fails ends the run with its failure, said once', (port) => {
    const scene = beginJob();
    scene.goTo(port).stage.the(port).fail(failure('BROKEN'));
    expect(codeOf(scene)).toBe('BROKEN');
    scene.cleanUp();
    expect(scene.job.output).toMatchObject({ outcome: 'failed', failure: { code: 'BROKEN' } });
    expect(codeOf(scene)).toBe('BROKEN');
  });

  const limits: readonly (readonly [StepPort, number])[] = [
    ['admitJob', signJobLimits.admitTimeout],
    ['downloadBundle', signJobLimits.downloadTimeout],
    ['inspectBundle', signJobLimits.inspectTimeout],
    ['checkCredentials', signJobLimits.credentialsTimeout],
    ['drawIcons', signJobLimits.iconsTimeout],
    ['mergeInfoPlist', signJobLimits.mergeTimeout],
    ['embedProfile', signJobLimits.embedTimeout],
    ['transferBundle', signJobLimits.transferTimeout],
    ['codesign', signJobLimits.codesignTimeout],
    ['takeSignatures', signJobLimits.takeSignaturesTimeout],
    ['verifySignature', signJobLimits.verifyTimeout],
    ['packageArtifact', signJobLimits.packageTimeout],
    ['checkArtifact', signJobLimits.checkTimeout],
  ];
  test.each(limits)('(%s) that hangs is given up after %d ms', (port, limitMs) => {
    const scene = beginJob();
    const call = scene.goTo(port).stage.the(port);
    scene.clock.advance(limitMs - 1);
    expect([call.isOpen, scene.conclusions()]).toEqual([true, []]);
    scene.clock.advance(1);
    expect([call.isOpen, codeOf(scene)]).toEqual([false, 'STEP_TIMED_OUT']);
    scene.cleanUp();
    call.answer();
    expect(scene.job.output.outcome).toBe('failed');
  });

  test.each(stepPorts)('(%s) is aborted by a cancellation', (port) => {
    const scene = beginJob();
    const call = scene.goTo(port).stage.the(port);
    scene.job.send({ type: 'job.cancelRequested', why: 'user' });
    expect(call.isOpen).toBe(false);
    expect(scene.conclusion()).toMatchObject({ outcome: 'cancelled', failure: { code: 'CANCELLED' } });
    scene.job.send({ type: 'job.cancelRequested', why: 'user' });
    scene.cleanUp();
    expect(scene.job.output.outcome).toBe('cancelled');
    scene.conclusion();
  });

  test.each(stepPorts)(
    '(%s) that the end of the worker stops gives the job back, unless the hub may have its artifact',
    (port) => {
      const scene = beginJob();
      scene.goTo(port).job.send({ type: 'job.cancelRequested', why: 'shutdown' });
      const outcome = port === 'deliverArtifact' ? 'failed' : 'returned';
      expect(scene.conclusion()).toMatchObject({
        ...{ outcome, failure: { code: 'WORKER_STOPPING', retryable: true } },
      });
      scene.cleanUp();
    },
  );

  test('for a slot that the end of the worker stops gives the job back', () => {
    const scene = beginJob();
    scene.stage.the('admitJob').answer(admitted);
    scene.job.send({ type: 'job.cancelRequested', why: 'shutdown' });
    expect(scene.conclusion().outcome).toBe('returned');
    scene.cleanUp();
  });

  test('that throws something unknown tells nothing of it', () => {
    const scene = beginJob();
    scene.goTo('codesign').stage.the('codesign').fail(new Error('key /home/me/secret.p12'));
    expect(codeOf(scene)).toBe('INTERNAL_ERROR');
    expect(JSON.stringify(scene.owner.events)).not.toContain('secret');
  });
});

describe('waiting', () => {
  test('for a slot ends after two hours, or with a cancellation; no machine was ever made', () => {
    for (const end of ['deadline', 'cancel']) {
      const scene = beginJob();
      scene.stage.the('admitJob').answer(admitted);
      if (end === 'cancel') scene.job.send({ type: 'job.cancelRequested', why: 'user' });
      else scene.clock.advance(signJobLimits.queueTimeout);
      expect(codeOf(scene)).toBe(end === 'cancel' ? 'CANCELLED' : 'QUEUE_TIMED_OUT');
      scene.cleanUp();
      expect(scene.stage.calls.some(({ port }) => port === 'vmLifecycle')).toBe(false);
    }
  });

  test('for the machine ends after its deadline', () => {
    const scene = beginJob();
    for (const port of stepPorts.slice(0, 6)) scene.answer(port);
    scene.clock.advance(signJobLimits.machineTimeout);
    expect(codeOf(scene)).toBe('STEP_TIMED_OUT');
    scene.cleanUp();
  });

  test('for the machine until the deadline of the job ends with what it waited for', () => {
    const scene = beginJob({ limits: { jobTimeout: 600_000 } });
    for (const port of stepPorts.slice(0, 6)) scene.answer(port);
    scene.clock.advance(600_000);
    expect(codeOf(scene)).toBe('QUEUE_TIMED_OUT');
    expect(JSON.stringify(scene.conclusion())).toMatch(/too long for a free machine/);
    scene.cleanUp();
  });

  test('as a whole is bounded: a run whose steps are all slow ends after the deadline for one job', () => {
    const scene = beginJob();
    const slowly: readonly (readonly [StepPort, number])[] = [
      ['admitJob', 0],
      ['downloadBundle', signJobLimits.downloadTimeout - 1],
      ['inspectBundle', 0],
      ['checkCredentials', 0],
      ['drawIcons', signJobLimits.iconsTimeout - 1],
      ['mergeInfoPlist', 0],
      ['embedProfile', 0],
      ['transferBundle', signJobLimits.transferTimeout - 1],
      ['codesign', signJobLimits.codesignTimeout - 1],
      ['takeSignatures', signJobLimits.takeSignaturesTimeout - 1],
      ['verifySignature', signJobLimits.verifyTimeout - 1],
    ];
    for (const [port, ms] of slowly) {
      scene.clock.advance(ms);
      scene.answer(port);
      if (port === 'admitJob') scene.machineReady();
    }
    const begunMs = scene.clock.nowMs;
    const call = scene.stage.the('packageArtifact');
    scene.clock.advance(signJobLimits.jobTimeout - begunMs - 1);
    expect(call.isOpen).toBe(true);
    scene.clock.advance(1);
    expect([call.isOpen, codeOf(scene)]).toEqual([false, 'JOB_TIMED_OUT']);
    scene.cleanUp();
  });
});

describe('the machine', () => {
  test.each(stepPorts.slice(1, -2))('lost during %s ends the run', (port) => {
    const scene = beginJob();
    const call = scene.goTo(port).stage.the(port);
    scene.stage.the('vmLifecycle').say({ type: 'vm.lost', failure: failure('VM_EXITED') });
    expect([call.isOpen, codeOf(scene)]).toEqual([false, 'VM_EXITED']);
    scene.cleanUp();
  });

  test('lost when the artifact is finished and on its way is no matter', () => {
    const scene = beginJob();
    scene
      .goTo('deliverArtifact')
      .stage.the('vmLifecycle')
      .say({ type: 'vm.lost', failure: failure('VM_EXITED') });
    scene.answer('deliverArtifact');
    expect(scene.conclusion()).toEqual({ outcome: 'succeeded', artifact });
    scene.cleanUp();
  });

  test('whose statechart breaks counts as lost and as leaked', () => {
    const scene = beginJob();
    scene.goTo('codesign').stage.the('vmLifecycle').fail(new Error('broken'));
    expect(codeOf(scene)).toBe('INTERNAL_ERROR');
    scene.cleanUp();
    expect(scene.job.output).toMatchObject({ outcome: 'failed', leakedVm: VM.name });
  });

  test('that could not be deleted is named in the output, and the run ends as it would', () => {
    const scene = beginJob();
    scene.goTo('deliverArtifact').answer('deliverArtifact');
    scene.machineGone('leaked');
    scene.stage.the('purgeRun').answer();
    scene.expectOver();
    expect(scene.job.output).toMatchObject({ outcome: 'succeeded', leakedVm: VM.name });
  });

  test('is waited for, and the files are removed after it', () => {
    const scene = beginJob();
    scene.goTo('deliverArtifact').answer('deliverArtifact');
    expect(scene.stage.open().map(({ port }) => port)).toEqual(['vmLifecycle']);
    scene.cleanUp();
  });
});

describe('the files of the run', () => {
  test.each(['fails', 'hangs'])('whose removal %s do not keep the run from ending', (how) => {
    const scene = beginJob();
    scene.stage.the('admitJob').fail(failure('BROKEN'));
    if (how === 'fails') scene.stage.the('purgeRun').fail(failure('DISK_FULL'));
    else scene.clock.advance(signJobLimits.purgeTimeout);
    scene.expectOver();
    expect(scene.job.output).toMatchObject({ outcome: 'failed', failure: { code: 'BROKEN' } });
  });
});

describe('notes', () => {
  const percents = (scene: JobScene) =>
    scene.notes().flatMap((note) => (note.kind === 'progress' ? [note.percent] : []));

  test('of progress only grow within a stage, and only a finished stage says 100', () => {
    const scene = beginJob();
    scene.goTo('codesign');
    const before = percents(scene).length;
    for (const percent of [5, 4, 5, 30, 100, 250, Number.NaN, 60])
      scene.job.send({ type: 'step.progressed', percent });
    expect(percents(scene).slice(before)).toEqual([5, 30, 60]);
    scene.answer('codesign');
    scene.answer('takeSignatures');
    scene.answer('verifySignature');
    expect(percents(scene).slice(before)).toEqual([5, 30, 60, 100]);
  });

  test('of a step go under the stage in which they were said', () => {
    const scene = beginJob();
    scene.goTo('codesign').job.send({ type: 'step.logged', line: 'signing Tide Clock' });
    expect(scene.notes().at(-1)).toEqual({ kind: 'log', stage: 'signing', line: 'signing Tide Clock' });
  });

  test('repeat the stage every 30 seconds, for those who joined late', () => {
    const scene = beginJob();
    scene.goTo('codesign');
    const before = scene.notes().length;
    scene.clock.advance(signJobLimits.pulseInterval * 3);
    expect(scene.notes().slice(before)).toEqual(
      Array(3).fill({ kind: 'stage', stage: 'signing', message: 'Signing precompiled bundle' }),
    );
  });

  test('end with the conclusion, however long the machine takes to go', () => {
    const scene = beginJob();
    scene.goTo('codesign').stage.the('codesign').fail(failure('BROKEN'));
    const said = scene.owner.events.length;
    scene.clock.advance(signJobLimits.pulseInterval * 4);
    scene.job.send({ type: 'step.logged', line: 'late' });
    scene.job.send({ type: 'step.progressed', percent: 99 });
    scene.stage.the('vmLifecycle').say({ type: 'vm.lost', failure: failure('VM_EXITED') });
    expect(scene.owner.events.slice(said)).toEqual([]);
    scene.cleanUp();
  });

  test('are not made before there is a stage', () => {
    const scene = beginJob();
    scene.stage.the('admitJob').answer(admitted);
    scene.clock.advance(signJobLimits.pulseInterval * 2);
    expect(scene.owner.types()).toEqual(['job.awaitingSlot']);
  });
});
