import { chmod, mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { macDemoApp, makePaddedBundle } from '../../src/demo/bundles/index.ts';
import { startTimestampAuthority, type TimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import { unpackBundleFile } from '../../src/files/archive/unpack-bundle.ts';
import { checkSealedBundle } from '../../src/files/code-signature/sealed-bundle.ts';
import { extractDmg } from '../../src/files/dmg/read.ts';
import { infoPlist, macFramework, makeMacApp } from '../helpers/bundles.ts';
import { type Scene, withScene } from '../helpers/daemon.ts';
import { buildFatMachO, buildMachO } from '../helpers/macho.ts';
import { makeRichIosApp, sign } from '../helpers/signed-bundles.ts';
import {
  expectCmsHolds,
  expectGoodConversation,
  listIpa,
  loadCommands,
  missingPrograms,
  plistText,
  sameBytes,
  signatureInfo,
  takeDmgApart,
  takeIpaApart,
} from './judges.ts';
import { type Materials, makeMaterials, packTarGz, packZip, TEAM } from './materials.ts';

const SHARING = 'com.apple.developer.networking.multicast';
const missing = await missingPrograms();
let folder: string;
let materials: Materials;
let authority: TimestampAuthority;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-happy-'));
  [materials, authority] = await Promise.all([
    makeMaterials(join(folder, 'materials')),
    startTimestampAuthority(),
  ]);
});
afterAll(async () => {
  await authority.stop();
  await rm(folder, { recursive: true, force: true });
});

const scene = (run: (scene: Scene) => Promise<void>) =>
  withScene({ env: { PERRY_TIMESTAMP_URL: authority.url }, secrets: materials.secrets }, run);

/** Every job ends well; each artifact lies in a file that outlives the hub. */
async function signed(scene: Scene, ...jobs: Parameters<Scene['submit']>[0][]): Promise<string[]> {
  await scene.linked();
  const ids: string[] = [];
  for (const job of jobs) ids.push(await scene.submit(job));
  const ends = await Promise.all(ids.map((id) => scene.completed(id)));
  expect(ends.map(({ error }) => error)).toEqual(ends.map(() => undefined));
  for (const id of ids) expectGoodConversation(scene.hub, id);
  return ids;
}

const logLines = ({ hub }: Scene, jobId: string): unknown[] =>
  hub
    .messages(jobId)
    .filter(({ type, stream }) => type === 'log' && stream === 'stderr')
    .map(({ line }) => line);

describe.skipIf(missing.length > 0)(
  `judged by other programs${missing.length > 0 ? ` (missing: ${missing})` : ''}`,
  () => {
    test('a macOS and an iOS app at the same time', () =>
      scene(async (scene) => {
        const [mac = '', ios = ''] = await signed(scene, materials.macJob(), materials.iosJob());
        await judgeMac(scene.hub.artifact(mac)?.path ?? '', scene.folder);
        await judgeIos(scene.hub.artifact(ios)?.path ?? '', scene.folder);
        expect(scene.hub.artifact(mac)).toMatchObject({
          name: `terminal-notifier-${mac}.dmg`,
          target: 'macos-sign',
        });
        expect(scene.hub.artifact(ios)).toMatchObject({ name: `PerryDemo-${ios}.ipa`, target: 'ios-sign' });
      }));

    async function judgeMac(dmg: string, dir: string): Promise<void> {
      const volume = await takeDmgApart(dmg, join(dir, 'dmg'));
      const app = join(volume, 'terminal-notifier', 'terminal-notifier.app');
      const binary = join(app, 'Contents/MacOS/terminal-notifier');
      const info = await signatureInfo(binary);
      expect(info).toContain('time_stamp_token:');
      expect(info).toContain('CodeSignatureFlags(RUNTIME)');
      expect(info.match(/signature_verifies: (\w+)/g)).toEqual([
        'signature_verifies: true',
        'signature_verifies: true',
      ]);
      expect(info).toContain('identifier: nl.superalloy.oss.terminal-notifier');
      expect(await loadCommands(binary)).toMatch(/cmd LC_CODE_SIGNATURE/);
      const cms = await expectCmsHolds(binary, materials.developerId.authorityPem, dir);
      expect(cms).toContain(`CN=Developer ID Application: Perry Test (${TEAM})`);
      expect(cms).toContain('id-smime-aa-timeStampToken');
      const plist = await plistText(join(app, 'Contents/Info.plist'));
      expect(plist).toContain('<string>nl.superalloy.oss.terminal-notifier</string>');
      expect(plist).toContain('<key>CFBundleIconFile</key>');
      expect(await signatureInfo(dmg)).toMatch(/time_stamp_token:/);
      expect((await checkSealedBundle(app, { signal: AbortSignal.timeout(20_000) })).findings).toEqual([]);
    }

    async function judgeIos(ipa: string, dir: string): Promise<void> {
      const listed = await listIpa(ipa);
      expect(listed.get('Payload/PerryDemo.app/PerryDemo')).toBe('-rwxr-xr-x');
      expect(listed.get('Payload/PerryDemo.app/Info.plist')).toBe('-rw-r--r--');
      await takeIpaApart(ipa, join(dir, 'ipa'));
      const app = join(dir, 'ipa/Payload/PerryDemo.app');
      expect(await sameBytes(join(app, 'embedded.mobileprovision'), materials.profile)).toBe(true);
      const binary = join(app, 'PerryDemo');
      const info = await signatureInfo(binary);
      expect(info).not.toContain('time_stamp_token:');
      expect(info).toMatch(/signature_verifies: true/);
      expect(info).toContain(`<string>${TEAM}.com.example.perrydemo</string>`);
      expect(info).toContain('<key>beta-reports-active</key>');
      const commands = await loadCommands(binary);
      expect(commands).toMatch(/cmd LC_CODE_SIGNATURE/);
      expect(commands).toMatch(/platform (ios|2)/i);
      await expectCmsHolds(binary, materials.distribution.authorityPem, dir);
      expect(await plistText(join(app, 'Info.plist'))).toContain('<string>com.example.perrydemo</string>');
    }

    test('a macOS app with everything in it: nested code, links, two architectures, old signatures', () =>
      scene(async (scene) => {
        const app = await makeRichApp(folder);
        await makeAwkward(app);
        const bundle = await packTarGz(folder, ['Über App.app'], join(folder, 'rich.tar.gz'));
        const manifest = { app_name: 'Über App', bundle_id: 'com.example.ueber', targets: ['MACOS-SIGN'] };
        const [id = ''] = await signed(scene, materials.macJob({ manifest, bundle }));
        expect(scene.hub.artifact(id)?.name).toMatch(/^[A-Za-z0-9._-]+\.dmg$/);
        const volume = await takeDmgApart(scene.hub.artifact(id)?.path ?? '', join(scene.folder, 'dmg'));
        await judgeRich(join(volume, 'Über App', 'Über App.app'));
      }));

    const framework = macFramework('Contents/Frameworks', 'Größe', 'com.example.groesse');
    const helper = 'Contents/Helpers/Hélper One.app/Contents';
    const tool = 'Contents/Helpers/tool';
    const extension = 'Contents/Library/SystemExtensions/com.example.ueber.filter.systemextension/Contents';

    /** Universal, with a versioned framework, a library behind a link, a helper app, a system extension and a binary property list. */
    const makeRichApp = (folder: string): Promise<string> =>
      makeMacApp(folder, {
        name: 'Über App',
        bundleId: 'com.example.ueber',
        infoFormat: 'binary',
        executable: buildFatMachO([buildMachO(), buildMachO({ architecture: 'x86_64' })]),
        files: {
          ...framework.files,
          'Contents/Frameworks/libfoo.1.dylib': buildMachO({ fileType: 'dylib', text: 'libfoo' }),
          [`${helper}/MacOS/Helper`]: buildMachO({ text: 'helper' }),
          [`${helper}/Info.plist`]: infoPlist({
            CFBundleIdentifier: 'com.example.ueber.helper',
            CFBundleExecutable: 'Helper',
          }),
          [tool]: buildMachO({ text: 'tool' }),
          [`${extension}/MacOS/Filter`]: buildMachO({ text: 'filter' }),
          [`${extension}/Info.plist`]: infoPlist({
            CFBundleIdentifier: 'com.example.ueber.filter',
            CFBundleExecutable: 'Filter',
            CFBundlePackageType: 'SYSX',
          }),
          'Contents/Resources/de.lproj/Häuser & "Co".txt': 'data',
          'Contents/Resources/closed/read only.txt': 'read only',
        },
        links: { ...framework.links, 'Contents/Frameworks/libfoo.dylib': 'libfoo.1.dylib' },
      });

    /** Signed before by somebody else, and then made read-only. */
    async function makeAwkward(app: string): Promise<void> {
      const entitlements = join(folder, 'entitlements.plist');
      const [debugging, compiling] = ['com.apple.security.get-task-allow', 'com.apple.security.cs.allow-jit'];
      await writeFile(entitlements, infoPlist({ [debugging]: true, [compiling]: true }));
      const scopes = ['@main', 'Contents/Helpers/Hélper One.app', tool];
      await sign('ad hoc', app, ...scopes.map((scope) => `--entitlements-xml-file=${scope}:${entitlements}`));
      await chmod(join(app, 'Contents/Info.plist'), 0o444);
      await chmod(join(app, 'Contents/MacOS/Über App'), 0o444);
      await chmod(join(app, 'Contents/Resources/closed/read only.txt'), 0o444);
      await chmod(join(app, 'Contents/Resources/closed'), 0o555);
    }

    const programs = ['Contents/MacOS/Über App', `${helper}/MacOS/Helper`, tool, `${extension}/MacOS/Filter`];
    const code = [
      ...programs,
      'Contents/Frameworks/Größe.framework/Versions/A/Größe',
      'Contents/Frameworks/libfoo.1.dylib',
    ];

    async function judgeRich(app: string): Promise<void> {
      for (const path of code) {
        const info = await signatureInfo(join(app, path));
        expect(info, path).toContain(`CN=Developer ID Application: Perry Test (${TEAM})`);
        expect(info, path).toContain('time_stamp_token:');
        expect(info, path).not.toContain('signature_verifies: false');
        if (programs.includes(path)) expect(info, path).toContain('CodeSignatureFlags(RUNTIME)');
        expect(await loadCommands(join(app, path)), path).toMatch(/cmd LC_CODE_SIGNATURE/);
      }
      for (const path of ['Contents/MacOS/Über App', `${helper}/MacOS/Helper`, tool]) {
        const info = await signatureInfo(join(app, path));
        expect(info, path).toContain('com.apple.security.cs.allow-jit');
        expect(info, path).not.toContain('com.apple.security.get-task-allow');
      }
      const main = await signatureInfo(join(app, 'Contents/MacOS/Über App'));
      expect(main.match(/signed_entity_size/g)?.length).toBeGreaterThanOrEqual(2);
      expect(await readlink(join(app, 'Contents/Frameworks/Größe.framework/Versions/Current'))).toBe('A');
      expect(await readlink(join(app, 'Contents/Frameworks/Größe.framework/Größe'))).toBe(
        'Versions/Current/Größe'.normalize('NFD'),
      );
      expect(await readlink(join(app, 'Contents/Frameworks/libfoo.dylib'))).toBe('libfoo.1.dylib');
      expect(await readFile(join(app, 'Contents/Resources/closed/read only.txt'), 'utf8')).toBe('read only');
      expect((await stat(join(app, 'Contents/MacOS/Über App'))).mode & 0o111).toBe(0o111);
      expect(await plistText(join(app, 'Contents/Info.plist'))).toContain(
        '<string>com.example.ueber</string>',
      );
      expect(await plistText(join(app, `${helper}/Info.plist`))).toContain('com.example.ueber.helper');
      expect((await checkSealedBundle(app, { signal: AbortSignal.timeout(20_000) })).findings).toEqual([]);
    }

    test('an iOS app with an extension and a framework, from an archive without modes', () =>
      scene(async (scene) => {
        const staging = join(folder, 'ios-rich', 'Payload');
        await mkdir(staging, { recursive: true });
        await makeRichIosApp(staging);
        const bundle = await packZip(join(folder, 'ios-rich'), join(folder, 'ios-rich.zip'));
        const profile = materials.profileWith({ bundleId: 'com.example.*' });
        const credentials = { provisioning_profile_base64: profile };
        const [id = ''] = await signed(scene, materials.iosJob({ bundle, credentials }));
        const ipa = scene.hub.artifact(id)?.path ?? '';
        const listed = await listIpa(ipa);
        await takeIpaApart(ipa, join(scene.folder, 'ipa'));
        for (const path of ['PerryDemo', 'PlugIns/Share.appex/Share', 'Frameworks/Kit.framework/Kit']) {
          expect(listed.get(`Payload/PerryDemo.app/${path}`), path).toBe('-rwxr-xr-x');
          const info = await signatureInfo(join(scene.folder, 'ipa/Payload/PerryDemo.app', path));
          expect(info, path).toContain(`CN=Apple Distribution: Perry Test (${TEAM})`);
          expect(info, path).toContain('signature_verifies: true');
        }
      }));

    test('a macOS app without a certificate is signed ad hoc, and its developer is told so', () =>
      scene(async (scene) => {
        const { bundle, manifest } = materials.macJob();
        const [id = ''] = await signed(scene, { bundle, manifest, credentials: {} });
        expect(logLines(scene, id)).toContainEqual(expect.stringMatching(/signed ad hoc/));
        const volume = await takeDmgApart(scene.hub.artifact(id)?.path ?? '', join(scene.folder, 'dmg'));
        const binary = join(
          volume,
          'terminal-notifier/terminal-notifier.app/Contents/MacOS/terminal-notifier',
        );
        expect(await signatureInfo(binary)).toMatch(/flags: CodeSignatureFlags\(.*ADHOC/);
      }));

    test('a profile for Developer ID is embedded, and permits what the app asks for; one for the store is not', () =>
      scene(async (scene) => {
        const profileFor = (keys: Record<string, true>) =>
          materials.profileWith({
            platform: 'macos',
            bundleId: macDemoApp.bundleId,
            certificateDer: materials.developerId.certificateDer,
            entitlements: { [SHARING]: true },
            keys,
          });
        const jobWith = (keys: Record<string, true>) =>
          materials.macJob({
            manifest: { entitlements: Object.keys(keys).length > 0 ? [SHARING] : [] },
            credentials: { provisioning_profile_base64: profileFor(keys) },
          });
        const ids = await signed(scene, jobWith({ ProvisionsAllDevices: true }), jobWith({}));
        const [direct, other] = await Promise.all(
          ids.map(async (id) => {
            const volume = await takeDmgApart(scene.hub.artifact(id)?.path ?? '', join(scene.folder, id));
            return join(volume, 'terminal-notifier/terminal-notifier.app/Contents');
          }),
        );
        const embedded = await readFile(join(direct ?? '', 'embedded.provisionprofile'));
        expect(embedded.includes('ProvisionsAllDevices')).toBe(true);
        const info = await signatureInfo(join(direct ?? '', 'MacOS/terminal-notifier'));
        expect(info).toContain(`<string>${TEAM}.${macDemoApp.bundleId}</string>`);
        expect(info).toContain(`<key>${SHARING}</key>`);
        await expect(stat(join(other ?? '', 'embedded.provisionprofile'))).rejects.toThrow('ENOENT');
      }));

    test('entitlements of the manifest, a display name and a newer minimum system reach the app', () =>
      scene(async (scene) => {
        const manifest = {
          entitlements: ['com.apple.security.network.client'],
          display_name: 'Glückwunsch & Co',
          minimum_os_version: '14.0',
          category: 'public.app-category.utilities',
        };
        const [id = ''] = await signed(scene, materials.macJob({ manifest }));
        const volume = await takeDmgApart(scene.hub.artifact(id)?.path ?? '', join(scene.folder, 'dmg'));
        const app = join(volume, 'terminal-notifier/terminal-notifier.app');
        const info = await signatureInfo(join(app, 'Contents/MacOS/terminal-notifier'));
        expect(info).toContain('<key>com.apple.security.network.client</key>');
        const plist = await plistText(join(app, 'Contents/Info.plist'));
        expect(plist).toContain('<string>Glückwunsch &amp; Co</string>');
        expect(plist).toContain('<string>14.0</string>');
      }));
  },
);

test('a bundle keeps its bytes: what is not code, seal or Info.plist is delivered as it came', () =>
  scene(async (scene) => {
    const bundle = join(folder, 'padded.tar.gz');
    await makePaddedBundle('macos', bundle, { sizeBytes: 8 * 1024 * 1024, files: 3 });
    const [id = ''] = await signed(scene, materials.macJob({ bundle }));
    const signal = AbortSignal.timeout(30_000);
    await extractDmg(scene.hub.artifact(id)?.path ?? '', join(scene.folder, 'own'), { signal });
    await unpackBundleFile(bundle, join(scene.folder, 'sent'), { signal });
    for (const n of [0, 1, 2]) {
      const path = `terminal-notifier.app/Contents/Resources/assets/padding-${n}.bin`;
      const sent = await readFile(join(scene.folder, 'sent', path));
      expect(await sameBytes(join(scene.folder, 'own', path), sent)).toBe(true);
    }
  }));
