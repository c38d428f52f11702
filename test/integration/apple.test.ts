import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Submission } from '../apple-simulator/notary.ts';
import { inProcessRuns } from '../helpers/in-process-runs.ts';
import { killGuest } from '../helpers/local-vm.ts';
import {
  type AppleRoom,
  expectFailed,
  expectStapled,
  lendToAnother,
  linesOf,
  openAppleRoom,
  submissionsOf,
} from './apple-room.ts';
import { expectGoodConversation } from './judges.ts';
import type { JobChanges } from './materials.ts';

let room: AppleRoom;
beforeAll(async () => {
  room = await openAppleRoom();
});
afterAll(() => room.leave());

const withApple: AppleRoom['withApple'] = ({ scene, ...options }, run) =>
  room.withApple({ ...options, scene: { startRun: inProcessRuns(), ...scene } }, run);
const macJob = (manifest: JobChanges['manifest'] = { macos_distribute: 'notarize' }) =>
  room.materials.macJob({ manifest, credentials: room.apiKey });
const iosJob = (ios_distribute = 'testflight') =>
  room.materials.iosJob({ manifest: { ios_distribute }, credentials: room.apiKey });

const SIGNED = ['extracting', 'generating_assets', 'signing', 'packaging'];
const NOTARIZED_ONCE = [...SIGNED, 'notarizing', 'uploading'];
const NOTARIZED = [...SIGNED, 'notarizing', 'packaging', 'notarizing', 'uploading'];
const ACCEPTED_TWICE = [
  [1, 'Accepted'],
  [1, 'Accepted'],
];
const CHECKING_REMADE = 'engaged.work.running.checkingRemade';
const PUBLISHED = [...SIGNED, 'publishing', 'uploading'];

describe('a macOS job that is notarized', () => {
  test.each([
    ['because it asks for it', { macos_distribute: 'notarize' }],
    ['because there is a key and nothing else is said', {}],
  ])('%s: two submissions; the image carries a ticket, and so does the app on it', (_, manifest) =>
    withApple({ notary: { pollsBeforeVerdict: 2, lateLogs: 1 }, lateTickets: 1 }, async (world) => {
      const jobId = await world.submit(macJob(manifest));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expectGoodConversation(world.hub, jobId, NOTARIZED);
      expect(submissionsOf(world)).toEqual(ACCEPTED_TWICE);
      await expectStapled(world, jobId);
      const verdicts = linesOf(world, jobId).filter((line) =>
        /verdict on submission .*: accepted/.test(line),
      );
      expect(verdicts).toHaveLength(2);
      expect(linesOf(world, jobId)).toContainEqual(
        expect.stringMatching(/judges the new disk image as well/),
      );
    }),
  );

  test.each([
    ['the worker', { PERRY_NOTARIZE: 'once' }, {}],
    ['the job', { PERRY_NOTARIZE: 'twice' }, { notarize: 'once' }],
  ])('once, because %s says so: the image alone carries a ticket', (_, env, wish) =>
    withApple({ scene: { env } }, async (world) => {
      const jobId = await world.submit(macJob({ macos_distribute: 'notarize', ...wish }));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expectGoodConversation(world.hub, jobId, NOTARIZED_ONCE);
      expect(submissionsOf(world)).toEqual([[1, 'Accepted']]);
      await expectStapled(world, jobId, false);
    }),
  );

  test('whose second image Apple finds fault with fails, and delivers nothing', () => {
    const seen: unknown[] = [];
    const verdict = (submission: Submission) => {
      if (!seen.includes(submission)) seen.push(submission);
      return seen.indexOf(submission) === 1 ? ('Invalid' as const) : undefined;
    };
    return withApple({ notary: { verdict } }, async (world) => {
      const jobId = await world.submit(macJob());
      await expectFailed(world, jobId, /^NOTARY_REJECTED: /);
      expect(submissionsOf(world)).toEqual([
        [1, 'Accepted'],
        [1, 'Invalid'],
      ]);
    });
  });

  test('whose ticket does not come fails when the time is up, before anything is made anew', () =>
    withApple(
      {
        lateTickets: Number.POSITIVE_INFINITY,
        scene: { limits: { notarization: { ticketTimeout: 300 } } },
      },
      async (world) => {
        await expectFailed(world, await world.submit(macJob()), /^NOTARY_TIMED_OUT: .*ticket/);
        expect(submissionsOf(world)).toEqual([[1, 'Accepted']]);
      },
    ));

  test('whose machine is lost while Apple judges the app goes on in another one', () =>
    withApple({ notary: { pollsBeforeVerdict: Number.POSITIVE_INFINITY } }, async (world) => {
      const [judging, gone, remade] = ['awaitingVerdict.pausing', 'deleted', CHECKING_REMADE].map((state) =>
        world.reached(state),
      );
      const jobId = await world.submit(macJob());
      await judging;
      await killGuest(world);
      await gone;
      for (const submission of world.apple.submissions) submission.pollsLeft = 0;
      await remade;
      await world.reached('awaitingVerdict.pausing');
      for (const submission of world.apple.submissions) submission.pollsLeft = 0;
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expect(world.log.filter((line) => line.includes('"state":"cloning"'))).toHaveLength(2);
      expect(submissionsOf(world)).toEqual(ACCEPTED_TWICE);
      await expectStapled(world, jobId);
    }));

  test.each(['updatingBundle', 'packagingAnew'])('whose machine is lost in %s fails', (state) =>
    withApple({}, async (world) => {
      const killed = world.reached(`engaged.work.running.${state}`).then(() => killGuest(world));
      const jobId = await world.submit(macJob());
      await killed;
      await expectFailed(world, jobId, /^(VM_EXITED|GUEST_LOST|GUEST_TRANSFER_FAILED|GUEST_EXEC_REFUSED): /);
    }),
  );

  test('that Apple finds fault with fails, tells the findings as lines, and delivers nothing', () =>
    withApple({ scene: { env: { PERRY_TIMESTAMP_URL: 'none' } } }, async (world) => {
      const jobId = await world.submit(macJob());
      await expectFailed(world, jobId, /^NOTARY_REJECTED: .*timestamp/);
      const id = world.apple.submissions[0]?.id ?? '';
      expect(linesOf(world, jobId)).toContainEqual(expect.stringContaining(`submission ${id}: invalid`));
      expect(linesOf(world, jobId)).toContainEqual(expect.stringMatching(/terminal-notifier.*timestamp/));
    }));

  test('that is cancelled while Apple thinks ends at once', () =>
    withApple({ notary: { pollsBeforeVerdict: Number.POSITIVE_INFINITY } }, async (world) => {
      const waiting = world.reached('awaitingVerdict.pausing');
      const jobId = await world.submit(macJob());
      await waiting;
      expect(world.hub.cancel(jobId)).toBe(true);
      expect(await world.completed(jobId)).toMatchObject({ success: false, error: 'cancelled' });
      expect(world.hub.artifact(jobId)).toBeUndefined();
      expect(world.apple.submissions).toHaveLength(1);
    }));

  test.each(['updatingBundle', 'packagingAnew', 'checkingRemade', 'recordingChange'])(
    'that is cancelled in %s ends at once, after one submission',
    (state) =>
      withApple({}, async (world) => {
        let jobId = '';
        world.atState(`engaged.work.running.${state}`, () =>
          world.daemon.supervisor.send({ type: 'job.cancelRequested', jobId }),
        );
        jobId = await world.submit(macJob());
        expect(await world.completed(jobId)).toMatchObject({ success: false, error: 'cancelled' });
        expect(submissionsOf(world)).toEqual([[1, 'Accepted']]);
      }),
  );

  test.each(['recallingArtifact', 'keepingArtifact'])('that is cancelled in %s ends at once', (state) =>
    withApple({}, async (world) => {
      let jobId = '';
      world.atState(`engaged.work.running.${state}`, () =>
        world.daemon.supervisor.send({ type: 'job.cancelRequested', jobId }),
      );
      jobId = await world.submit(macJob());
      expect(await world.completed(jobId)).toMatchObject({ success: false, error: 'cancelled' });
      expect(world.apple.submissions).toEqual([]);
    }),
  );

  test('whose verdict never comes fails when the time is up', () =>
    withApple(
      {
        notary: { pollsBeforeVerdict: Number.POSITIVE_INFINITY },
        scene: { limits: { notarization: { verdictTimeout: 300 } } },
      },
      async (world) =>
        expectFailed(world, await world.submit(macJob()), /^NOTARY_TIMED_OUT: .*notarytool info/),
    ));

  test('while an agreement is missing fails with what is to be done', () =>
    withApple({}, async (world) => {
      world.apple.faults.next('submit', 'agreement');
      await expectFailed(world, await world.submit(macJob()), /agreement/i);
      expect(world.apple.submissions).toEqual([]);
    }));

  test('goes on with the notarization when the link breaks, and is not delivered under a dead token', () =>
    withApple({ notary: { pollsBeforeVerdict: 3 } }, async (world) => {
      const waiting = world.reached('awaitingVerdict.asking');
      const jobId = await world.submit(macJob());
      await waiting;
      world.hub.dropAllSockets();
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      await expectStapled(world, jobId);
      expect(submissionsOf(world)).toEqual(ACCEPTED_TWICE);
    }));

  test.each([1, 2, 3])('gets there through the faults of seed %d', (seed) =>
    withApple({ chaos: { seed, percent: 25 } }, async (world) => {
      const jobId = await world.submit(macJob());
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      await expectStapled(world, jobId);
    }),
  );
});

describe('an iOS job for the store', () => {
  test.each(['testflight', 'appstore'])(
    '%s: published, then delivered; Apple has the very same file',
    (wish) =>
      withApple({}, async (world) => {
        const jobId = await world.submit(iosJob(wish));
        expect(await world.completed(jobId)).toMatchObject({ success: true });
        expectGoodConversation(world.hub, jobId, PUBLISHED);
        const messages = world.hub.messages(jobId);
        const published = messages.findIndex(({ type }) => type === 'published');
        expect(messages[published]).toMatchObject({
          platform: 'ios',
          message: expect.stringMatching(/uploaded/),
        });
        expect(published).toBeLessThan(messages.findIndex(({ type }) => type === 'complete'));
        expect(world.store.uploads).toMatchObject([
          { sha256Hex: world.hub.artifact(jobId)?.sha256Hex, state: 'COMPLETE', commits: 1, platform: 'IOS' },
        ]);
      }),
  );

  test('that was taken back in the middle and comes again goes on with its upload: nothing is sent twice', () =>
    withApple(
      {
        store: { pollsBeforeVerdict: Number.POSITIVE_INFINITY },
        scene: { limits: { hub: { backoff: 400 } } },
      },
      async (world) => {
        const waiting = world.reached('awaitingProcessing.pausing');
        const jobId = await world.submit(iosJob());
        await waiting;
        await lendToAnother(world);
        expect(await world.completed(jobId)).toMatchObject({ success: true });
        expect(world.store.uploads).toMatchObject([{ state: 'COMPLETE', commits: 1 }]);
        expect(world.hub.messages(jobId).filter(({ type }) => type === 'published')).toHaveLength(1);
      },
    ));

  test('that the store does not take fails with what the store says', () => {
    const errors = [{ code: '90717', description: 'Invalid large app icon with an alpha channel.' }];
    return withApple({ store: { errors } }, async (world) => {
      const jobId = await world.submit(iosJob());
      await expectFailed(world, jobId, /^STORE_REJECTED: .*90717/);
      expect(world.hub.messages(jobId).filter(({ type }) => type === 'published')).toEqual([]);
    });
  });

  test('while an agreement is missing fails with what is to be done', () =>
    withApple({}, async (world) => {
      world.apple.faults.next('apps', 'agreement');
      await expectFailed(world, await world.submit(iosJob()), /agreement/i);
      expect(world.store.uploads).toEqual([]);
    }));

  test('of an app that the account does not have says so', () =>
    withApple({ store: { apps: [] } }, async (world) =>
      expectFailed(world, await world.submit(iosJob()), /^STORE_APP_UNKNOWN: /),
    ));

  test('of which Apple is still thinking at the deadline counts as published', () =>
    withApple(
      {
        store: { pollsBeforeVerdict: Number.POSITIVE_INFINITY },
        scene: { limits: { storeUpload: { processingTimeout: 200 } } },
      },
      async (world) => {
        const jobId = await world.submit(iosJob());
        expect(await world.completed(jobId)).toMatchObject({ success: true });
        expect(world.hub.messages(jobId)).toContainEqual(
          expect.objectContaining({ type: 'published', message: expect.stringMatching(/still processing/) }),
        );
      },
    ));

  test('whose certificate is for something else fails before Apple is asked', () =>
    withApple({}, async (world) => {
      const { p12, password } = room.materials.developerId;
      const job = room.materials.iosJob({
        manifest: { ios_distribute: 'testflight' },
        credentials: {
          ...room.apiKey,
          apple_certificate_p12_base64: p12.toString('base64'),
          apple_certificate_password: password,
        },
      });
      await expectFailed(
        world,
        await world.submit(job),
        /^(CERTIFICATE_KIND_WRONG|PROFILE_CERTIFICATE_MISSING): /,
      );
      expect(world.apple.requests).toEqual([]);
    }));

  test.each([1, 2, 3])('gets there through the faults of seed %d', (seed) =>
    withApple({ chaos: { seed, percent: 20 } }, async (world) => {
      const jobId = await world.submit(iosJob());
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expect(world.store.uploads.filter(({ commits }) => commits > 0)).toHaveLength(1);
    }),
  );
});

const APP = '6443210987';
const groups = [
  { id: 'g1', name: 'Team', appId: APP, isInternalGroup: true, hasAccessToAllBuilds: true },
  { id: 'g2', name: 'Friends', appId: APP, isInternalGroup: false },
];
const testersJob = (wishes: JobChanges['manifest']) =>
  room.materials.iosJob({
    manifest: { ios_distribute: 'testflight', ...wishes },
    credentials: room.apiKey,
  });
const forFriends = {
  testflight_groups: ['Team', 'Friends'],
  testflight_notes: { 'en-US': 'Try the clock.' },
};

describe('an iOS job for testers', () => {
  test('ends when its groups have the build, with the notes, and with what the app says about encryption', () =>
    withApple({ store: { groups, build: { pollsBeforeProcessed: 2 } } }, async (world) => {
      const jobId = await world.submit(testersJob(forFriends));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expectGoodConversation(world.hub, jobId, [...PUBLISHED, 'publishing']);
      const build = world.store.uploads[0]?.build ?? expect.fail('no build');
      expect(build).toMatchObject({
        ...{ processingState: 'VALID', usesNonExemptEncryption: false, review: 'WAITING_FOR_BETA_REVIEW' },
        notes: [{ locale: 'en-US', whatsNew: 'Try the clock.' }],
      });
      expect(world.store.testing.groupsOf(build)).toEqual(['Friends']);
      expect(linesOf(world, jobId)).toContainEqual(expect.stringContaining('"Team" gets every build'));
    }));

  test('that only waits ends when Apple has processed the build, and touches no group', () =>
    withApple({ store: { groups, build: { pollsBeforeProcessed: 2 } } }, async (world) => {
      const jobId = await world.submit(testersJob({ wait: true }));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expect(world.store.uploads[0]?.build.processingState).toBe('VALID');
      const asked = world.apple.requests.map(({ route }) => route);
      expect(asked.filter((route) => /group|notes|review/i.test(route))).toEqual([]);
    }));

  test('that names a group which is not there fails before anything is sent', () =>
    withApple({ store: { groups } }, async (world) => {
      const jobId = await world.submit(testersJob({ testflight_groups: ['friends'] }));
      await expectFailed(world, jobId, /^STORE_GROUP_UNKNOWN: .*"friends".*"Team", "Friends"/);
      expect(world.store.uploads).toEqual([]);
    }));

  test('fails when not all of it can be done, with the artifact delivered and the build called uploaded', () =>
    withApple({ store: { groups } }, async (world) => {
      world.store.testing.isReviewBusy = true;
      const jobId = await world.submit(testersJob(forFriends));
      expect(await world.completed(jobId)).toMatchObject({
        success: false,
        error: expect.stringMatching(
          /^STORE_FOLLOW_UP_FAILED: The build is in App Store Connect.*Another build is in review.*delivered all the same/,
        ),
      });
      expect(world.hub.artifact(jobId)).toBeDefined();
      const messages = world.hub.messages(jobId);
      expect(messages.filter(({ type }) => type === 'published')).toHaveLength(1);
    }));

  test('that is cancelled while Apple processes the build ends at once', () =>
    withApple({ store: { build: { pollsBeforeProcessed: Number.POSITIVE_INFINITY } } }, async (world) => {
      const waiting = world.reached('awaitingBuild.pausing');
      const jobId = await world.submit(testersJob({ wait: true }));
      await waiting;
      expect(world.hub.cancel(jobId)).toBe(true);
      expect(await world.completed(jobId)).toMatchObject({ success: false, error: 'cancelled' });
    }));

  test.each([1, 2, 3])('gets there through the faults of seed %d', (seed) =>
    withApple({ store: { groups }, chaos: { seed, percent: 20 } }, async (world) => {
      const jobId = await world.submit(testersJob(forFriends));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      const [build] = world.store.uploads.filter(({ commits }) => commits > 0).map(({ build }) => build);
      expect(build && world.store.testing.groupsOf(build)).toEqual(['Friends']);
    }),
  );
});
