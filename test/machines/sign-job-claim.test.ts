import { describe, expect, test } from 'vitest';
import { signJobLimits, TRANSFER_ATTEMPTS } from '../../machines/sign-job/limits.ts';
import { failure } from './samples.ts';
import { artifact, beginJob, type JobScene, type StepPort, stepPorts } from './sign-job-scene.ts';

const transfers = ['downloadBundle', 'deliverArtifact'] as const;
const notOurs = failure('HUB_JOB_NOT_OURS');
const revoke = ({ job }: JobScene) => job.send({ type: 'job.claimRevoked' });
const restore = ({ job }: JobScene) => job.send({ type: 'job.linkRestored' });
const adopt = ({ job }: JobScene, assignmentId = 'again') => job.send({ type: 'job.adopted', assignmentId });

/** Nothing was reported, the owner knows it, and no token is kept. */
function expectDropped(scene: JobScene): void {
  expect(scene.conclusions()).toEqual([]);
  expect(scene.owner.events.filter(({ type }) => type === 'job.dropped')).toEqual([
    { type: 'job.dropped', runId: 'run-1', jobId: 'job-1' },
  ]);
  expect(scene.cleanUp().awaitsReceipt).toBe(null);
  expect(scene.job.output.outcome).toBe('dropped');
  expect(scene.conclusions()).toEqual([]);
}

describe.each(transfers)('%s', (port) => {
  test('is tried again after pauses of 2, 4 and 8 seconds, then fails', () => {
    const scene = beginJob();
    scene.goTo(port);
    for (const pauseMs of [2_000, 4_000, 8_000]) {
      scene.stage.the(port).fail(failure('HUB_UNAVAILABLE', true));
      expect(scene.stage.open(port)).toEqual([]);
      scene.clock.advance(pauseMs - 1);
      expect(scene.stage.open(port)).toEqual([]);
      scene.clock.advance(1);
      expect(scene.stage.open(port)).toHaveLength(1);
    }
    scene.stage.the(port).fail(failure('HUB_UNAVAILABLE', true));
    expect(scene.conclusion()).toMatchObject({ outcome: 'failed', failure: { code: 'HUB_UNAVAILABLE' } });
    expect(scene.stage.calls.filter((call) => call.port === port)).toHaveLength(TRANSFER_ATTEMPTS);
    scene.cleanUp();
  });

  test('that can never succeed is not tried again', () => {
    const scene = beginJob();
    scene.goTo(port).stage.the(port).fail(failure('HUB_REFUSED'));
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'HUB_REFUSED' } });
    scene.cleanUp();
  });

  test('has one deadline for all attempts', () => {
    const scene = beginJob();
    scene.goTo(port);
    scene.stage.the(port).fail(failure('HUB_UNAVAILABLE', true));
    scene.clock.advance(
      port === 'downloadBundle' ? signJobLimits.downloadTimeout : signJobLimits.uploadTimeout,
    );
    expect(scene.conclusion()).toMatchObject({ failure: { code: 'STEP_TIMED_OUT' } });
    scene.cleanUp();
  });

  test('can be cancelled in a pause', () => {
    const scene = beginJob();
    scene.goTo(port).stage.the(port).fail(failure('HUB_UNAVAILABLE', true));
    scene.job.send({ type: 'job.cancelRequested', why: 'user' });
    expect(scene.conclusion()).toMatchObject({ outcome: 'cancelled' });
    scene.cleanUp();
  });

  test('refused with a token that is thought good: the job is dropped', () => {
    const scene = beginJob();
    scene.goTo(port).stage.the(port).fail(notOurs);
    expectDropped(scene);
  });

  test('refused with an old token is repeated with the new one at once', () => {
    const scene = beginJob();
    scene.goTo(port);
    revoke(scene);
    adopt(scene);
    scene.stage.the(port).fail(notOurs);
    expect(scene.stage.the(port).input.assignmentId).toBe('again');
  });

  test('refused while the link is down waits for the job to come back to us', () => {
    const scene = beginJob();
    scene.goTo(port);
    revoke(scene);
    scene.stage.the(port).fail(notOurs);
    expect(scene.stage.open(port)).toEqual([]);
    restore(scene);
    adopt(scene);
    expect(scene.stage.the(port).input.assignmentId).toBe('again');
  });

  test('refused while the link is down, and never handed to us again: the job is dropped', () => {
    const scene = beginJob();
    scene.goTo(port);
    revoke(scene);
    scene.stage.the(port).fail(notOurs);
    restore(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout);
    expectDropped(scene);
  });
});

describe('a claim that was revoked', () => {
  const ports: StepPort[] = ['downloadBundle', 'codesign', 'checkArtifact'];
  test.each(ports)('and given back during %s: the run delivers under the new assignment', (port) => {
    const scene = beginJob();
    scene.goTo(port);
    revoke(scene);
    expect(scene.stage.open(port)).toHaveLength(1);
    restore(scene);
    adopt(scene);
    for (const next of stepPorts.slice(stepPorts.indexOf(port), -1)) scene.answer(next);
    expect(scene.stage.the('deliverArtifact').input.assignmentId).toBe('again');
    scene.answer('deliverArtifact');
    expect(scene.conclusions()).toEqual([
      {
        ...{ type: 'job.concluded', runId: 'run-1', jobId: 'job-1', assignmentId: 'again' },
        conclusion: { outcome: 'succeeded', artifact },
      },
    ]);
    expect(scene.cleanUp()).toEqual({
      ...{ runId: 'run-1', assignmentIds: ['run-1', 'again'], awaitsReceipt: 'again' },
    });
  });

  test('holds the delivery back until the job is ours again', () => {
    const scene = beginJob();
    revoke(scene.goTo('checkArtifact') as JobScene);
    scene.answer('checkArtifact');
    expect(scene.job.is('engaged.work.running.awaitingClaim')).toBe(true);
    restore(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout - 1);
    expect(scene.stage.open('deliverArtifact')).toEqual([]);
    adopt(scene);
    expect(scene.stage.the('deliverArtifact').input.assignmentId).toBe('again');
  });

  test('is dropped without a conclusion 120 seconds after the link is back, not counted before', () => {
    const scene = beginJob();
    revoke(scene.goTo('codesign') as JobScene);
    scene.clock.advance(signJobLimits.reassignmentTimeout * 2);
    expect(scene.stage.open('codesign')).toHaveLength(1);
    restore(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout - 1);
    expect(scene.stage.open('codesign')).toHaveLength(1);
    scene.clock.advance(1);
    expect(scene.stage.open('codesign')).toEqual([]);
    expectDropped(scene);
  });

  test('begins to wait anew when the link breaks again', () => {
    const scene = beginJob();
    revoke(scene.goTo('codesign') as JobScene);
    restore(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout - 1);
    revoke(scene);
    scene.clock.advance(10);
    restore(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout - 1);
    adopt(scene);
    scene.clock.advance(10);
    expect(scene.stage.open('codesign')).toHaveLength(1);
  });

  test('expires in the line as well', () => {
    const scene = beginJob();
    scene.stage.the('admitJob').answer({ embedsProfile: false });
    revoke(scene);
    restore(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout);
    expectDropped(scene);
  });

  test.each([
    ['a step fails', (scene: JobScene) => scene.stage.the('codesign').fail(failure('BROKEN'))],
    ['it is cancelled', ({ job }: JobScene) => job.send({ type: 'job.cancelRequested', why: 'shutdown' })],
    ['its deadline comes', ({ clock }: JobScene) => clock.advance(signJobLimits.codesignTimeout)],
  ])('is never answered, also when %s: the answer would end the run of another worker', (_, end) => {
    const scene = beginJob();
    revoke(scene.goTo('codesign') as JobScene);
    end(scene);
    expectDropped(scene);
  });

  test('during an upload that ends well: it is uploaded again under the new assignment, then said', () => {
    const scene = beginJob();
    revoke(scene.goTo('deliverArtifact') as JobScene);
    scene.answer('deliverArtifact');
    expect(scene.conclusions()).toEqual([]);
    restore(scene);
    adopt(scene);
    expect(scene.stage.the('deliverArtifact').input.assignmentId).toBe('again');
    scene.answer('deliverArtifact');
    expect(scene.conclusion().outcome).toBe('succeeded');
    scene.cleanUp();
  });
});

test('a second assignment without a broken link is adopted too', () => {
  const scene = beginJob();
  adopt(scene.goTo('codesign') as JobScene);
  expect(scene.job.is('engaged.claim.valid')).toBe(true);
  scene.answer('codesign');
  expect(scene.stage.the('verifySignature').input.assignmentId).toBe('again');
});
