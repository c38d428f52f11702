import { createHash } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { macDemoApp } from '../../src/demo/bundles/index.ts';
import { withSignedFile } from '../../src/files/code-signature/signed-file.ts';
import { checkPackage } from '../../src/files/xar/check-package.ts';
import { endOfTicket } from '../../src/files/xar/ticket.ts';
import { readApp } from '../../src/verify/read-app.ts';
import { inProcessRuns } from '../helpers/in-process-runs.ts';
import { type AppleRoom, expectFailed, openAppleRoom, type World, type WorldOptions } from './apple-room.ts';
import { expectGoodConversation, missingPrograms, takePackageApart } from './judges.ts';
import { installerCredentials } from './materials.ts';

let room: AppleRoom;
let missing: string[];
beforeAll(async () => {
  [room, missing] = await Promise.all([openAppleRoom(), missingPrograms()]);
});
afterAll(() => room.leave());

const withApple = ({ scene, ...options }: WorldOptions, run: (world: World) => Promise<void>) =>
  room.withApple({ ...options, scene: { startRun: inProcessRuns(), ...scene } }, run);
const PORTABLE = { scene: { env: { PERRY_STORE_PACKAGE: 'portable' } } };

const directJob = (credentials?: object, manifest?: object) =>
  room.materials.macJob({
    manifest: { macos_package: 'pkg', ...manifest },
    credentials: { ...installerCredentials(room.materials.developerIdInstaller), ...credentials },
  });

const SIGNED = ['extracting', 'generating_assets', 'signing', 'packaging'];
const DIRECT = /^Developer ID Installer: /;

/** The package holds for our reader and for 7z, and the app in it is the one that was signed. */
async function expectSound(path: string, signer: RegExp, appSigner: RegExp): Promise<boolean> {
  const signal = AbortSignal.timeout(120_000);
  const { findings, cms, parts, hasStapledTicket } = await checkPackage(path, { signal });
  expect(findings).toEqual([]);
  expect(cms?.signer?.commonName).toMatch(signer);
  expect(parts).toContainEqual({ identifier: macDemoApp.bundleId, version: macDemoApp.shortVersion });
  if (missing.includes('7z')) return hasStapledTicket;
  const to = await takePackageApart(path, await mkdtemp(join(room.folder, 'pkg-')));
  const { app, findings: inside } = await readApp(join(to, `${macDemoApp.name}.app`), { path: '', signal });
  expect(inside).toEqual([]);
  expect(app.signatures[0]?.signer?.name).toMatch(appSigner);
  return hasStapledTicket;
}

const pathOf = ({ hub }: World, jobId: string): string => hub.artifact(jobId)?.path ?? '';

/** What stands before the ticket. */
async function digestBeforeTicket(path: string): Promise<string> {
  const end = await withSignedFile(path, endOfTicket);
  return createHash('sha256')
    .update((await readFile(path)).subarray(0, end))
    .digest('hex');
}

describe('a macOS app in an installer package, without tools of Apple', () => {
  test('is signed, notarized, stapled and delivered', () =>
    withApple({ notary: { pollsBeforeVerdict: 1 }, lateTickets: 1 }, async (world) => {
      const jobId = await world.submit(directJob(room.apiKey, { macos_distribute: 'notarize' }));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expectGoodConversation(world.hub, jobId, [...SIGNED, 'notarizing', 'uploading']);
      expect(world.hub.artifact(jobId)?.name).toMatch(/\.pkg$/);
      const path = pathOf(world, jobId);
      expect(await expectSound(path, DIRECT, /^Developer ID Application: /)).toBe(true);
      expect(world.apple.submissions.map(({ status }) => status)).toEqual(['Accepted']);
      expect(await digestBeforeTicket(path)).toBe(world.apple.submissions[0]?.sha256);
    }));

  test('is only signed and packed when there is nothing to notarize it with', () =>
    withApple({}, async (world) => {
      const jobId = await world.submit(directJob());
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expect(await expectSound(pathOf(world, jobId), DIRECT, /^Developer ID Application: /)).toBe(false);
      expect(world.apple.submissions).toEqual([]);
    }));

  test('that Apple finds fault with is not delivered', () =>
    withApple({ scene: { env: { PERRY_TIMESTAMP_URL: 'none' } } }, async (world) => {
      const jobId = await world.submit(directJob(room.apiKey, { macos_distribute: 'notarize' }));
      await expectFailed(world, jobId, /^NOTARY_REJECTED: .*timestamp/);
    }));

  test.each([
    [
      'without an installer certificate',
      { apple_installer_certificate_p12_base64: null, apple_installer_certificate_password: null },
      /^CREDENTIAL_MISSING: .*Developer ID Installer/,
    ],
    [
      'with that of the Mac App Store',
      () => installerCredentials(room.materials.installer),
      /^CERTIFICATE_KIND_WRONG: .*Developer ID Installer/,
    ],
  ])('%s is refused before a machine is used', (_, credentials, error) =>
    withApple({}, async (world) => {
      const given = typeof credentials === 'function' ? credentials() : credentials;
      await expectFailed(world, await world.submit(directJob(given)), error);
    }),
  );
});

describe('a machine that signs a package and', () => {
  const only = (lie: string) => `real "$@" || exit; case $target in *.pkg) ${lie};; esac`;
  test.each([
    [
      'changes its table of contents',
      only('printf x | dd of="$target" bs=1 seek=200 conv=notrunc 2>/dev/null'),
    ],
    [
      'changes its signature',
      only('printf xxxxxx | dd of="$target" bs=1 seek=3000 conv=notrunc 2>/dev/null'),
    ],
    [
      'gives something else back',
      only('size=$(wc -c <"$target"); head -c "$size" /dev/zero >other; mv other "$target"'),
    ],
    ['adds what nobody sent', only('{ cat "$target"; echo more; } >other; mv other "$target"')],
  ])('%s is found out, and nothing is delivered', (_, lie) =>
    withApple({}, async (world) => {
      await world.lieWhenSigning(lie);
      await expectFailed(world, await world.submit(directJob()), /^GUEST_OUTPUT_ALTERED: /);
    }),
  );
});

describe('a macOS app for the store, without tools of Apple', () => {
  test('is packed, sent and delivered where that is wanted', () =>
    withApple(PORTABLE, async (world) => {
      const jobId = await world.submit(room.materials.macStoreJob('appstore', { credentials: room.apiKey }));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expectGoodConversation(world.hub, jobId, [...SIGNED, 'publishing', 'uploading']);
      const path = pathOf(world, jobId);
      expect(await expectSound(path, /^3rd Party Mac Developer Installer: /, /^Apple Distribution: /)).toBe(
        false,
      );
      expect(world.store.uploads).toMatchObject([
        { sha256Hex: world.hub.artifact(jobId)?.sha256Hex, state: 'COMPLETE', platform: 'MAC_OS' },
      ]);
    }));

  test('is refused where it is not wanted, with the setting that allows it', () =>
    withApple({}, async (world) => {
      const job = room.materials.macStoreJob('appstore', { credentials: room.apiKey });
      await expectFailed(
        world,
        await world.submit(job),
        /^TOOLCHAIN_LACKS_PRODUCTBUILD: .*PERRY_STORE_PACKAGE=portable/,
      );
    }));
});
