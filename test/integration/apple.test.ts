import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkSignature } from '../../src/adapters/code-signature/index.ts';
import { throwawayProfileRootPem } from '../../src/demo/throwaway-identity.ts';
import { startTimestampAuthority, type TimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import { type StoreOptions, StoreService } from '../apple-simulator/app-store-connect.ts';
import {
  type AppleSimulator,
  type AppleSimulatorOptions,
  startAppleSimulator,
} from '../apple-simulator/apple-simulator.ts';
import { patience, type Scene, type SceneOptions, WORKER_SECRET, withScene } from '../helpers/daemon.ts';
import { connectWorker } from '../helpers/hub.ts';
import { apiIssuerId, apiKeyId, makeApiKey } from '../helpers/notary-room.ts';
import { expectGoodConversation, expectOneComplete } from './judges.ts';
import { type JobChanges, type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
let authority: TimestampAuthority;
const key = makeApiKey();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-apple-jobs-'));
  [materials, authority] = await Promise.all([
    makeMaterials(join(folder, 'materials')),
    startTimestampAuthority(),
  ]);
  await writeFile(join(folder, 'roots.pem'), throwawayProfileRootPem());
});
afterAll(async () => {
  await authority.stop();
  await rm(folder, { recursive: true, force: true });
});

interface World extends Scene {
  readonly apple: AppleSimulator;
  readonly store: StoreService;
}

type WorldOptions = Omit<AppleSimulatorOptions, 'apiKeys'> & {
  readonly store?: Partial<StoreOptions>;
  readonly scene?: SceneOptions;
};

const IOS_APP = { id: '6443210987', bundleId: 'com.example.perrydemo' };

/** The whole daemon, and Apple beside it. */
async function withApple(options: WorldOptions, run: (world: World) => Promise<void>): Promise<void> {
  const { store: storeOptions, scene: sceneOptions, ...apples } = options;
  const store = new StoreService({ apps: [IOS_APP], partBytes: 5_000, ...storeOptions });
  const apple = await startAppleSimulator({ ...apples, apiKeys: [key.known], services: [store.service] });
  const env = {
    ...apple.env,
    PERRY_TIMESTAMP_URL: authority.url,
    PERRY_TRUST_ROOTS: join(folder, 'roots.pem'),
    ...sceneOptions?.env,
  };
  try {
    await withScene({ secrets: materials.secrets, ...sceneOptions, env }, async (scene) => {
      await scene.linked();
      await run(Object.assign(scene, { apple, store }));
      for (const { grant } of apple.submissions)
        for (const secret of [grant.secretAccessKey, grant.sessionToken])
          scene.secrets.add('a permission to upload', secret);
      scene.secrets.look('the log', scene.log.join(''));
    });
    expect(apple.violations).toEqual([]);
  } finally {
    await apple.stop();
  }
}

const apiKey = { apple_key_id: apiKeyId, apple_issuer_id: apiIssuerId, apple_p8_key: key.privateKeyPem };
const macJob = (manifest: JobChanges['manifest'] = { macos_distribute: 'notarize' }) =>
  materials.macJob({ manifest, credentials: apiKey });
const iosJob = (ios_distribute = 'testflight') =>
  materials.iosJob({ manifest: { ios_distribute }, credentials: apiKey });

const SIGNED = ['extracting', 'generating_assets', 'signing', 'packaging'];
const NOTARIZED = [...SIGNED, 'notarizing', 'uploading'];
const PUBLISHED = [...SIGNED, 'publishing', 'uploading'];

const linesOf = ({ hub }: Scene, jobId: string): string[] =>
  hub
    .messages(jobId)
    .filter(({ type }) => type === 'log')
    .map(({ line }) => String(line));

/** The delivered image is the one that Apple saw, plus its ticket. */
async function expectStapled({ hub, apple }: World, jobId: string): Promise<void> {
  const path = hub.artifact(jobId)?.path ?? '';
  const { signatures, findings } = await checkSignature(path, { signal: AbortSignal.timeout(20_000) });
  expect(findings).toEqual([]);
  expect(signatures[0]).toMatchObject({ hasStapledTicket: true });
  expect(hub.artifact(jobId)?.sha256Hex).not.toBe(apple.submissions.at(-1)?.sha256);
}

async function expectFailed(world: World, jobId: string, error: RegExp): Promise<void> {
  expect(await world.completed(jobId)).toMatchObject({ success: false, error: expect.stringMatching(error) });
  expect(world.hub.artifact(jobId)).toBeUndefined();
  expectOneComplete(world.hub.messages(jobId));
  expect(world.hub.messages(jobId).filter(({ type }) => type === 'error')).toHaveLength(1);
}

describe('a macOS job that is notarized', () => {
  test.each([
    ['because it asks for it', { macos_distribute: 'notarize' }],
    ['because there is a key and nothing else is said', {}],
  ])('%s: one submission, and the image carries its ticket', (_, manifest) =>
    withApple({ notary: { pollsBeforeVerdict: 2, lateLogs: 1 }, lateTickets: 1 }, async (world) => {
      const jobId = await world.submit(macJob(manifest));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expectGoodConversation(world.hub, jobId, NOTARIZED);
      expect(world.apple.submissions.map(({ uploads, status }) => [uploads, status])).toEqual([
        [1, 'Accepted'],
      ]);
      await expectStapled(world, jobId);
      expect(linesOf(world, jobId)).toContainEqual(
        expect.stringMatching(/verdict on submission .*: accepted/),
      );
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
      expect(world.apple.submissions).toHaveLength(1);
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
        world.hub.dropAllSockets();
        await world.hub.until(() => (world.hub.workers().length === 0 ? true : undefined), patience());
        // the hub leaves the count of a worker that went behind for the next one: room for two
        const other = await connectWorker(world.hub, {
          secret: WORKER_SECRET,
          name: 'the other',
          maxConcurrent: 2,
        });
        await other.assignment(1);
        await world.idle();
        for (const upload of world.store.uploads) upload.pollsLeft = 0;
        other.socket.close();
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
      const { p12, password } = materials.developerId;
      const job = materials.iosJob({
        manifest: { ios_distribute: 'testflight' },
        credentials: {
          ...apiKey,
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
