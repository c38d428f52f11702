import { expect, test } from 'vitest';
import { signJobLimits } from '../../machines/sign-job/limits.ts';
import { failure } from './samples.ts';
import { admittedBoth, admittedWith, artifact, beginJob, type JobScene } from './sign-job-scene.ts';

const stapled = { ...artifact, sizeBytes: 9, sha256Hex: 'cd' };
const remade = { ...artifact, sizeBytes: 11, sha256Hex: 'ef' };
const accepted = (made: object) => ({
  ...{ outcome: 'succeeded', submissionId: 's-1', artifact: made, failure: null },
});

/** Whatever leaves, it leaves through one of these. */
const WAYS_OUT = ['deliverAhead', 'deliverArtifact', 'notarization', 'storeUpload'];
const hasLeft = ({ stage }: JobScene) => stage.calls.some(({ port }) => WAYS_OUT.includes(port));

/** Signed and packed, and not in the account of signatures yet. */
function packed(job?: object): JobScene {
  const scene = beginJob({ sendsAhead: true, recordsAtOnce: false });
  scene.stage.the('admitJob').answer(job ?? admittedWith({}));
  scene.job.send({ type: 'slot.granted' });
  for (const port of ['downloadBundle', 'inspectBundle', 'checkCredentials'] as const) scene.answer(port);
  scene.answer('drawIcons');
  scene.answer('mergeInfoPlist');
  scene.machineReady();
  for (const call of scene.stage.open('layOutBundle')) call.answer();
  for (const call of scene.stage.open('embedProfile')) call.answer();
  for (const port of ['transferBundle', 'codesign', 'takeSignatures', 'verifySignature'] as const)
    scene.answer(port);
  scene.answer('packageArtifact');
  return scene;
}

const record = (scene: JobScene) => scene.stage.the('recordSignature');

test('nothing leaves before what was signed is in the account of signatures', () => {
  const scene = packed();
  expect(hasLeft(scene)).toBe(false);
  expect(record(scene).input).toMatchObject({
    ...{ runId: 'run-1', jobId: 'job-1', pass: 0, vmName: 'perry-ship-0000-run-1', image: 'golden' },
    ...{ artifact, madeBy: 'packed', isDelivered: true },
  });
  record(scene).answer(artifact);
  expect(scene.stage.open('deliverAhead')).toHaveLength(1);
});

test('what cannot be entered does not leave: the job fails, with nothing delivered', () => {
  const scene = packed();
  record(scene).fail(failure('SIGNATURE_NOT_RECORDED'));
  expect(scene.conclusion()).toMatchObject({
    outcome: 'failed',
    failure: { code: 'SIGNATURE_NOT_RECORDED' },
  });
  scene.cleanUp();
  expect(hasLeft(scene)).toBe(false);
});

test('an account that does not answer ends the job after its deadline', () => {
  const scene = packed();
  scene.clock.advance(signJobLimits.recordTimeout);
  expect(scene.conclusion()).toMatchObject({ failure: { code: 'STEP_TIMED_OUT' } });
  expect(hasLeft(scene)).toBe(false);
});

test('a job that is cancelled meanwhile delivers nothing', () => {
  const scene = packed();
  scene.job.send({ type: 'job.cancelRequested', why: 'user' });
  expect(scene.conclusion()).toMatchObject({ outcome: 'cancelled' });
  scene.cleanUp();
  expect(hasLeft(scene)).toBe(false);
});

test('each file that becomes of an artifact is entered before it leaves, and none twice', () => {
  const scene = packed(admittedWith({ staples: ['app', 'image'] }));
  record(scene).answer(artifact);
  scene.answer('checkArtifact');
  expect(scene.stage.open('recordSignature')).toEqual([]);
  // the same file: the ticket is for the app in it
  scene.stage.the('notarization').answer(accepted(artifact));
  scene.enter();
  scene.stage.the('updateBundle').answer();
  scene.stage.the('packageArtifact').answer(remade);
  scene.answer('checkArtifact');
  expect(scene.stage.open('notarization')).toEqual([]);
  expect(record(scene).input).toMatchObject({ artifact: remade, madeBy: 'packedAnew', isDelivered: false });
  record(scene).answer(remade);
  scene.stage.the('keepArtifact').answer();
  scene.stage.the('notarization').answer(accepted(stapled));
  scene.answer('checkArtifact');
  expect(scene.stage.open('deliverArtifact')).toEqual([]);
  expect(record(scene).input).toMatchObject({ artifact: stapled, madeBy: 'stapled', isDelivered: true });
  record(scene).answer(stapled);
  scene.answer('deliverArtifact');
  expect(scene.conclusion()).toEqual({ outcome: 'succeeded', artifact: stapled });
  expect(scene.stage.calls.filter(({ port }) => port === 'recordSignature')).toHaveLength(3);
});

test('a stapled file that cannot be entered is not delivered', () => {
  const scene = packed(admittedWith({ staples: ['image'] }));
  record(scene).answer(artifact);
  scene.answer('checkArtifact');
  scene.stage.the('notarization').answer(accepted(stapled));
  scene.answer('checkArtifact');
  record(scene).fail(failure('SIGNATURE_NOT_RECORDED'));
  expect(scene.conclusion()).toMatchObject({ failure: { code: 'SIGNATURE_NOT_RECORDED' } });
  expect(scene.stage.open('deliverArtifact')).toEqual([]);
});

test('both passes are entered, and the machine may be gone when a stapled one is', () => {
  const scene = packed(admittedBoth('image'));
  expect(record(scene).input).toMatchObject({ pass: 0, madeBy: 'packed', isDelivered: false });
  record(scene).answer(artifact);
  scene.answer('checkArtifact');
  scene.stage.the('layOutBundle').answer();
  for (const port of [
    'embedProfile',
    'transferBundle',
    'codesign',
    'takeSignatures',
    'verifySignature',
  ] as const)
    scene.answer(port);
  const installer = { name: 'Tide Clock.pkg', sizeBytes: 8, sha256Hex: '12' };
  scene.stage.the('packageArtifact').answer(installer);
  expect(record(scene).input).toMatchObject({ pass: 1, artifact: installer, isDelivered: false });
  record(scene).answer(installer);
  scene.answer('checkArtifact');
  scene.stage.the('notarization').answer(accepted(stapled));
  scene.stage.the('validateStaple').answer();
  scene.answer('checkArtifact');
  expect(record(scene).input).toMatchObject({
    pass: 0,
    artifact: stapled,
    madeBy: 'stapled',
    isDelivered: true,
  });
  scene.machineGone();
  record(scene).answer(stapled);
  expect(scene.stage.open('deliverArtifact')).toHaveLength(1);
});

test('an artifact from before a restart is entered once more, for this process has not seen its line', () => {
  const scene = beginJob({ recordsAtOnce: false });
  scene.stage.the('admitJob').answer(admittedWith({ staples: ['image'] }));
  scene.job.send({ type: 'slot.granted' });
  for (const port of ['downloadBundle', 'inspectBundle'] as const) scene.answer(port);
  scene.stage.the('checkCredentials').answer();
  scene.stage.the('recallArtifact').answer({ artifact, acceptedAs: [] });
  scene.stage.the('checkArtifact').answer();
  expect(hasLeft(scene)).toBe(false);
  expect(record(scene).input).toMatchObject({ artifact, madeBy: 'recalled', isDelivered: false });
  record(scene).answer(artifact);
  expect(scene.stage.open('notarization')).toHaveLength(1);
});
