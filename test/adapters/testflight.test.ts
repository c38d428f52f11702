import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createActor, toPromise } from 'xstate';
import type { Failure } from '../../machines/contracts/failure.ts';
import { provideStoreUpload } from '../../src/actors/store-upload.ts';
import { provideTestflight } from '../../src/actors/testflight.ts';
import { type AfterUpload, DEFAULT_NOTES, type Manifest } from '../../src/domain/manifest/index.ts';
import type { RunResults } from '../../src/run/run-results.ts';
import { type StoreOptions, StoreService } from '../apple-simulator/app-store-connect.ts';
import { type AppleSimulator, startAppleSimulator } from '../apple-simulator/apple-simulator.ts';
import type { Chaos, Fault } from '../apple-simulator/faults.ts';
import { noAccount } from '../helpers/notary-room.ts';
import { runsWithDesks } from '../helpers/run-with-results.ts';

type Facts = NonNullable<RunResults['facts']>;
type Found = NonNullable<RunResults['found']>;

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const apiPrivateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const key = { keyId: 'SIMKEY0001', issuerId: '57246542-96fe-1a63-e053-0824d011072a' };
const app = { id: '6443210987', bundleId: 'com.example.app' };
const group = (name: string, isInternalGroup: boolean, hasAccessToAllBuilds = false) => ({
  ...{ id: `g-${name}`, name, appId: app.id },
  ...{ isInternalGroup, hasAccessToAllBuilds },
});
const groups = [group('Team', true, true), group('QA', true), group('Friends', false)];

let folder: string;
let apple: AppleSimulator;
let store: StoreService;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-testflight-'));
  await writeFile(join(folder, 'app.ipa'), Buffer.alloc(1_000, 3));
});
afterEach(async () => {
  await apple.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<StoreOptions> = {}, chaos?: Chaos): Promise<void> {
  store = new StoreService({ apps: [app], groups, ...options });
  apple = await startAppleSimulator({
    apiKeys: [{ ...key, publicKeyPem }],
    services: [store.service],
    ...(chaos && { chaos }),
  });
}

interface Ended {
  readonly uploaded: boolean;
  readonly outcome: 'ready' | 'failed';
  readonly remarks: readonly string[];
  readonly failure: Failure | null;
}

/** Both charts over the real adapters, one after the other as in a job; only the pauses are short. */
async function publish(asked: Partial<AfterUpload>, declares?: boolean): Promise<Ended> {
  const afterUpload = { groups: [], notes: {}, ...asked };
  const { runs, open } = runsWithDesks({ folder, env: { PERRY_APP_STORE_CONNECT_URL: apple.url } });
  const facts = { bundleId: app.bundleId, shortVersion: '1.2.0', version: '42', platform: 'ios' };
  const results = await open('run-1', {
    credentials: { apiKeyId: key.keyId, apiIssuerId: key.issuerId, apiPrivateKeyPem },
    facts: { ...facts, infoPlist: 'Info.plist' } as Facts,
  });
  results.manifest = { afterUpload } as Manifest;
  if (declares !== undefined) results.found = await bundleThatDeclares(declares);
  const artifact = { name: 'app.ipa', sizeBytes: 1_000, sha256Hex: 'a'.repeat(64) };
  results.artifacts.set(artifact.name, { ...artifact, path: join(folder, 'app.ipa') });
  const about = { runId: 'run-1', artifact };
  try {
    const namesGroups = afterUpload.groups.length > 0;
    const uploaded = await outputOf(
      createActor(
        provideStoreUpload({
          runs,
          signatures: noAccount(),
          limits: { storeUpload: { retryPause: 1, pollPause: 1, settlePause: 1 } },
        }),
        { input: { ...about, uploadId: null, namesGroups } },
      ),
    );
    if (uploaded.outcome === 'failed') return { ...uploaded, uploaded: false, outcome: 'failed' };
    const wishes = { hasNotes: Object.keys(afterUpload.notes).length > 0, hasGroups: namesGroups };
    const limits = { testflight: { retryPause: 1, pollPause: 1 } };
    const machine = provideTestflight({ runs, limits });
    return { ...(await outputOf(createActor(machine, { input: { ...about, wishes } }))), uploaded: true };
  } finally {
    await runs.close();
  }
}

// biome-ignore lint/suspicious/noExplicitAny: of either chart
async function outputOf(actor: any): Promise<any> {
  const ended = toPromise(actor);
  actor.start();
  return ended;
}

async function bundleThatDeclares(value: boolean): Promise<Found> {
  const plist = `<plist version="1.0"><dict><key>ITSAppUsesNonExemptEncryption</key><${value}/></dict></plist>`;
  await writeFile(join(folder, 'Info.plist'), plist);
  return { appPath: folder } as Found;
}

const build = () => store.uploads[0]?.build ?? expect.fail('no build');
const notes = () => Object.fromEntries(build().notes.map(({ locale, whatsNew }) => [locale, whatsNew]));
const requests = (route: string) => apple.requests.filter((request) => request.route === route).length;

describe('what follows an upload', () => {
  test('is the wait until Apple has processed the build, and the answer of the Info.plist about encryption', async () => {
    await start({ build: { pollsBeforeProcessed: 3 } });
    expect(await publish({}, false)).toMatchObject({ outcome: 'ready', remarks: [], failure: null });
    expect(build()).toMatchObject({ processingState: 'VALID', usesNonExemptEncryption: false });
    expect(requests('builds')).toBe(4);
    expect(apple.requests.map(({ route }) => route)).not.toContain('betaGroups');
  });

  test('leaves alone what Apple knows about encryption', async () => {
    await start({ build: { usesNonExemptEncryption: true } });
    expect(await publish({}, false)).toMatchObject({ outcome: 'ready' });
    expect([build().usesNonExemptEncryption, requests('answerCompliance')]).toEqual([true, 0]);
  });

  test('gives the build to its groups, but to those that have every build, and asks for the review', async () => {
    await start();
    const { outcome, remarks } = await publish({ groups: ['Team', 'QA', 'Friends'] }, false);
    expect(outcome).toBe('ready');
    expect(store.testing.groupsOf(build())).toEqual(['QA', 'Friends']);
    expect(build().review).toBe('WAITING_FOR_BETA_REVIEW');
    expect(remarks).toEqual([
      'The group "Team" gets every build by itself.',
      'Testers outside of the team get the build as soon as Apple has reviewed it.',
    ]);
  });

  test('finds an app and a group on the last page of many', async () => {
    const likeIt = Array.from({ length: 450 }, (_, index) => ({
      id: `${index}`,
      bundleId: `${app.bundleId}.${index}`,
    }));
    const many = Array.from({ length: 250 }, (_, index) => group(`Other ${index}`, true));
    await start({ apps: [...likeIt, app], groups: [...many, ...groups] });
    expect(await publish({ groups: ['QA'] }, false)).toMatchObject({ outcome: 'ready' });
    expect(store.testing.groupsOf(build())).toEqual(['QA']);
    expect(requests('apps') % 3).toBe(0);
  });

  test('asks for no review where all testers are of the team', async () => {
    await start();
    expect(await publish({ groups: ['QA'] }, true)).toMatchObject({ outcome: 'ready', remarks: [] });
    expect([build().review, build().usesNonExemptEncryption]).toEqual([null, true]);
  });

  test('writes notes in the languages that are there, in those that are named, and else in that of the app', async () => {
    await start({ build: { locales: ['en-US', 'fr-FR'] } });
    const own = { [DEFAULT_NOTES]: 'Try the clock.', 'fr-FR': "Essayez l'horloge.", ja: '時計' };
    expect(await publish({ notes: own }, false)).toMatchObject({ outcome: 'ready' });
    expect(notes()).toEqual({ 'en-US': 'Try the clock.', 'fr-FR': "Essayez l'horloge.", ja: '時計' });
    await apple.stop();
    await start();
    await publish({ notes: { [DEFAULT_NOTES]: 'Uhr' } }, false);
    expect(notes()).toEqual({ 'de-DE': 'Uhr' });
  });
});

describe('what goes wrong', () => {
  test('a group that is not there is refused before anything is sent, with the names of those that are', async () => {
    await start();
    const { uploaded, failure } = await publish({ groups: ['Freinds', 'QA'] }, false);
    expect([uploaded, store.uploads]).toEqual([false, []]);
    expect(failure).toMatchObject({
      code: 'STORE_GROUP_UNKNOWN',
      summary: 'The app has no TestFlight group "Freinds".',
      reason: 'Its groups are "Team", "QA", "Friends".',
    });
  });

  test.each(['INVALID', 'FAILED'] as const)(
    'a build whose processing ends as %s is a refused one',
    async (endsAs) => {
      await start({ build: { endsAs } });
      expect((await publish({}, false)).failure).toMatchObject({
        code: 'STORE_REJECTED',
        reason: expect.stringContaining(endsAs),
        nextStep: expect.stringContaining('e-mail'),
      });
    },
  );

  test('without an answer about encryption testers cannot get the build', async () => {
    await start();
    expect(await publish({ groups: ['QA'] })).toMatchObject({
      uploaded: true,
      failure: {
        code: 'STORE_FOLLOW_UP_FAILED',
        summary: expect.stringMatching(/^The build is in App Store Connect.*encryption/),
        nextStep: expect.stringContaining('ITSAppUsesNonExemptEncryption'),
      },
    });
  });

  test('another build in review is no failed upload, and the groups have the build all the same', async () => {
    await start();
    store.testing.isReviewBusy = true;
    const { failure } = await publish({ groups: ['Friends'] }, false);
    expect(failure).toMatchObject({
      code: 'STORE_FOLLOW_UP_FAILED',
      summary: expect.stringMatching(/^The build is in App Store Connect/),
      reason: expect.stringContaining('Another build is in review'),
    });
    expect(store.testing.groupsOf(build())).toEqual(['Friends']);
  });

  const routes = ['betaGroups', 'builds', 'answerCompliance', 'listNotes', 'createNotes', 'joinGroups'];
  const passing: readonly Fault[] = [
    ...(['tooMany', 'serverError', 'unauthorized', 'garbage', 'refused'] as const),
    ...(['servedLost', 'servedError'] as const),
  ];
  test.each(
    [...routes, 'betaDetail', 'requestReview'].flatMap((route) =>
      passing.map((fault) => [route, fault] as const),
    ),
  )('at %s: %s passes, and nothing is done twice', async (route, fault) => {
    await start();
    apple.faults.next(route, fault);
    const done = await publish({ groups: ['Friends'], notes: { 'en-US': 'Hello' } }, false);
    expect(done.failure).toBeNull();
    expect([notes(), build().usesNonExemptEncryption, build().review]).toEqual([
      { 'en-US': 'Hello' },
      false,
      'WAITING_FOR_BETA_REVIEW',
    ]);
    expect([store.testing.groupsOf(build()), store.uploads.length]).toEqual([['Friends'], 1]);
  });

  test('a key that is refused for good is named, and the build is called uploaded', async () => {
    await start();
    apple.faults.next('listNotes', ...Array<Fault>(2).fill('unauthorized'));
    expect((await publish({ notes: { 'en-US': 'x' } }, false)).failure).toMatchObject({
      code: 'STORE_FOLLOW_UP_FAILED',
      summary: expect.stringContaining('does not accept the App Store Connect API key'),
    });
  });

  test.each([1, 2, 3, 4, 5, 6])(
    'in a storm of faults everything is done in the end (seed %i)',
    async (seed) => {
      await start({ build: { pollsBeforeProcessed: 2, locales: ['en-US'] } }, { seed, percent: 25 });
      const asked = { groups: ['QA', 'Friends'], notes: { [DEFAULT_NOTES]: 'x' } };
      expect((await publish(asked, false)).failure).toBeNull();
      expect(apple.requests.filter(({ fault }) => fault !== undefined).length).toBeGreaterThan(2);
      expect([store.testing.groupsOf(build()), store.uploads.length]).toEqual([['QA', 'Friends'], 1]);
      expect([notes(), build().usesNonExemptEncryption, build().review]).toEqual([
        { 'en-US': 'x' },
        false,
        'WAITING_FOR_BETA_REVIEW',
      ]);
    },
  );
});
