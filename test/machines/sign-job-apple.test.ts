import { describe, expect, test } from 'vitest';
import type { VmClone } from '../../machines/contracts/vm.ts';
import { signJobLimits, wholeJob } from '../../machines/sign-job/limits.ts';
import { failure } from './samples.ts';
import {
  admittedWith,
  answers,
  artifact,
  beginJob,
  type JobScene,
  type StepPort,
  stepPorts,
  VM,
} from './sign-job-scene.ts';

const stapled = { ...artifact, sizeBytes: 9, sha256Hex: 'cd' };
const accepted = { outcome: 'succeeded', submissionId: 's-1', artifact: stapled, failure: null };
const published = {
  outcome: 'published',
  processed: true,
  uploadId: 'u-1',
  remarks: ['a warning'],
  failure: null,
};

type Wishes = { notarization?: true; twice?: true; store?: true };

const staplesFor = ({ notarization, twice }: Wishes) =>
  twice ? (['app', 'image'] as const) : notarization ? (['image'] as const) : [];

/** Up to the first thing that goes to Apple. */
function signed(wishes: Wishes, standby?: VmClone): JobScene {
  const scene = beginJob();
  scene.stage.the('admitJob').answer(
    admittedWith({
      staples: staplesFor(wishes),
      publishes: wishes.store === true,
    }),
  );
  scene.job.send({ type: 'slot.granted', ...(standby && { vm: standby }) });
  scene.machineReady();
  const before: readonly StepPort[] = stepPorts.slice(1, stepPorts.indexOf('deliverArtifact'));
  for (const port of before.slice(0, -1)) scene.answer(port);
  return scene;
}

const begun = (wishes: Wishes): JobScene => {
  const scene = signed(wishes);
  scene.answer('checkArtifact');
  return scene;
};
const stages = (scene: JobScene) =>
  scene.notes().flatMap((note) => (note.kind === 'stage' ? [note.stage] : []));

test('what a previous process had signed goes on to Apple as it is: no machine is waited for, nothing is signed', () => {
  const scene = beginJob();
  const { stage } = scene;
  stage.the('admitJob').answer(admittedWith({ staples: ['image'] }));
  scene.job.send({ type: 'slot.granted' });
  scene.answer('downloadBundle');
  scene.answer('inspectBundle');
  stage.the('checkCredentials').answer();
  stage.the('recallArtifact').answer({ artifact, acceptedAs: [] });
  scene.answer('checkArtifact');
  stage.the('notarization').answer(accepted);
  expect(stage.calls.filter(({ port }) => port === 'keepArtifact')).toEqual([]);
  scene.answer('checkArtifact');
  scene.answer('deliverArtifact');
  expect(scene.conclusion()).toEqual({ outcome: 'succeeded', artifact: stapled });
  expect(stages(scene)).toEqual(['extracting', 'notarizing', 'uploading']);
});

test.each([
  ['recallArtifact', 'drawIcons'],
  ['keepArtifact', 'notarization'],
] as const)('a journal that fails at %s costs a submission, not the job', (port, next) => {
  for (const end of ['error', 'silence']) {
    const scene = beginJob();
    const { stage } = scene;
    stage.the('admitJob').answer(admittedWith({ staples: ['image'] }));
    scene.job.send({ type: 'slot.granted' });
    scene.machineReady();
    for (const step of stepPorts.slice(1)) {
      stage.the(step).answer(answers[step]);
      if (stage.open(port).length > 0) break;
      for (const call of stage.open('recallArtifact')) call.answer(null);
      scene.enter();
    }
    if (end === 'error') stage.the(port).fail(failure('NOTARY_JOURNAL_FAILED'));
    else scene.clock.advance(signJobLimits.recallTimeout);
    expect(stage.open(next)).toHaveLength(1);
  }
});

test('a job that is cancelled while Apple judges says which submission goes on', () => {
  const scene = begun({ notarization: true });
  scene.stage.the('notarization').say({ type: 'submission.received', submissionId: 's-9' });
  scene.job.send({ type: 'job.cancelRequested', why: 'user' });
  expect(scene.conclusion()).toMatchObject({
    outcome: 'cancelled',
    failure: {
      summary: 'cancelled',
      terminal: { reason: expect.stringContaining('Apple goes on judging submission s-9') },
    },
  });
  scene.cleanUp();
});

test('what Apple has stapled is read back again, and delivered as it is now', () => {
  const scene = begun({ notarization: true });
  const notarization = scene.stage.the('notarization');
  expect(notarization.input).toMatchObject({ runId: 'run-1', artifact, staples: ['image'] });
  notarization.say({ type: 'step.logged', line: 'submission opened' });
  notarization.say({ type: 'step.progressed', percent: 30 });
  expect(scene.notes().slice(-2)).toEqual([
    { kind: 'log', stage: 'notarizing', line: 'submission opened' },
    { kind: 'progress', stage: 'notarizing', percent: 30 },
  ]);
  notarization.answer(accepted);
  scene.answer('checkArtifact');
  scene.answer('deliverArtifact');
  expect(scene.conclusion()).toEqual({ outcome: 'succeeded', artifact: stapled });
  expect(stages(scene).slice(-3)).toEqual(['packaging', 'notarizing', 'uploading']);
  scene.cleanUp();
});

test('a build that Apple took is called published before it is delivered', () => {
  const scene = begun({ store: true });
  scene.stage.the('findEarlierUpload').answer('u-0');
  expect(scene.stage.the('storeUpload').input).toEqual({
    runId: 'run-1',
    artifact,
    uploadId: 'u-0',
    namesGroups: false,
  });
  scene.stage.the('storeUpload').answer(published);
  expect(scene.notes().slice(-4, -1)).toEqual([
    { kind: 'log', stage: 'publishing', line: 'a warning' },
    { kind: 'progress', stage: 'publishing', percent: 100 },
    { kind: 'published', platform: 'macos', message: 'Tide Clock was uploaded to App Store Connect' },
  ]);
  scene.answer('deliverArtifact');
  expect(scene.conclusion()).toMatchObject({ outcome: 'succeeded' });
  scene.cleanUp();
});

const afterUpload = { hasNotes: false, hasGroups: true };
const distributed = { outcome: 'ready', buildId: 'b-1', remarks: ['a remark'], failure: null };

/** Up to what follows the upload, with the artifact delivered. */
function distributing(): JobScene {
  const scene = beginJob();
  scene.stage.the('admitJob').answer({ ...admittedWith({ publishes: true }), afterUpload });
  scene.job.send({ type: 'slot.granted' });
  scene.machineReady();
  for (const port of stepPorts.slice(1, stepPorts.indexOf('deliverArtifact'))) scene.answer(port);
  scene.stage.the('findEarlierUpload').answer(null);
  expect(scene.stage.the('storeUpload').input).toMatchObject({ namesGroups: true });
  scene.stage.the('storeUpload').answer(published);
  scene.answer('deliverArtifact');
  return scene;
}

test('what testers need comes after the delivery, and the job ends with it', () => {
  const scene = distributing();
  expect(scene.stage.the('testflight').input).toEqual({ runId: 'run-1', artifact, wishes: afterUpload });
  expect(scene.conclusions()).toEqual([]);
  scene.stage.the('testflight').answer(distributed);
  expect(scene.conclusion()).toMatchObject({ outcome: 'succeeded' });
  expect(stages(scene).slice(-3)).toEqual(['publishing', 'uploading', 'publishing']);
  expect(scene.notes()).toContainEqual({ kind: 'log', stage: 'publishing', line: 'a remark' });
  scene.cleanUp();
});

test('what goes wrong after the upload fails the job, and says that the build is in the store', () => {
  const own = distributing();
  const refused = { ...failure('STORE_FOLLOW_UP_FAILED'), reason: 'Apple says so.' };
  own.stage.the('testflight').answer({ ...distributed, outcome: 'failed', failure: refused });
  expect(own.conclusion()).toMatchObject({
    outcome: 'failed',
    failure: { code: refused.code, reason: 'Apple says so. "Tide Clock.dmg" was delivered all the same.' },
  });
  const lost = distributing();
  lost.job.send({ type: 'process.ended', failure: failure('RUN_PROCESS_LOST', true) });
  expect(lost.conclusion()).toMatchObject({
    outcome: 'failed',
    failure: { reason: expect.stringContaining('The build is in App Store Connect all the same.') },
  });
});

test('a job that wants both is notarized first', () => {
  const scene = begun({ notarization: true, store: true });
  scene.stage.the('notarization').answer(accepted);
  scene.answer('checkArtifact');
  expect(scene.stage.open('storeUpload')).toEqual([]);
  scene.stage.the('findEarlierUpload').answer(null);
  scene.stage.the('storeUpload').answer(published);
  scene.answer('deliverArtifact');
  expect(stages(scene).slice(-3)).toEqual(['notarizing', 'publishing', 'uploading']);
});

const kinds = [
  ['notarization', { notarization: true }],
  ['findEarlierUpload', { store: true }],
] as const;

describe.each(kinds)('%s', (port, wishes) => {
  test('is not begun for a job that the hub may have given away', () => {
    const scene = signed(wishes);
    scene.job.send({ type: 'job.linkLost' });
    scene.answer('checkArtifact');
    expect(scene.stage.open(port)).toEqual([]);
    scene.job.send({ type: 'job.linkRestored' });
    scene.stage.the('probeClaim').answer('open');
    for (const call of scene.stage.open('keepArtifact')) call.answer();
    expect(scene.stage.open(port)).toHaveLength(1);
  });

  test('is dropped with the job when the hub gave it to somebody else', () => {
    const scene = begun(wishes);
    const call = scene.stage.the(port);
    scene.job.send({ type: 'job.linkLost' });
    scene.job.send({ type: 'job.linkRestored' });
    scene.stage.the('probeClaim').answer('closed');
    expect(call.isOpen).toBe(true);
    scene.clock.advance(signJobLimits.reassignmentTimeout);
    expect([call.isOpen, scene.conclusions()]).toEqual([false, []]);
    scene.cleanUp();
  });

  test('is aborted by a cancellation', () => {
    const scene = begun(wishes);
    const call = scene.stage.the(port);
    scene.job.send({ type: 'job.cancelRequested', why: 'user' });
    expect(call.isOpen).toBe(false);
    expect(scene.conclusion()).toMatchObject({ outcome: 'cancelled' });
    scene.cleanUp();
  });

  test('needs no machine: one that is lost is no matter', () => {
    const scene = begun(wishes);
    scene.stage.the('vmLifecycle').say({ type: 'vm.lost', name: 'v', failure: failure('VM_EXITED') });
    expect([scene.stage.open(port).length, scene.conclusions()]).toEqual([1, []]);
  });

  test('that breaks ends the run', () => {
    const scene = begun(wishes);
    scene.stage.the(port).fail(failure('BROKEN'));
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'BROKEN' } });
    scene.cleanUp();
  });
});

test('a verdict against the app is the failure of the job, and nothing is delivered', () => {
  const scene = begun({ notarization: true });
  scene.stage
    .the('notarization')
    .answer({ ...accepted, outcome: 'rejected', artifact, failure: failure('NOTARY_REJECTED') });
  expect(scene.stage.open('deliverArtifact')).toEqual([]);
  expect(scene.conclusion()).toMatchObject({ stage: 'notarizing', failure: { code: 'NOTARY_REJECTED' } });
});

test('what the store does not take is the failure of the job, with all that it says', () => {
  const scene = begun({ store: true });
  scene.stage.the('findEarlierUpload').answer(null);
  scene.stage
    .the('storeUpload')
    .answer({ ...published, outcome: 'failed', failure: failure('STORE_REJECTED') });
  expect(scene.notes().at(-1)).toEqual({ kind: 'log', stage: 'publishing', line: 'a warning' });
  expect(scene.conclusion()).toMatchObject({ stage: 'publishing', failure: { code: 'STORE_REJECTED' } });
  expect(scene.notes().some(({ kind }) => kind === 'published')).toBe(false);
});

test('a wait for Apple that says nothing at all ends, and is not counted as time of the job', () => {
  const { notarizationTimeout, jobTimeout } = signJobLimits;
  expect(notarizationTimeout).toBeGreaterThan(jobTimeout);
  const scene = begun({ notarization: true });
  scene.clock.advance(notarizationTimeout - 1);
  expect(scene.conclusions()).toEqual([]);
  scene.clock.advance(1);
  expect(scene.conclusion()).toMatchObject({ failure: { code: 'STEP_TIMED_OUT' } });
});

test('an upload that says nothing at all ends as well', () => {
  const scene = begun({ store: true });
  scene.stage.the('findEarlierUpload').answer(null);
  scene.clock.advance(signJobLimits.publishingTimeout);
  expect(scene.conclusion()).toMatchObject({ failure: { code: 'STEP_TIMED_OUT' } });
});

describe('a notarization that gives the app a ticket of its own', () => {
  const anew = { ...artifact, sizeBytes: 8, sha256Hex: 'ef' };
  const acceptedApp = { ...accepted, artifact };
  const acceptedImage = { ...accepted, submissionId: 's-2' };

  /** Up to the first submission. */
  const submitted = (): JobScene => {
    const scene = signed({ twice: true });
    scene.answer('checkArtifact');
    return scene;
  };
  /** The app has its ticket, and the machine is there. */
  const stapledApp = (): JobScene => {
    const scene = submitted();
    scene.stage.the('notarization').answer(acceptedApp);
    scene.enter();
    return scene;
  };
  const open = ({ stage }: JobScene) => stage.open().map(({ port }) => port);
  const lose = ({ stage }: JobScene) =>
    stage.the('vmLifecycle').say({ type: 'vm.lost', name: 'v', failure: failure('VM_EXITED') });

  test('makes the image anew, submits that as well, and delivers the second one', () => {
    const scene = submitted();
    const { stage } = scene;
    expect(stage.the('notarization').input).toMatchObject({ artifact, staples: ['app'] });
    stage.the('notarization').answer(acceptedApp);
    scene.enter();
    stage.the('updateBundle').answer();
    stage.the('packageArtifact').answer(anew);
    scene.answer('checkArtifact');
    expect(stage.calls.filter(({ port }) => port === 'keepArtifact').map(({ input }) => input)).toEqual([
      expect.objectContaining({ acceptedAs: [] }),
      expect.objectContaining({ acceptedAs: ['s-1'] }),
    ]);
    expect(stage.the('notarization').input).toMatchObject({ artifact: anew, staples: ['image'] });
    stage.the('notarization').answer(acceptedImage);
    scene.answer('checkArtifact');
    scene.answer('deliverArtifact');
    expect(scene.conclusion()).toEqual({ outcome: 'succeeded', artifact: stapled });
    expect(stages(scene).slice(-5)).toEqual([
      ...['packaging', 'notarizing', 'packaging', 'notarizing'],
      'uploading',
    ]);
    scene.cleanUp();
  });

  test('tells the user which of the two it is, and that another verdict follows', () => {
    const scene = stapledApp();
    const said = scene.notes().flatMap((note) => (note.kind === 'stage' ? [note.message] : []));
    expect(said.slice(-2)).toEqual([
      'Notarizing app, submission 1 of 2',
      'Packaging the app anew with its ticket',
    ]);
    expect(scene.notes().at(-1)).toMatchObject({
      kind: 'log',
      line: expect.stringMatching(/Apple judges the new disk image as well/),
    });
  });

  test.each([
    ['updateBundle', 'transferTimeout'],
    ['packageArtifact', 'packageTimeout'],
    ['checkArtifact', 'checkTimeout'],
  ] as const)('ends when %s fails or takes too long', (port, limit) => {
    for (const end of ['error', 'silence']) {
      const scene = stapledApp();
      for (const [step, answer] of [['updateBundle'], ['packageArtifact', anew]] as const)
        if (!open(scene).includes(port)) scene.stage.the(step).answer(answer);
      if (end === 'error') scene.stage.the(port).fail(failure('BROKEN'));
      else scene.clock.advance(signJobLimits[limit]);
      expect(scene.conclusion()).toMatchObject({
        failure: { code: end === 'error' ? 'BROKEN' : 'STEP_TIMED_OUT' },
      });
      scene.cleanUp();
    }
  });

  test('fails with the second verdict when that is against it', () => {
    const scene = stapledApp();
    scene.stage.the('updateBundle').answer();
    scene.stage.the('packageArtifact').answer(anew);
    scene.answer('checkArtifact');
    const refused = { ...acceptedImage, outcome: 'rejected', failure: failure('NOTARY_REJECTED') };
    scene.stage.the('notarization').answer(refused);
    expect(scene.conclusion()).toMatchObject({
      failure: {
        code: 'NOTARY_REJECTED',
        reason: expect.stringContaining('Apple accepted the app itself before (submission s-1)'),
        nextStep: expect.stringContaining('"notarize": "once"'),
      },
    });
    expect(scene.stage.open('deliverArtifact')).toEqual([]);
  });

  test('replaces a machine that was lost while Apple judged', () => {
    const scene = submitted();
    lose(scene);
    scene.stage.the('notarization').answer(acceptedApp);
    expect(open(scene)).not.toContain('updateBundle');
    scene.machineGone();
    expect(scene.stage.the('vmLifecycle').input).toMatchObject(VM);
    scene.machineReady();
    scene.stage.the('updateBundle').answer();
    expect(open(scene)).toContain('packageArtifact');
  });

  test('makes a new machine in the place of one that stood by', () => {
    const scene = signed({ twice: true }, { ...VM, name: 'standby', isBooted: true });
    scene.answer('checkArtifact');
    lose(scene);
    scene.machineGone();
    scene.stage.the('notarization').answer(acceptedApp);
    const { input } = scene.stage.the('vmLifecycle');
    expect(input).toMatchObject({ name: 'standby', image: VM.image });
    expect(input.isBooted).toBeUndefined();
  });

  test('fails when the lost machine cannot be deleted: there would be one too many', () => {
    const scene = submitted();
    lose(scene);
    scene.machineGone('leaked');
    scene.stage.the('notarization').answer(acceptedApp);
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'VM_DELETE_FAILED' } });
    expect(scene.stage.open('vmLifecycle')).toEqual([]);
  });

  test('fails when the machine is lost while the image is made anew', () => {
    const scene = stapledApp();
    scene.stage.the('updateBundle').answer();
    lose(scene);
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'VM_EXITED' } });
    scene.cleanUp();
  });

  /** What a previous process had signed, up to the check of that artifact. */
  const recalled = (acceptedAs: readonly string[]): JobScene => {
    const scene = beginJob();
    const { stage } = scene;
    stage.the('admitJob').answer(admittedWith({ staples: ['app', 'image'] }));
    scene.job.send({ type: 'slot.granted' });
    scene.answer('downloadBundle');
    scene.answer('inspectBundle');
    stage.the('checkCredentials').answer();
    stage.the('recallArtifact').answer({ artifact, acceptedAs });
    scene.answer('checkArtifact');
    return scene;
  };

  test('goes on after a restart with the first image: the app is taken out of it', () => {
    const scene = recalled([]);
    expect(open(scene)).not.toContain('notarization');
    scene.stage.the('restoreApp').answer();
    scene.stage.the('notarization').answer(acceptedApp);
    expect(open(scene)).not.toContain('updateBundle');
    scene.machineReady();
    scene.stage.the('updateBundle').answer();
    scene.stage.the('packageArtifact').answer(anew);
    scene.answer('checkArtifact');
    expect(scene.stage.calls.filter(({ port }) => port === 'keepArtifact')).toHaveLength(1);
    expect(scene.stage.the('notarization').input).toMatchObject({ artifact: anew });
  });

  test('goes on after a restart with the second image: nothing is made anew', () => {
    const scene = recalled(['s-1']);
    expect(scene.stage.the('notarization').input).toMatchObject({ artifact, staples: ['image'] });
    scene.stage.the('notarization').answer(acceptedImage);
    scene.answer('checkArtifact');
    scene.answer('deliverArtifact');
    expect(scene.conclusion()).toMatchObject({ outcome: 'succeeded' });
    expect(stages(scene)).toEqual(['extracting', 'notarizing', 'uploading']);
  });

  test.each(['error', 'silence'])('ends when the app cannot be read after a restart: %s', (end) => {
    const scene = recalled([]);
    if (end === 'error') scene.stage.the('restoreApp').fail(failure('BROKEN'));
    else scene.clock.advance(signJobLimits.restoreTimeout);
    expect(scene.conclusion()).toMatchObject({
      failure: { code: end === 'error' ? 'BROKEN' : 'STEP_TIMED_OUT' },
    });
  });

  test('may take twice as long as one that submits once', () => {
    const { notarizationTimeout } = signJobLimits;
    const budget = (staples: readonly ('app' | 'image')[]) =>
      wholeJob(signJobLimits)({ context: { job: admittedWith({ staples }) } });
    expect(budget(['app', 'image']) - budget(['image'])).toBe(notarizationTimeout);
  });
});
