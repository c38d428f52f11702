import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { FILE_RESERVATIONS } from '../../machines/store-upload/limits.ts';
import { provideStoreUpload } from '../../src/actors/store-upload.ts';
import { openJournal } from '../../src/journal/journal.ts';
import type { RunResults } from '../../src/run/run-results.ts';
import { buildKeyOf } from '../../src/run/steps/earlier-upload.ts';
import { type StoreOptions, StoreService } from '../apple-simulator/app-store-connect.ts';
import { type AppleSimulator, startAppleSimulator } from '../apple-simulator/apple-simulator.ts';
import type { Chaos } from '../apple-simulator/faults.ts';
import { noAccount } from '../helpers/notary-room.ts';
import { runsWithDesks } from '../helpers/run-with-results.ts';

type Facts = NonNullable<RunResults['facts']>;

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const apiPrivateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const key = { keyId: 'ABCDEFGHIJ', issuerId: '11111111-2222-3333-4444-555555555555' };
const app = { id: '1234567890', bundleId: 'com.example.app' };
const content = randomBytes(100_000);

let folder: string;
let apple: AppleSimulator;
let store: StoreService;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-store-'));
  await writeFile(join(folder, 'app.ipa'), content);
});
afterEach(async () => {
  await apple.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<StoreOptions> = {}, chaos?: Chaos): Promise<void> {
  store = new StoreService({
    apps: [{ id: '9', bundleId: 'com.example.app.beta' }, app],
    partBytes: 30_000,
    ...options,
  });
  apple = await startAppleSimulator({
    apiKeys: [{ ...key, publicKeyPem }],
    services: [store.service],
    ...(chaos && { chaos }),
  });
}

/** The real machine over the real adapters; only the pauses are short. */
async function upload(uploadId: string | null = null, bundleId = app.bundleId) {
  const { runs, open } = runsWithDesks({ folder, env: { PERRY_APP_STORE_CONNECT_URL: apple.url } });
  const results = await open('run-1', {
    credentials: { apiKeyId: key.keyId, apiIssuerId: key.issuerId, apiPrivateKeyPem },
    facts: { bundleId, shortVersion: '1.2.0', version: '42', platform: 'ios' } as Facts,
  });
  const artifact = { name: 'app.ipa', sizeBytes: content.length, sha256Hex: 'a'.repeat(64) };
  results.artifacts.set(artifact.name, { ...artifact, path: join(folder, 'app.ipa') });
  const machine = provideStoreUpload({ runs, limits: {}, signatures: noAccount() }).provide({
    delays: { retryPause: 1, pollPause: 1, settlePause: 1 },
  });
  const actor = createActor(machine, { input: { runId: 'run-1', artifact, uploadId, namesGroups: false } });
  const done = toPromise(actor);
  actor.start();
  const output = await done;
  await runs.close();
  const journalled = await openJournal(folder).findUpload(buildKeyOf(results, artifact));
  return { ...output, journalled: journalled?.uploadId };
}

describe('a build on its way into the store', () => {
  test('arrives whole, is journalled, and the app is found by its exact identifier', async () => {
    await start();
    const result = await upload();
    expect(result).toMatchObject({ outcome: 'published', processed: true, failure: null });
    expect(store.uploads).toHaveLength(1);
    expect(store.uploads[0]).toMatchObject({ appId: app.id, state: 'COMPLETE', platform: 'IOS', commits: 1 });
    expect(result.journalled).toBe(store.uploads[0]?.id);
    // parts are sent side by side
    const parts = [...(store.uploads[0]?.parts ?? [])].toSorted(([a], [b]) => a - b);
    expect(Buffer.concat(parts.map(([, part]) => part)).equals(content)).toBe(true);
    expect(apple.violations).toEqual([]);
  });

  test('is refused by processing: the failure says what Apple says, and what to do', async () => {
    await start({ errors: [{ code: '90704', description: 'Missing required icon file.' }] });
    const { outcome, failure } = await upload();
    expect(outcome).toBe('failed');
    expect(failure).toMatchObject({ code: 'STORE_REJECTED' });
    expect(failure?.reason).toContain('Missing required icon file. (90704)');
    expect(failure?.nextStep).toContain('1024');
  });

  test('for an app that has no record: said at once, nothing reserved', async () => {
    await start();
    const { failure } = await upload(null, 'com.example.ap');
    expect(failure?.code).toBe('STORE_APP_UNKNOWN');
    expect(store.uploads).toEqual([]);
  });

  test('with a build number that was used before', async () => {
    await start();
    await upload();
    const { failure } = await upload();
    expect(failure?.code).toBe('STORE_DUPLICATE');
    expect(failure?.nextStep).toContain('build number');
  });

  test.each([
    ['an answer to the reservation that is lost', 'reserveUpload', 'servedLost'],
    ['a commit whose answer is lost', 'commitFile', 'servedLost'],
    ['a commit that is processed and answered with an error', 'commitFile', 'servedError'],
    ['a commit that never arrives', 'commitFile', 'refused'],
    ['parts that fail for now', 'putPart', 'serverError'],
    ['too many requests', 'apps', 'tooManyBare'],
    ['a verdict that does not come the first time', 'askUpload', 'unavailable'],
    ['a token that is refused once', 'reserveFile', 'unauthorizedText'],
    ['a page of a proxy in place of the confirmation', 'commitFile', 'garbage'],
    ['a page of a proxy in place of the receipt of a part', 'putPart', 'garbage'],
    ['an address of a part that has expired', 'putPart', 'addressExpired'],
    ['a look for earlier uploads that is refused for good', 'earlierUploads', 'missing'],
    ['an upload that is not known everywhere at once', 'askUpload', 'missing'],
  ] as const)('survives %s, and sends the build once', async (_, route, fault) => {
    await start();
    apple.faults.next(route, fault);
    expect(await upload()).toMatchObject({ outcome: 'published' });
    expect(store.uploads.filter(({ state }) => state === 'COMPLETE')).toHaveLength(1);
    expect(apple.violations).toEqual([]);
  });

  test('a restart asks what became of the upload, and does not send it again', async () => {
    await start();
    const { uploadId } = await upload();
    const sent = apple.requests.length;
    expect(await upload(uploadId)).toMatchObject({ outcome: 'published', uploadId });
    expect(apple.requests.slice(sent).map(({ route }) => route)).toEqual(['askUpload']);
  });

  test('addresses of parts that have expired are asked for anew, a few times', async () => {
    await start({ addressMs: -1 });
    expect(await upload()).toMatchObject({ outcome: 'failed', failure: { code: 'STORE_TIMED_OUT' } });
    expect(store.fileReservations).toBe(FILE_RESERVATIONS);
    expect(apple.requests.filter(({ route }) => route === 'putPart')).toEqual([]);
  });

  test('a number that a previous process of the same job has used is no objection', async () => {
    await start();
    const { uploadId } = await upload();
    store.forgotten.add(uploadId ?? '');
    expect(await upload(uploadId)).toMatchObject({ outcome: 'published', processed: true, failure: null });
    expect(store.uploads).toHaveLength(1);
  });

  test('a number that another job has used is one, also when a previous process had begun', async () => {
    await start();
    await upload();
    for (const other of store.uploads) other.uploadedDate = '2020-01-01T00:00:00Z';
    expect((await upload('00000000-gone')).failure?.code).toBe('STORE_DUPLICATE');
  });

  test('a commit that is refused for good fails with what Apple says', async () => {
    await start();
    apple.faults.next('commitFile', 'mismatch');
    const { failure } = await upload();
    expect(failure).toMatchObject({ code: 'STORE_REJECTED' });
    expect(failure?.summary).toContain('Info.plist value mismatch');
    expect(store.uploads[0]?.commits).toBe(0);
  });

  test('with a key that Apple does not know', async () => {
    await start();
    apple.faults.next('apps', 'unauthorized', 'unauthorized');
    expect((await upload()).failure?.code).toBe('APPLE_AUTH_REFUSED');
  });
});
