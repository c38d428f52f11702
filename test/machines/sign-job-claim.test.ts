import { describe, expect, test } from 'vitest';
import { signJobLimits, TRANSFER_ATTEMPTS } from '../../machines/sign-job/limits.ts';
import { failure } from './samples.ts';
import { admitted, artifact, beginJob, type JobScene, type StepPort, stepPorts } from './sign-job-scene.ts';

const MINUTE_MS = 60_000;

const transfers = ['downloadBundle', 'deliverArtifact'] as const;
const notOurs = failure('HUB_JOB_NOT_OURS');
const loseLink = ({ job }: JobScene) => job.send({ type: 'job.linkLost' });
const restore = ({ job }: JobScene) => job.send({ type: 'job.linkRestored' });
/** The link is back, and the hub has given the job away. */
const lose = (scene: JobScene) => {
  restore(scene);
  scene.stage.the('probeClaim').answer('closed');
};
/** The link is back, and the hub counts the job as ours. */
const keep = (scene: JobScene) => {
  restore(scene);
  scene.stage.the('probeClaim').answer('open');
};
const adopt = ({ job }: JobScene, assignmentId = 'again') => job.send({ type: 'job.adopted', assignmentId });

const giveWay = ({ job }: JobScene) => job.send({ type: 'job.giveWayRequested' });
const claims = ({ owner }: JobScene) =>
  owner.types().filter((type) => /^job\.(claimConfirmed|awaitingReassignment)$/.test(type));

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
  test('is tried again after pauses that double to half a minute, for two minutes in all, then fails', () => {
    const scene = beginJob();
    scene.goTo(port);
    for (const pauseMs of [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]) {
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

  test.each(['BUNDLE_BASE64_CORRUPT', 'BUNDLE_CORRUPT', 'BUNDLE_NOT_ARCHIVE'] as const)(
    'that ends with %s twice is not tried a third time',
    (code) => {
      const scene = beginJob();
      scene.goTo(port);
      scene.stage.the(port).fail(failure(code, true));
      scene.clock.advance(2_000);
      scene.stage.the(port).fail(failure(code, true));
      expect(scene.conclusion()).toMatchObject({ outcome: 'failed', failure: { code } });
      scene.cleanUp();
    },
  );

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
    const limitMs = port === 'downloadBundle' ? signJobLimits.downloadTimeout : signJobLimits.uploadTimeout;
    for (let leftMs = limitMs; leftMs > 0; leftMs -= MINUTE_MS) {
      scene.job.send({ type: 'step.moved' });
      scene.clock.advance(Math.min(leftMs, MINUTE_MS));
    }
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
    loseLink(scene);
    adopt(scene);
    scene.stage.the(port).fail(notOurs);
    expect(scene.stage.the(port).input.assignmentId).toBe('again');
  });

  test('refused while the link is down waits for the job to come back to us', () => {
    const scene = beginJob();
    scene.goTo(port);
    loseLink(scene);
    scene.stage.the(port).fail(notOurs);
    expect(scene.stage.open(port)).toEqual([]);
    lose(scene);
    adopt(scene);
    expect(scene.stage.the(port).input.assignmentId).toBe('again');
  });

  test('refused while the link is down, though the job is ours, is tried again when that is known', () => {
    const scene = beginJob();
    scene.goTo(port);
    loseLink(scene);
    scene.stage.the(port).fail(notOurs);
    keep(scene);
    expect(scene.stage.the(port).input.assignmentId).toBe('run-1');
    scene.stage.the(port).fail(notOurs);
    expectDropped(scene);
  });

  test('refused while the link is down, and never handed to us again: the job is dropped', () => {
    const scene = beginJob();
    scene.goTo(port);
    loseLink(scene);
    scene.stage.the(port).fail(notOurs);
    lose(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout);
    expectDropped(scene);
  });
});

const ports: StepPort[] = ['downloadBundle', 'codesign', 'checkArtifact'];

describe('a link that breaks', () => {
  test.each(ports)('during %s changes nothing for a job that stays ours', (port) => {
    const scene = beginJob();
    loseLink(scene.goTo(port) as JobScene);
    expect(scene.stage.open(port)).toHaveLength(1);
    restore(scene);
    expect(scene.stage.the('probeClaim').input).toMatchObject({ runId: 'run-1', assignmentId: 'run-1' });
    scene.stage.the('probeClaim').answer('open');
    for (const next of stepPorts.slice(stepPorts.indexOf(port))) scene.answer(next);
    expect(scene.conclusion().outcome).toBe('succeeded');
    scene.cleanUp();
  });

  test('and whose question fails: it is asked again, and the job said to be ours when that is known', () => {
    const scene = beginJob();
    loseLink(scene.goTo('codesign') as JobScene);
    restore(scene);
    for (let n = 0; n < 3; n += 1) {
      scene.stage.the('probeClaim').fail(failure('HUB_UNAVAILABLE', true));
      expect(scene.job.is('engaged.claim.asking.pausing')).toBe(true);
      scene.clock.advance(signJobLimits.claimPause);
    }
    expect(claims(scene)).toEqual([]);
    scene.stage.the('probeClaim').answer('open');
    expect(scene.job.is('engaged.claim.valid')).toBe(true);
    expect(claims(scene)).toEqual(['job.claimConfirmed']);
  });

  test.each([
    ['fails again and again', (scene: JobScene) => scene.stage.the('probeClaim').fail(failure('A', true))],
    ['hangs', () => {}],
  ])('and whose question %s: the job is taken to be ours in the end', (_, end) => {
    const scene = beginJob();
    loseLink(scene.goTo('codesign') as JobScene);
    restore(scene);
    end(scene);
    while (!scene.job.is('engaged.claim.valid')) {
      scene.clock.advanceToNext();
      if (scene.stage.open('probeClaim').length > 0) end(scene);
    }
    expect(claims(scene)).toEqual(['job.claimConfirmed']);
    expect(scene.clock.nowMs).toBe(signJobLimits.claimTimeout);
  });

  test('again during the question: it is asked anew on the next link', () => {
    const scene = beginJob();
    loseLink(scene.goTo('codesign') as JobScene);
    restore(scene);
    const first = scene.stage.the('probeClaim');
    loseLink(scene);
    expect(first.isOpen).toBe(false);
    keep(scene);
    expect(scene.job.is('engaged.claim.valid')).toBe(true);
  });

  test('holds the delivery back until it is known whose the job is', () => {
    const scene = beginJob();
    loseLink(scene.goTo('checkArtifact') as JobScene);
    scene.answer('checkArtifact');
    expect(scene.job.is('engaged.work.running.awaitingClaim')).toBe(true);
    restore(scene);
    expect(scene.stage.open('deliverArtifact')).toEqual([]);
    scene.stage.the('probeClaim').answer('open');
    expect(scene.stage.the('deliverArtifact').input.assignmentId).toBe('run-1');
  });

  test('during an upload that ends well: nothing is uploaded twice when the job stays ours', () => {
    const scene = beginJob();
    loseLink(scene.goTo('deliverArtifact') as JobScene);
    scene.answer('deliverArtifact');
    expect(scene.conclusions()).toEqual([]);
    keep(scene);
    expect(scene.conclusion().outcome).toBe('succeeded');
    expect(scene.stage.calls.filter(({ port }) => port === 'deliverArtifact')).toHaveLength(1);
    scene.cleanUp();
  });

  const ends: readonly (readonly [string, (scene: JobScene) => void, string])[] = [
    ['a step fails', (scene) => scene.stage.the('codesign').fail(failure('BROKEN')), 'BROKEN'],
    [
      'it is cancelled',
      ({ job }) => job.send({ type: 'job.cancelRequested', why: 'shutdown' }),
      'WORKER_STOPPING',
    ],
    ['its deadline comes', ({ clock }) => clock.advance(signJobLimits.codesignTimeout), 'STEP_TIMED_OUT'],
  ];
  test.each(ends)(
    'and then %s: the answer goes to the outbox, which asks before it speaks',
    (_, end, code) => {
      const scene = beginJob();
      loseLink(scene.goTo('codesign') as JobScene);
      end(scene);
      expect(scene.conclusion()).toMatchObject({ failure: { code } });
      scene.cleanUp();
    },
  );

  test.each(ends.slice(0, 2))('and during the question %s: the answer waits for it', (_, end, code) => {
    for (const state of ['open', 'closed']) {
      const scene = beginJob();
      loseLink(scene.goTo('codesign') as JobScene);
      restore(scene);
      end(scene);
      expect(scene.conclusions()).toEqual([]);
      scene.stage.the('probeClaim').answer(state);
      if (state === 'closed') expectDropped(scene);
      else {
        expect(scene.conclusion()).toMatchObject({ failure: { code } });
        scene.cleanUp();
      }
    }
  });

  test.each(ends.slice(0, 2))('and when the job was given away %s: nothing is said', (_, end) => {
    const scene = beginJob();
    loseLink(scene.goTo('codesign') as JobScene);
    lose(scene);
    end(scene);
    expectDropped(scene);
  });
});

describe('a run that is asked to give way', () => {
  test.each(ports)('during %s ends at once when the hub has taken its job back', (port) => {
    const scene = beginJob();
    loseLink(scene.goTo(port) as JobScene);
    lose(scene);
    expect(claims(scene)).toEqual(['job.awaitingReassignment']);
    giveWay(scene);
    expectDropped(scene);
  });

  test('ends also before its job is known to be sound, and in the line', () => {
    for (const isInLine of [false, true]) {
      const scene = beginJob();
      if (isInLine) scene.stage.the('admitJob').answer(admitted);
      loseLink(scene);
      lose(scene);
      giveWay(scene);
      expectDropped(scene);
    }
  });

  test('goes on when its job is its own, or may be', () => {
    const scene = beginJob();
    scene.goTo('codesign');
    giveWay(scene);
    loseLink(scene);
    giveWay(scene);
    restore(scene);
    giveWay(scene);
    scene.stage.the('probeClaim').answer('open');
    expect(scene.stage.open('codesign')).toHaveLength(1);
    loseLink(scene);
    lose(scene);
    adopt(scene);
    giveWay(scene);
    expect(scene.stage.open('codesign')).toHaveLength(1);
  });
});

describe('a job that the hub gave away', () => {
  test.each(ports)('and handed back during %s: the run delivers under the new assignment', (port) => {
    const scene = beginJob();
    scene.goTo(port);
    loseLink(scene);
    expect(scene.stage.open(port)).toHaveLength(1);
    lose(scene);
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
    loseLink(scene.goTo('checkArtifact') as JobScene);
    scene.answer('checkArtifact');
    expect(scene.job.is('engaged.work.running.awaitingClaim')).toBe(true);
    lose(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout - 1);
    expect(scene.stage.open('deliverArtifact')).toEqual([]);
    adopt(scene);
    expect(scene.stage.the('deliverArtifact').input.assignmentId).toBe('again');
  });

  test('is dropped without a conclusion 120 seconds after the link is back, not counted before', () => {
    const scene = beginJob();
    loseLink(scene.goTo('codesign') as JobScene);
    scene.clock.advance(signJobLimits.reassignmentTimeout * 2);
    expect(scene.stage.open('codesign')).toHaveLength(1);
    lose(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout - 1);
    expect(scene.stage.open('codesign')).toHaveLength(1);
    scene.clock.advance(1);
    expect(scene.stage.open('codesign')).toEqual([]);
    expectDropped(scene);
  });

  test('begins to wait anew when the link breaks again', () => {
    const scene = beginJob();
    loseLink(scene.goTo('codesign') as JobScene);
    lose(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout - 1);
    loseLink(scene);
    scene.clock.advance(10);
    lose(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout - 1);
    adopt(scene);
    scene.clock.advance(10);
    expect(scene.stage.open('codesign')).toHaveLength(1);
  });

  test('expires in the line as well', () => {
    const scene = beginJob();
    scene.stage.the('admitJob').answer(admitted);
    loseLink(scene);
    lose(scene);
    scene.clock.advance(signJobLimits.reassignmentTimeout);
    expectDropped(scene);
  });

  test('during an upload that ends well: it is uploaded again under the new assignment, then said', () => {
    const scene = beginJob();
    loseLink(scene.goTo('deliverArtifact') as JobScene);
    scene.answer('deliverArtifact');
    expect(scene.conclusions()).toEqual([]);
    lose(scene);
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
  expect(scene.stage.the('takeSignatures').input.assignmentId).toBe('again');
});
