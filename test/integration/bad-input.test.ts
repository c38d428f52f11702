import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAMAGED_BUNDLE_ATTEMPTS, TRANSFER_ATTEMPTS } from '../../machines/sign-job/limits.ts';
import type { JobSubmission, TransferFault } from '../../src/embedded-hub/embedded-hub.ts';
import { beginScene, type Performance, patience } from '../helpers/daemon.ts';
import { inProcessRuns } from '../helpers/in-process-runs.ts';
import { badBundles } from './bad-bundles.ts';
import { expectGoodConversation } from './judges.ts';
import { type JobChanges, type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
let bad: ReturnType<typeof badBundles>;
let performance: Performance;
let good: string;
let signing: Awaited<ReturnType<Performance['scene']['holdSigning']>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-bad-'));
  materials = await makeMaterials(join(folder, 'materials'));
  bad = badBundles(folder, materials);
  const env = { PERRY_MAX_CONCURRENT_BUILDS: '3' };
  performance = await beginScene({ env, secrets: materials.secrets, startRun: inProcessRuns() });
  const { scene } = performance;
  await scene.linked();
  signing = await scene.holdSigning();
  good = await scene.submit(materials.macJob());
  await signing.begun;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const mac = (changes: JobChanges = {}) => materials.macJob(changes);
const ios = (changes: JobChanges = {}) => materials.iosJob(changes);
const past = new Date('2024-01-01');

/** Name, job, code, and what the text must say. */
type Row = [string, () => JobSubmission | Promise<JobSubmission>, string, RegExp?];

const bundles: Row[] = [
  ['a gzip that was cut short', async () => mac({ bundle: await bad.cutBy(2_000) }), 'BUNDLE_CORRUPT'],
  ['no archive at all', () => mac({ bundle: Buffer.from('hello, world') }), 'BUNDLE_NOT_ARCHIVE'],
  ['an archive without an app', () => mac({ bundle: bad.source().subarray(0) }), 'BUNDLE_MISSING', /source/],
  [
    'two apps',
    async () => mac({ bundle: await bad.mac({}, { name: 'Other' }) }),
    'BUNDLE_AMBIGUOUS',
    /Other\.app/,
  ],
  [
    'no executable',
    async () => mac({ bundle: await bad.mac({ executable: null }) }),
    'BUNDLE_EXECUTABLE_MISSING',
  ],
  [
    'a script as executable',
    async () => mac({ bundle: await bad.mac({ executable: Buffer.from('#!/bin/sh\nexit 0\n') }) }),
    'BUNDLE_EXECUTABLE_IS_SCRIPT',
  ],
  [
    'a path that leads upwards',
    () => mac({ bundle: bad.with({ name: 'A.app/../../evil' }) }),
    'BUNDLE_PATH_UNSAFE',
  ],
  ['an absolute path', () => mac({ bundle: bad.with({ name: '/tmp/evil' }) }), 'BUNDLE_PATH_UNSAFE'],
  [
    'a link that leads out',
    () => mac({ bundle: bad.with({ name: 'A.app/out', type: '2', linkName: '../../../etc/passwd' }) }),
    'BUNDLE_LINK_OUTSIDE',
  ],
  [
    'a hard link to a file outside',
    () => mac({ bundle: bad.with({ name: 'A.app/hard', type: '1', linkName: '/etc/passwd' }) }),
    'BUNDLE_PATH_UNSAFE',
  ],
  ['an archive that explodes', () => mac({ bundle: bad.bomb() }), 'BUNDLE_TOO_LARGE'],
  [
    'another bundle identifier than the manifest says',
    () => mac({ manifest: { bundle_id: 'com.example.other' } }),
    'BUNDLE_ID_MISMATCH',
    /com\.example\.other/,
  ],
  ['code for a simulator', async () => ios({ bundle: await bad.iosForSimulator() }), 'BUNDLE_PLATFORM_WRONG'],
  ['a bundle that the hub has lost', () => mac({ bundle: '/nonexistent/bundle' }), 'BUNDLE_NOT_FOUND'],
];

const manifests: Row[] = [
  ['no target', () => mac({ manifest: { targets: [] } }), 'TARGET_UNKNOWN'],
  ['two targets', () => mac({ manifest: { targets: ['macos-sign', 'ios-sign'] } }), 'TARGET_UNKNOWN'],
  [
    'targets that are no list',
    () => mac({ manifest: { targets: 'macos-sign' } }),
    'MANIFEST_INVALID',
    /targets/,
  ],
  ['a version that is a number', () => mac({ manifest: { version: 17 } }), 'MANIFEST_INVALID', /version.*17/],
  [
    'a name that is a path',
    () => mac({ manifest: { app_name: '../../evil' } }),
    'MANIFEST_INVALID',
    /app_name/,
  ],
  [
    'several wrong fields',
    () => mac({ manifest: { entitlements: 'all', macos_distribute: 7, bundle_id: null } }),
    'MANIFEST_INVALID',
    /bundle_id.*entitlements.*macos_distribute|entitlements/s,
  ],
  ['an empty manifest', () => ({ ...mac(), manifest: {} }), 'MANIFEST_INVALID', /targets/],
  [
    'a wish for notarization without a key for it',
    () => mac({ manifest: { macos_distribute: 'notarize' } }),
    'CREDENTIAL_MISSING',
    /apple_key_id, apple_issuer_id, apple_p8_key/,
  ],
  [
    'a wish for TestFlight without a key for it',
    () => ios({ manifest: { ios_distribute: 'testflight' } }),
    'CREDENTIAL_MISSING',
    /apple_key_id, apple_issuer_id, apple_p8_key/,
  ],
  [
    'a wish for the Mac App Store',
    () => mac({ manifest: { macos_distribute: 'appstore' } }),
    'TOOLCHAIN_LACKS_PRODUCTBUILD',
  ],
];

const credentials: Row[] = [
  ['no credentials for iOS', () => ({ ...ios(), credentials: null as never }), 'CREDENTIAL_MISSING'],
  ['credentials that are a text', () => ({ ...ios(), credentials: 'secret' as never }), 'CREDENTIAL_INVALID'],
  [
    'iOS without a certificate',
    () => ios({ credentials: { apple_certificate_p12_base64: null } }),
    'CREDENTIAL_MISSING',
  ],
  [
    'a wrong password',
    () => mac({ credentials: { apple_certificate_password: 'wr0ng-passw0rd' } }),
    'P12_PASSWORD_WRONG',
  ],
  [
    'a certificate without its key',
    async () => mac({ credentials: await bad.p12WithoutKey() }),
    'P12_KEY_MISSING',
  ],
  [
    'a certificate file that is none',
    () =>
      mac({ credentials: { apple_certificate_p12_base64: Buffer.from('no p12 at all').toString('base64') } }),
    'P12_INVALID',
  ],
  [
    'a certificate that is no base64',
    () => mac({ credentials: { apple_certificate_p12_base64: '%%%not-base64%%%' } }),
    'CREDENTIAL_INVALID',
  ],
  [
    'an expired certificate',
    () => mac({ credentials: bad.expiredIdentity() }),
    'CERTIFICATE_EXPIRED',
    /2021/,
  ],
  ['another team', () => mac({ credentials: { apple_team_id: 'OTHER12345' } }), 'TEAM_MISMATCH'],
  [
    'a profile for another app',
    () =>
      ios({ credentials: { provisioning_profile_base64: materials.profileWith({ bundleId: 'org.other' }) } }),
    'PROFILE_BUNDLE_ID_MISMATCH',
  ],
  [
    'an expired profile',
    () => ios({ credentials: { provisioning_profile_base64: materials.profileWith({ expires: past }) } }),
    'PROFILE_EXPIRED',
  ],
  [
    'a profile without the certificate',
    () => {
      const { certificateDer } = materials.developerId;
      return ios({ credentials: { provisioning_profile_base64: materials.profileWith({ certificateDer }) } });
    },
    'PROFILE_CERTIFICATE_MISSING',
  ],
];

/** One clear error, and nothing of the job is left; the other job is where it was. */
async function expectRefused(jobId: string, code: string, says?: RegExp): Promise<void> {
  const { scene } = performance;
  const complete = await scene.completed(jobId);
  const messages = scene.hub.messages(jobId);
  const errors = messages.filter(({ type }) => type === 'error');
  expect(errors.map((error) => error.code)).toEqual([code]);
  expect(messages.filter(({ type }) => type === 'complete')).toHaveLength(1);
  expect(messages.slice(-3).map(({ type }) => type)).toEqual(['log', 'error', 'complete']);
  expect(complete).toMatchObject({
    success: false,
    artifacts: [],
    error: expect.stringMatching(`^${code}: `),
  });
  const text = String(errors[0]?.message);
  if (says) expect(text).toMatch(says);
  expect(text).not.toContain(folder);
  expect(text).not.toContain(scene.folder);
  expect(scene.hub.jobStatus(jobId)).toBe('failed');
  await scene.idle(good);
}

describe('while another job is being signed', () => {
  test.each([...bundles, ...manifests, ...credentials])('%s is refused', async (_name, job, code, says) => {
    await expectRefused(await performance.scene.submit(await job()), code, says);
  });

  test.each([
    ['truncated', 'BUNDLE_BASE64_CORRUPT'],
    ['badAlphabet', 'BUNDLE_BASE64_CORRUPT'],
    ['strayPrefix', 'BUNDLE_BASE64_CORRUPT'],
    ['flippedBytes', 'BUNDLE_CORRUPT'],
    ['empty', 'BUNDLE_NOT_ARCHIVE'],
  ] as const)('a download that is %s every time is refused', async (corruption, code) => {
    const { scene } = performance;
    scene.hub.corruptNextBundles(DAMAGED_BUNDLE_ATTEMPTS, corruption);
    await expectRefused(await scene.submit(mac()), code);
  });

  test.each([503, 'reset', 500] as TransferFault[])(
    'a hub that answers %s every time is given up',
    async (fault) => {
      const { scene } = performance;
      scene.hub.failNextDownloads(TRANSFER_ATTEMPTS, fault);
      await expectRefused(await scene.submit(mac()), 'HUB_UNAVAILABLE');
    },
  );

  test.each([
    ['a target of another kind of worker', { manifest: { targets: ['windows-sign'] } }, 'TARGET_UNKNOWN'],
    ['no manifest', {}, 'MANIFEST_INVALID'],
    ['a manifest that is a list', { manifest: [1, 2] }, 'MANIFEST_INVALID'],
    ['no token', { auth_token: undefined }, 'MANIFEST_INVALID'],
    ['an address that is a number', { tarball_url: 7 }, 'MANIFEST_INVALID'],
    [
      'an address of another host',
      { ...{ manifest: 'mac' }, tarball_url: 'https://elsewhere.example/x' },
      'HUB_URL_REFUSED',
    ],
  ])('an assignment with %s is answered', async (_name, fields, code) => {
    const { scene } = performance;
    const jobId = randomUUID();
    const { httpUrl } = scene.hub;
    const job = mac();
    const frame = {
      type: 'job_assign',
      job_id: jobId,
      auth_token: randomUUID(),
      tarball_url: `${httpUrl}/api/v1/tarball/${jobId}`,
      artifact_upload_url: `${httpUrl}/api/v1/artifact/upload/${jobId}`,
      credentials: job.credentials,
      ...fields,
      ...('manifest' in fields && fields.manifest === 'mac' && { manifest: job.manifest }),
    };
    scene.hub.sendRaw(JSON.stringify(frame));
    const complete = await scene.hub.completed(jobId, patience());
    expect(complete).toMatchObject({ success: false, error: expect.stringMatching(`^${code}: `) });
    expect(scene.hub.messages(jobId).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['log', 'error', 'complete']),
    );
    await scene.idle(good);
  });

  test('a download that is damaged once is repeated, and the job succeeds', async () => {
    const { scene } = performance;
    scene.hub.corruptNextBundles(1, 'flippedBytes');
    const jobId = await scene.submit(ios());
    expect(await scene.completed(jobId)).toMatchObject({ success: true });
    expectGoodConversation(scene.hub, jobId);
    await scene.idle(good);
  });

  test('and that job is delivered as if nothing had been', async () => {
    const { scene } = performance;
    await signing.release();
    expect(await scene.completed(good)).toMatchObject({ success: true });
    expectGoodConversation(scene.hub, good);
    await performance.end();
  });
});
