import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { macDemoApp } from '../../src/demo/bundles/index.ts';
import { checkPackage } from '../../src/files/xar/check-package.ts';
import { parsePlistDict } from '../../src/formats/plist/index.ts';
import { readApp } from '../../src/verify/read-app.ts';
import { iconErrors } from '../apple-simulator/icon-checks.ts';
import { makePng } from '../helpers/bundles.ts';
import { patience } from '../helpers/daemon.ts';
import { inProcessRuns } from '../helpers/in-process-runs.ts';
import { type Knobs, makeXcodeImage, type XcodeImage } from '../helpers/xcode-guest.ts';
import {
  type AppleRoom,
  expectFailed,
  expectStapled,
  lendToAnother,
  linesOf,
  openAppleRoom,
  submissionsOf,
  type World,
  type WorldOptions,
} from './apple-room.ts';
import { appearancesIn, deliveredIosApp, iosJobWith } from './icon-jobs.ts';
import {
  expectGoodConversation,
  expectOneComplete,
  missingPrograms,
  takeDmgApart,
  takeIpaApart,
  takePackageApart,
} from './judges.ts';
import { installerCredentials, TEAM } from './materials.ts';

let room: AppleRoom;
let missing: string[];
let icon: Buffer;
beforeAll(async () => {
  [room, missing, icon] = await Promise.all([openAppleRoom(), missingPrograms(), makePng(1024, 1024)]);
});
afterAll(() => room.leave());

interface MacWorld extends World {
  readonly image: XcodeImage;
}

type MacOptions = WorldOptions & { readonly knobs?: Knobs };

/** The worker's machines are macOS guests with Apple's tools; nobody has told the worker. */
async function onMac({ knobs, scene, ...options }: MacOptions, run: (world: MacWorld) => Promise<void>) {
  const images: XcodeImage[] = [];
  const first = async (_: unknown, stateDir: string) => {
    images.push(await makeXcodeImage(stateDir, 'xcode', knobs));
  };
  const env = { PERRY_TART_IMAGE: 'xcode', ...scene?.env };
  await room.withApple({ ...options, scene: { startRun: inProcessRuns(), ...scene, first, env } }, (world) =>
    run(Object.assign(world, { image: images[0] as XcodeImage })),
  );
}

const storeJob = (wish: 'appstore' | 'testflight' | 'both') =>
  room.materials.macStoreJob(wish, { credentials: room.apiKey });

const SIGNED = ['extracting', 'generating_assets', 'signing', 'packaging'];
const PUBLISHED = [...SIGNED, 'publishing', 'uploading'];
const SIGNED_TWICE = [...SIGNED, 'signing', 'packaging'];

const toolsOf = async ({ image }: MacWorld): Promise<string[]> =>
  (await image.calls()).map(([tool = '', verb = '']) => `${tool} ${verb}`.trim());

/** The package holds for our reader, and for programs that know nothing of us. */
async function expectSoundPackage(path: string): Promise<void> {
  const { findings, cms, parts } = await checkPackage(path, { signal: AbortSignal.timeout(120_000) });
  expect(findings).toEqual([]);
  expect(cms?.signer?.commonName).toMatch(/^3rd Party Mac Developer Installer: /);
  expect(parts).toContainEqual({ identifier: macDemoApp.bundleId, version: macDemoApp.shortVersion });
  if (missing.includes('7z')) return;
  const folder = await mkdtemp(join(room.folder, 'pkg-'));
  const { app, findings: inside } = await appIn(await takePackageApart(path, folder));
  expect(inside).toEqual([]);
  expect(app.signatures[0]).toMatchObject({
    hardenedRuntime: false,
    signer: { name: expect.stringMatching(/^Apple Distribution: /) },
    entitlements: {
      'com.apple.security.app-sandbox': true,
      'com.apple.application-identifier': `${TEAM}.${macDemoApp.bundleId}`,
    },
  });
  expect(app.profile).toMatchObject({ applicationIdentifier: `${TEAM}.${macDemoApp.bundleId}` });
}

/** The image holds the app for everywhere but the store, and where to drag it. */
async function expectDirectImage(path: string): Promise<void> {
  if (missing.includes('7z')) return;
  const folder = await mkdtemp(join(room.folder, 'dmg-'));
  const volume = join(await takeDmgApart(path, join(folder, 'volume')), macDemoApp.name);
  expect(await readdir(volume)).toEqual(expect.arrayContaining(['Applications']));
  const { app, findings } = await appIn(volume);
  expect(findings).toEqual([]);
  expect(app.signatures[0]).toMatchObject({
    hardenedRuntime: true,
    signer: { name: expect.stringMatching(/^Developer ID Application: /), timestamp: expect.any(String) },
  });
  expect(app.profile).toBeUndefined();
}

const appIn = (folder: string) =>
  readApp(join(folder, `${macDemoApp.name}.app`), { path: '', signal: AbortSignal.timeout(120_000) });

const published = (world: World, jobId: string) =>
  world.hub.messages(jobId).filter(({ type }) => type === 'published');
const artifactsReady = (world: World, jobId: string) =>
  world.hub.messages(jobId).filter(({ type }) => type === 'artifact_ready');

describe('a macOS job for the store', () => {
  test.each(['appstore', 'testflight'] as const)(
    '%s: the package that Apple has is the one that is delivered',
    (wish) =>
      onMac({}, async (world) => {
        const jobId = await world.submit(storeJob(wish));
        expect(await world.completed(jobId)).toMatchObject({ success: true });
        expectGoodConversation(world.hub, jobId, PUBLISHED);
        const delivered = world.hub.artifact(jobId);
        expect(delivered?.name).toMatch(/\.pkg$/);
        await expectSoundPackage(delivered?.path ?? '');
        const { shortVersion, version } = macDemoApp;
        expect(world.store.uploads).toMatchObject([
          { sha256Hex: delivered?.sha256Hex, state: 'COMPLETE', commits: 1, platform: 'MAC_OS' },
        ]);
        expect(world.store.uploads).toMatchObject([{ shortVersion, version, uti: 'com.apple.pkg' }]);
        expect(published(world, jobId)).toMatchObject([{ platform: 'macos' }]);
        expect(world.apple.submissions).toEqual([]);
        const tools = await toolsOf(world);
        expect(tools).toEqual(
          expect.arrayContaining([
            'productbuild --component',
            'pkgutil --check-signature',
            'codesign --verify',
          ]),
        );
        expect(tools).not.toContain('hdiutil create');
      }),
  );

  test('that lacks the installer certificate fails with that, before a machine is used', () =>
    onMac({}, async (world) => {
      const nothing = { apple_installer_certificate_p12_base64: null };
      const job = room.materials.macStoreJob('appstore', { credentials: { ...room.apiKey, ...nothing } });
      await expectFailed(world, await world.submit(job), /^CREDENTIAL_MISSING: .*installer/);
      expect(await world.image.calls()).toEqual([]);
      expect(world.apple.requests).toEqual([]);
    }));

  test('whose package pkgutil finds fault with is not sent anywhere', () =>
    onMac({ knobs: { pkgutil: 'expired' } }, async (world) => {
      await expectFailed(world, await world.submit(storeJob('appstore')), /^SIGNATURE_INVALID: .*pkgutil/);
      expect(world.apple.requests).toEqual([]);
    }));

  test('whose app codesign finds fault with is not packed', () =>
    onMac({ knobs: { codesign: 'requirement' } }, async (world) => {
      await expectFailed(world, await world.submit(storeJob('appstore')), /^SIGNATURE_INVALID: .*codesign/);
      expect(await toolsOf(world)).not.toContain('productbuild --component');
    }));

  test('whose package holds something else than the signed app is not sent anywhere', () =>
    onMac({ knobs: { productbuild: 'altered' } }, async (world) => {
      const jobId = await world.submit(storeJob('appstore'));
      await expectFailed(world, jobId, /^GUEST_OUTPUT_ALTERED: .*installer package.*more\.txt/);
      expect(world.store.uploads).toEqual([]);
    }));

  test('that productbuild makes no package of fails', () =>
    onMac({ knobs: { productbuild: 'nothing' } }, async (world) =>
      expectFailed(world, await world.submit(storeJob('appstore')), /^PRODUCT_ARCHIVE_FAILED: /),
    ));

  test('is refused at once by machines that are known to lack productbuild', () =>
    onMac({ scene: { env: { PERRY_TOOLCHAIN: 'portable' } } }, async (world) => {
      await expectFailed(world, await world.submit(storeJob('appstore')), /^TOOLCHAIN_LACKS_PRODUCTBUILD: /);
      expect(await world.image.calls()).toEqual([]);
    }));

  test('is refused by a machine that turns out to lack it, and from then on without one', () =>
    onMac({ knobs: { xcode: 'none' } }, async (world) => {
      const wasReady = world.reached('engaged.work.running.learningToolchain');
      await expectFailed(world, await world.submit(storeJob('appstore')), /^TOOLCHAIN_LACKS_PRODUCTBUILD: /);
      await wasReady;
      const [calls, downloads] = [await world.image.calls(), world.log.length];
      await expectFailed(world, await world.submit(storeJob('both')), /^TOOLCHAIN_LACKS_PRODUCTBUILD: /);
      expect(await world.image.calls()).toEqual(calls);
      expect(world.log.slice(downloads).join('')).not.toContain('learningToolchain');
      // what needs none of it is done all the same
      const jobId = await world.submit(room.materials.macJob());
      expect(await world.completed(jobId)).toMatchObject({ success: true });
    }));
});

describe('a macOS job for both', () => {
  test('is signed twice, notarized, published, and delivers the image', () =>
    onMac({ notary: { pollsBeforeVerdict: 1 } }, async (world) => {
      const jobId = await world.submit(storeJob('both'));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      const stages = [...SIGNED_TWICE, 'notarizing', 'packaging', 'notarizing'];
      expectGoodConversation(world.hub, jobId, [...stages, 'uploading', 'publishing', 'uploading'], {
        artifactsReady: 2,
      });
      await expectStapled(world, jobId);
      expect(submissionsOf(world)).toEqual([
        [1, 'Accepted'],
        [1, 'Accepted'],
      ]);
      expect(world.store.uploads).toMatchObject([{ state: 'COMPLETE', commits: 1, uti: 'com.apple.pkg' }]);
      const tools = await toolsOf(world);
      expect(tools).toEqual(
        expect.arrayContaining(['hdiutil create', 'stapler validate', 'productbuild --component']),
      );
      const delivered = world.hub.artifact(jobId);
      expect(delivered?.name).toMatch(/\.dmg$/);
      await expectDirectImage(delivered?.path ?? '');
      const upload = join(room.folder, 'uploaded.pkg');
      const parts = [...(world.store.uploads[0]?.parts ?? [])].sort(([a], [b]) => a - b);
      await writeFile(upload, Buffer.concat(parts.map(([, part]) => part)));
      await expectSoundPackage(upload);
      expect(published(world, jobId)).toMatchObject([{ platform: 'macos' }]);
    }));

  test('whose package the store refuses has its image delivered, and says both', () => {
    const errors = [{ code: '90296', description: 'App sandbox not enabled.' }];
    return onMac({ store: { errors } }, async (world) => {
      const jobId = await world.submit(storeJob('both'));
      expect(await world.completed(jobId)).toMatchObject({
        success: false,
        error: expect.stringMatching(/^STORE_REJECTED: .*90296.*\.dmg" was delivered all the same/),
      });
      expectOneComplete(world.hub.messages(jobId));
      await expectStapled(world, jobId);
      expect(artifactsReady(world, jobId)).toHaveLength(1);
      expect(published(world, jobId)).toEqual([]);
    });
  });

  test('whose image Apple refuses sends nothing to the store, and delivers nothing', () =>
    onMac({ scene: { env: { PERRY_TIMESTAMP_URL: 'none' } } }, async (world) => {
      await expectFailed(world, await world.submit(storeJob('both')), /^NOTARY_REJECTED: /);
      expect(world.store.uploads).toEqual([]);
    }));

  test('whose ticket stapler finds fault with fails', () =>
    onMac({ knobs: { stapler: '65' } }, async (world) =>
      expectFailed(world, await world.submit(storeJob('both')), /^STAPLE_FAILED: .*stapler/),
    ));

  test('about whose ticket stapler cannot say anything goes on', () =>
    onMac({ knobs: { stapler: '68' } }, async (world) => {
      const jobId = await world.submit(storeJob('both'));
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expect(linesOf(world, jobId)).toContainEqual(expect.stringMatching(/stapler could not say/));
    }));

  test('goes on in every wait for Apple when the link breaks: nothing is submitted or sent twice', () =>
    onMac({ notary: { pollsBeforeVerdict: 3 }, store: { pollsBeforeVerdict: 3 } }, async (world) => {
      const waits = ['awaitingVerdict.asking', 'awaitingProcessing.asking'].map((state) =>
        world.reached(state).then(() => world.hub.dropAllSockets()),
      );
      const jobId = await world.submit(storeJob('both'));
      await Promise.all(waits);
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      await expectStapled(world, jobId);
      expect(submissionsOf(world).map(([uploads]) => uploads)).toEqual([1, 1]);
      expect(world.store.uploads).toMatchObject([{ state: 'COMPLETE', commits: 1 }]);
    }));

  test('that was taken back while the store thinks and comes again sends no second build', () =>
    onMac(
      {
        store: { pollsBeforeVerdict: Number.POSITIVE_INFINITY },
        scene: { limits: { hub: { backoff: 400 } } },
      },
      async (world) => {
        const waiting = world.reached('awaitingProcessing.pausing');
        const jobId = await world.submit(storeJob('both'));
        await waiting;
        await lendToAnother(world);
        expect(await world.completed(jobId)).toMatchObject({ success: true });
        expect(world.store.uploads).toMatchObject([{ state: 'COMPLETE', commits: 1 }]);
        expect(published(world, jobId)).toHaveLength(1);
        // signed anew, the image is another file to Apple; each was submitted once
        expect(submissionsOf(world).map(([uploads]) => uploads)).toEqual([1, 1, 1, 1]);
        await expectStapled(world, jobId);
      },
    ));

  test.each([
    'learningToolchain',
    'compilingAssets',
    'namingCatalog',
    'layingOutBundle',
    'restoringApp',
    'updatingBundle',
    'packagingAnew',
    'checkingRemade',
    'validatingStaple',
    'checkingStapled',
  ])('that is cancelled in %s says so once, and leaves nothing', (state) =>
    onMac({}, async (world) => {
      let jobId = '';
      world.atState(`engaged.work.running.${state}`, () =>
        world.daemon.supervisor.send({ type: 'job.cancelRequested', jobId }),
      );
      jobId = await world.submit(storeJob('both'));
      expect(await world.completed(jobId)).toMatchObject({ success: false, error: 'cancelled' });
      expectOneComplete(world.hub.messages(jobId));
      expect(world.store.uploads).toEqual([]);
      expect(artifactsReady(world, jobId)).toEqual([]);
    }),
  );

  test('that is cancelled while the store thinks ends at once, and leaves nothing', () =>
    onMac({ store: { pollsBeforeVerdict: Number.POSITIVE_INFINITY } }, async (world) => {
      const waiting = world.reached('awaitingProcessing.pausing');
      const jobId = await world.submit(storeJob('both'));
      await waiting;
      expect(world.hub.cancel(jobId)).toBe(true);
      expect(await world.completed(jobId)).toMatchObject({ success: false, error: 'cancelled' });
      expect(artifactsReady(world, jobId)).toHaveLength(1);
    }));
});

describe('in a macOS guest', () => {
  test('the package of an app that is distributed directly is made by productbuild, and its ticket shown to stapler', () =>
    onMac({}, async (world) => {
      const { developerIdInstaller } = room.materials;
      const job = room.materials.macJob({
        manifest: { macos_distribute: 'notarize', macos_package: 'pkg' },
        credentials: { ...room.apiKey, ...installerCredentials(developerIdInstaller) },
      });
      const jobId = await world.submit(job);
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      const tools = await toolsOf(world);
      expect(tools).toContain('productbuild --component');
      expect(tools).toContain('stapler validate');
      const report = await checkPackage(world.hub.artifact(jobId)?.path ?? '', {
        signal: AbortSignal.timeout(60_000),
      });
      expect(report).toMatchObject({ findings: [], hasStapledTicket: true });
    }));

  test('the image is made by hdiutil, however busy it is at first', () =>
    onMac({ knobs: { hdiutil_busy: 2 } }, async (world) => {
      const jobId = await world.submit(room.materials.macJob());
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expectGoodConversation(world.hub, jobId);
      expect(linesOf(world, jobId)).toContainEqual(expect.stringMatching(/hdiutil is tried again/));
      expect((await toolsOf(world)).filter((call) => call === 'hdiutil create')).toHaveLength(3);
    }));

  test('an image of something else than the signed app is not delivered', () =>
    onMac({ knobs: { hdiutil: 'altered' } }, async (world) => {
      const jobId = await world.submit(room.materials.macJob());
      await expectFailed(world, jobId, /^GUEST_OUTPUT_ALTERED: .*disk image.*more\.txt/);
    }));

  test('an app without an identity is signed by codesign', () =>
    onMac({}, async (world) => {
      const { bundle, manifest } = room.materials.macJob();
      const jobId = await world.submit({ bundle, manifest, credentials: {} });
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expect(await toolsOf(world)).toContain('codesign --force');
    }));

  test('an iOS app gets its icon as a compiled catalog', () =>
    onMac({}, async (world) => {
      const job = room.materials.iosJob({
        manifest: { ios_distribute: 'appstore' },
        credentials: room.apiKey,
      });
      const jobId = await world.submit(job);
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expectGoodConversation(world.hub, jobId, PUBLISHED);
      expect(await toolsOf(world)).toContainEqual(expect.stringMatching(/^actool/));
      const ipa = world.hub.artifact(jobId)?.path ?? '';
      expect((await readFile(ipa)).includes('Payload/PerryDemo.app/Assets.car')).toBe(true);
      if (missing.includes('unzip')) return;
      const folder = await mkdtemp(join(room.folder, 'ipa-'));
      await takeIpaApart(ipa, folder);
      const app = join(folder, 'Payload/PerryDemo.app');
      const info = parsePlistDict(await readFile(join(app, 'Info.plist')), { name: 'Info.plist' });
      // actool says it below CFBundleIcons only; the store looks for it at the top
      expect(info.CFBundleIconName).toBe('AppIcon');
      expect(info.CFBundleIcons).toMatchObject({ CFBundlePrimaryIcon: { CFBundleIconName: 'AppIcon' } });
      const { findings } = await readApp(app, { path: '', signal: patience() });
      expect(findings).toEqual([]);
    }));

  test('an icon that actool does not compile keeps an app out of the store only', () =>
    onMac({ knobs: { actool: 'errors' } }, async (world) => {
      const forStore = { manifest: { ios_distribute: 'appstore' }, credentials: room.apiKey };
      await expectFailed(
        world,
        await world.submit(room.materials.iosJob(forStore)),
        /^ASSET_CATALOG_FAILED: /,
      );
      const jobId = await world.submit(room.materials.iosJob());
      expect(await world.completed(jobId)).toMatchObject({ success: true });
      expect(linesOf(world, jobId)).toContainEqual(expect.stringMatching(/compiled without Apple's tools/));
      expect(await iconErrors(await readFile(world.hub.artifact(jobId)?.path ?? ''))).toEqual([]);
    }));

  test('a dark and a tinted icon are compiled by actool as well', () =>
    onMac({}, async (world) => {
      const variants = { icon_dark: 'dark.png', icon_tinted: 'tinted.png' };
      const job = await iosJobWith(room, { 'dark.png': icon, 'tinted.png': icon }, variants);
      const app = await deliveredIosApp(world, await world.submit(job), room);
      expect(await toolsOf(world)).toContainEqual(expect.stringMatching(/^actool/));
      if (app !== undefined)
        expect(appearancesIn(join(app, 'Assets.car'))).toEqual([
          'ISAppearanceTintable',
          'UIAppearanceAny',
          'UIAppearanceDark',
        ]);
    }));
});

describe('a machine with Apple’s tools that lies', () => {
  const lies = {
    'hides a resource while it signs': 'rm -f "$target/Contents/Resources/"*.icns; real "$@" || exit',
    'takes away the seal': 'real "$@" || exit; rm -r "$target/Contents/_CodeSignature"',
  } as const;
  const signers = { rcodesign: true, codesign: false } as const;
  const cases = Object.entries(lies).flatMap(([name, lie]) =>
    Object.entries(signers).map(([tool, hasIdentity]) => ({ name, lie, tool, hasIdentity })),
  );

  test.each(cases)('and $name is to blame, not codesign’s opinion of it (by $tool)', ({ lie, hasIdentity }) =>
    onMac({}, async (world) => {
      await world.linked();
      await world.lieWhenSigning(`case $target in *.app) ${lie};; *) real "$@";; esac`);
      const { bundle, manifest, credentials } = room.materials.macJob();
      const jobId = await world.submit({ bundle, manifest, credentials: hasIdentity ? credentials : {} });
      await expectFailed(world, jobId, /^GUEST_OUTPUT_ALTERED: /);
    }),
  );
});
