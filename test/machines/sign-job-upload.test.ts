import { expect, test } from 'vitest';
import { signJobLimits, TRANSFER_ATTEMPTS } from '../../machines/sign-job/limits.ts';
import { artifact, beginJob, type JobScene } from './sign-job-scene.ts';

const { stallTimeout } = signJobLimits;
const RETRY_MS = 30_000;
const answerTimeout = signJobLimits.answerTimeout({ context: { artifacts: [artifact] } });

const logged = (scene: JobScene): string[] =>
  scene.notes().flatMap((note) => (note.kind === 'log' ? [note.line] : []));
const uploads = ({ stage }: JobScene) => stage.calls.filter(({ port }) => port === 'deliverArtifact');

function beginUpload(): JobScene {
  const scene = beginJob();
  scene.goTo('deliverArtifact');
  return scene;
}

test('an upload that stands still for three minutes is given up, said, and made anew', () => {
  const scene = beginUpload();
  scene.job.send({ type: 'step.moved' });
  scene.clock.advance(stallTimeout - 1);
  scene.job.send({ type: 'step.moved' });
  scene.clock.advance(stallTimeout - 1);
  expect(logged(scene)).toEqual([]);
  scene.clock.advance(1);
  expect(scene.stage.open('deliverArtifact')).toEqual([]);
  expect(logged(scene)).toEqual([
    'The upload of the artifact stood still. Its receiver took no more of it for three minutes. It is tried again.',
  ]);
  scene.clock.advance(RETRY_MS);
  scene.answer('deliverArtifact');
  expect(scene.conclusion()).toEqual({ outcome: 'succeeded', artifact });
  scene.cleanUp();
});

test('an answer that does not come is told apart from an upload that stands still', () => {
  const scene = beginUpload();
  scene.job.send({ type: 'step.sent' });
  scene.clock.advance(answerTimeout);
  expect(logged(scene)).toEqual([expect.stringContaining('All of it was sent')]);
});

test('a line that is dead for good ends the job with its own code', () => {
  const scene = beginUpload();
  for (let attempt = 1; attempt <= TRANSFER_ATTEMPTS; attempt += 1) {
    scene.job.send({ type: 'step.moved' });
    scene.clock.advance(stallTimeout);
    scene.clock.advance(RETRY_MS);
  }
  expect(uploads(scene)).toHaveLength(TRANSFER_ATTEMPTS);
  expect(scene.conclusion()).toMatchObject({ outcome: 'failed', failure: { code: 'UPLOAD_STALLED' } });
  scene.cleanUp();
});

test('one of which not even the first piece leaves is given up as well', () => {
  const scene = beginUpload();
  scene.clock.advance(stallTimeout);
  expect(logged(scene)).toEqual([expect.stringContaining('stood still')]);
});

const answerTimeoutFor = (sizeBytes: number) =>
  signJobLimits.answerTimeout({ context: { artifacts: [{ ...artifact, sizeBytes }] } });

test('a hub has a minute to answer, more for what takes it longer to decode', () => {
  expect(answerTimeoutFor(0)).toBe(60_000);
  expect(answerTimeoutFor(70 * 2 ** 20) - answerTimeoutFor(10 * 2 ** 20)).toBe(60_000);
});

test('nor is the rest cut that the system still holds, on a line that is slow but steady', () => {
  const bytesPerMs = 15;
  for (const sizeBytes of [1_700_000, 7_000_000, 300_000_000]) {
    const heldBytes = Math.min((sizeBytes * 4) / 3, 10 * 2 ** 20);
    expect(answerTimeoutFor(sizeBytes)).toBeGreaterThan(heldBytes / bytesPerMs + 60_000);
  }
  expect(answerTimeoutFor(2 ** 40)).toBeLessThan(signJobLimits.uploadTimeout);
});

test('one that moves and never ends is given up after the longest time that an upload may take', () => {
  const scene = beginUpload();
  const pieces = Math.ceil(signJobLimits.uploadTimeout / (stallTimeout - 1));
  for (let piece = 1; piece < pieces; piece += 1) {
    scene.job.send({ type: 'step.moved' });
    scene.clock.advance(stallTimeout - 1);
  }
  expect(scene.conclusions()).toEqual([]);
  scene.job.send({ type: 'step.moved' });
  scene.clock.advance(stallTimeout - 1);
  expect(scene.conclusion()).toMatchObject({ outcome: 'failed', failure: { code: 'STEP_TIMED_OUT' } });
  scene.cleanUp();
});
