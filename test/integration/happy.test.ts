import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePaddedBundle } from '../../src/demo/bundles/index.ts';
import { startTimestampAuthority, type TimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import { unpackBundleFile } from '../../src/files/archive/unpack-bundle.ts';
import { extractDmg } from '../../src/files/dmg/read.ts';
import { type Scene, withScene } from '../helpers/daemon.ts';
import {
  adHocJob,
  judgeAdHoc,
  judgeDemoIos,
  judgeDemoMac,
  judgeProfile,
  judgeRichIos,
  profileJob,
  richIosJob,
} from './held-bundles.ts';
import {
  expectGoodConversation,
  missingPrograms,
  plistText,
  sameBytes,
  signatureInfo,
  takeDmgApart,
} from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';
import { judgeRichMac, richMacJob } from './rich-mac-app.ts';

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
  withScene(
    { env: { PERRY_TIMESTAMP_URL: authority.url }, secrets: materials.secrets, runsStandBy: true },
    run,
  );

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
        await judgeDemoMac(scene.hub.artifact(mac)?.path ?? '', scene.folder, materials);
        await judgeDemoIos(scene.hub.artifact(ios)?.path ?? '', scene.folder, materials);
        expect(scene.hub.artifact(mac)).toMatchObject({
          name: `terminal-notifier-${mac}.dmg`,
          target: 'macos-sign',
        });
        expect(scene.hub.artifact(ios)).toMatchObject({ name: `PerryDemo-${ios}.ipa`, target: 'ios-sign' });
      }));

    test('a macOS app with everything in it: nested code, links, two architectures, old signatures', () =>
      scene(async (scene) => {
        const [id = ''] = await signed(scene, await richMacJob(materials, folder));
        expect(scene.hub.artifact(id)?.name).toMatch(/^[A-Za-z0-9._-]+\.dmg$/);
        await judgeRichMac(scene.hub.artifact(id)?.path ?? '', scene.folder);
      }));

    test('an iOS app with an extension and a framework, from an archive without modes', () =>
      scene(async (scene) => {
        const [id = ''] = await signed(scene, await richIosJob(materials, folder));
        await judgeRichIos(scene.hub.artifact(id)?.path ?? '', scene.folder);
      }));

    test('a macOS app without a certificate is signed ad hoc, and its developer is told so', () =>
      scene(async (scene) => {
        const [id = ''] = await signed(scene, adHocJob(materials));
        expect(logLines(scene, id)).toContainEqual(expect.stringMatching(/signed ad hoc/));
        await judgeAdHoc(scene.hub.artifact(id)?.path ?? '', scene.folder);
      }));

    test('a profile for Developer ID is embedded, and permits what the app asks for; one for the store is not', () =>
      scene(async (scene) => {
        const direct = profileJob(materials, { ProvisionsAllDevices: true });
        const [one = '', two = ''] = await signed(scene, direct, profileJob(materials, {}));
        await judgeProfile(scene.hub.artifact(one)?.path ?? '', join(scene.folder, one));
        const volume = await takeDmgApart(scene.hub.artifact(two)?.path ?? '', join(scene.folder, two));
        const contents = join(volume, 'terminal-notifier/terminal-notifier.app/Contents');
        await expect(stat(join(contents, 'embedded.provisionprofile'))).rejects.toThrow('ENOENT');
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
