import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { iosDemoApp, stageIosDemoApp } from '../../src/demo/bundles/index.ts';
import { makeThrowawayProfile } from '../../src/demo/throwaway-identity.ts';
import { writeIpa } from '../../src/files/archive/write-ipa.ts';
import { writeDigested } from '../../src/files/disk/digested-file.ts';
import { volumeEntries } from '../../src/files/dmg/write.ts';
import { renderReport } from '../../src/verify/text.ts';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { createDmgStream } from '../helpers/dmg-file.ts';
import { iconCatalog } from '../helpers/icon-catalog.ts';
import { plist } from '../helpers/rcodesign-fixtures.ts';
import { sharedIdentity } from '../helpers/shared-identity.ts';
import { makeRichMacApp, seededNumbers, sign, withFlippedByte } from '../helpers/signed-bundles.ts';

const TEAM = 'DEMO123456';
const { signal } = new AbortController();
const verify = (path: string) => verifyArtifact(path, { signal });

let folder: string;
let pem: string;
let profile: Buffer;
let iosApp: string;
let macApp: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-artifacts-'));
  const identity = sharedIdentity({ commonName: `Apple Distribution: Demo (${TEAM})`, teamId: TEAM });
  pem = join(folder, 'identity.pem');
  await writeFile(pem, `${identity.certificatePem}\n${identity.privateKeyPem}`);
  profile = makeThrowawayProfile({
    bundleId: iosDemoApp.bundleId,
    teamId: TEAM,
    certificateDer: identity.certificateDer,
    platform: 'ios',
    expires: new Date(Date.now() + 1e9),
  });
  iosApp = await signedIosApp(
    'good',
    `<key>application-identifier</key><string>${TEAM}.${iosDemoApp.bundleId}</string>`,
  );
  macApp = join(folder, 'Mac.app');
  await makeRichMacApp(macApp);
  await sign({ pem }, macApp, '--code-signature-flags', 'runtime');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function signedIosApp(name: string, entitlements: string): Promise<string> {
  const parent = join(folder, name);
  await mkdir(parent, { recursive: true });
  const app = await stageIosDemoApp(parent);
  await writeFile(join(app, 'embedded.mobileprovision'), profile);
  await writeFile(join(parent, 'e.plist'), plist(entitlements));
  await sign({ pem }, app, '-e', join(parent, 'e.plist'));
  return app;
}

const pack = async (app: string): Promise<string> => {
  const ipa = join(folder, 'Demo.ipa');
  await rm(ipa, { force: true });
  const parts = writeIpa({ appDir: app, appFolderName: 'PerryDemo.app', sourceDate: new Date(0), signal });
  await writeDigested(ipa, parts);
  return ipa;
};

describe('an app', () => {
  test('is described as a whole: signer, profile, entitlements, nested code', async () => {
    const report = await verify(iosApp);
    expect(report).toMatchObject({
      ok: true,
      kind: 'app',
      name: 'PerryDemo.app',
      apps: [
        {
          platform: 'ios',
          bundleId: iosDemoApp.bundleId,
          version: '1',
          shortVersion: '1.0.0',
          architectures: ['arm64'],
          profile: { kind: 'store', signature: 'untrusted', teamIds: [TEAM] },
          signatures: [{ entitlements: { 'application-identifier': `${TEAM}.${iosDemoApp.bundleId}` } }],
        },
      ],
    });
    expect(report.warnings).toEqual([
      expect.stringContaining('not signed by Apple'),
      'The Info.plist names the app icon "AppIcon", and it has no asset catalog.',
    ]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('with an entitlement that its profile does not allow is found out', async () => {
    const app = await signedIosApp('greedy', '<key>com.apple.developer.healthkit</key><true/>');
    expect((await verify(app)).findings).toEqual([
      {
        code: 'ENTITLEMENT_NOT_ALLOWED',
        path: 'PerryDemo.app/embedded.mobileprovision',
        message: 'The profile does not allow the entitlement com.apple.developer.healthkit.',
      },
    ]);
  });

  test('with the profile of another app, of other signers, or an edited one is found out', async () => {
    const app = join(folder, 'other/PerryDemo.app');
    await cp(iosApp, app, { recursive: true });
    const other = makeThrowawayProfile({
      bundleId: 'com.example.other',
      teamId: TEAM,
      certificateDer: Buffer.from('another'),
      platform: 'ios',
      expires: new Date(0),
    });
    await writeFile(join(app, 'embedded.mobileprovision'), other);
    const codes = (await verify(app)).findings.map(({ code }) => code);
    expect(codes).toEqual(
      expect.arrayContaining(['FILE_CHANGED', 'PROFILE_BUNDLE_ID_MISMATCH', 'PROFILE_CERTIFICATE_MISSING']),
    );
    const edited = Buffer.from(profile.toString('latin1').replace('beta-reports', 'beta-reporTs'), 'latin1');
    await writeFile(join(app, 'embedded.mobileprovision'), edited);
    expect((await verify(app)).findings.map(({ code }) => code)).toContain('PROFILE_CHANGED');
  });

  test('of macOS is described with its nested code', async () => {
    const { ok, apps } = await verify(macApp);
    expect(ok).toBe(true);
    expect(apps[0]).toMatchObject({ platform: 'macos', stapledTicket: false });
    expect(apps[0]?.nested.length).toBeGreaterThan(3);
  });

  test('with a pipe in it, and a file that is no ticket where one belongs, is sound and gets a warning', async () => {
    const app = join(folder, 'leftovers/Tool.app');
    await cp(macApp, app, { recursive: true, verbatimSymlinks: true });
    execFileSync('mkfifo', [join(app, 'Contents/Resources/pipe')]);
    const ticket = join(app, 'Contents/CodeResources');
    await writeFile(ticket, 'no ticket');
    const { ok, warnings } = await verify(app);
    expect(ok).toBe(true);
    expect(warnings).toContain(
      '"Contents/Resources/pipe" is a pipe, socket or device: the signature does not cover it.',
    );
    expect(warnings).toContain(
      '"Contents/CodeResources" is where a notarization ticket belongs, and holds something else.',
    );
    await writeFile(ticket, 's8ch and more');
    expect((await verify(app)).warnings.join()).not.toContain('ticket');
  });

  test('that is broken is described as far as it can be', async () => {
    const app = join(folder, 'broken/PerryDemo.app');
    await cp(iosApp, app, { recursive: true });
    await writeFile(join(app, 'Info.plist'), 'no property list');
    const report = await verify(app);
    expect(report).toMatchObject({ ok: false, apps: [{ signatures: [] }] });
    expect(renderReport(report).at(-1)).toMatch(/^✗ \d+ finding/);
  });
});

describe('an .ipa and a disk image', () => {
  test('are described with the app inside', async () => {
    const report = await verify(await pack(iosApp));
    expect(report).toMatchObject({
      ok: true,
      kind: 'ipa',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      apps: [{ path: 'Payload/PerryDemo.app' }],
    });
    expect(renderReport(report).at(-1)).toBe('✓ every seal holds');
  });

  test('of which one byte of sealed content is changed are found out', async () => {
    const ipa = await pack(iosApp);
    const numbers = seededNumbers(5);
    const executable = (await readFile(join(iosApp, 'PerryDemo'))).length;
    expect(executable).toBeGreaterThan(0);
    // behind the names and sizes of the first records: the content of files
    for (let round = 0; round < 12; round += 1) {
      const at = 2_000 + numbers((await stat(ipa)).size - 8_000);
      const { ok } = await withFlippedByte(ipa, at, 1 << numbers(8), () => verify(ipa));
      expect(ok, `byte ${at}`).toBe(false);
    }
  });

  test('an image that is not signed, or damaged, says so and shows what is inside', async () => {
    const image = join(folder, 'Mac.dmg');
    const root = await volumeEntries(macApp, 'Mac.app');
    await writeDigested(image, createDmgStream({ volumeName: 'Mac', root, sourceDate: new Date(0), signal }));
    expect(await verify(image)).toMatchObject({
      kind: 'dmg',
      findings: [{ code: 'SIGNATURE_MISSING', path: '' }],
      image: { volumeName: 'Mac', fileSystem: 'HFS+' },
      apps: [{ path: 'Mac.app' }],
    });
    await sign({ pem }, image);
    expect(await verify(image)).toMatchObject({ ok: true, signatures: [{ signer: { teamId: TEAM } }] });
    const damaged = await withFlippedByte(image, 3_000, 4, () => verify(image));
    expect(damaged.findings.map(({ code }) => code)).toEqual(['CODE_CHANGED', 'CONTAINER_DAMAGED']);
  });
});

test('what is no artifact is refused', async () => {
  await writeFile(join(folder, 'text'), 'hello');
  for (const path of ['/nonexistent', folder, join(folder, 'text'), '/dev/null'])
    await expect(verify(path)).rejects.toMatchObject({ code: 'ARTIFACT_UNKNOWN' });
});

describe('the main executable of a bundle stands for the bundle', () => {
  test('in a deep bundle and in a flat one', async () => {
    const info = join(macApp, 'Contents/Info.plist');
    const name =
      /<key>CFBundleExecutable<\/key>\s*<string>([^<]+)/.exec(await readFile(info, 'utf8'))?.[1] ?? '';
    expect(await verify(join(macApp, 'Contents/MacOS', name))).toMatchObject({ ok: true, kind: 'app' });
    expect(await verify(join(iosApp, iosDemoApp.name))).toMatchObject({ ok: true, kind: 'app' });
  });

  test('not when it was taken out of it', async () => {
    const alone = join(folder, 'alone');
    await cp(join(iosApp, iosDemoApp.name), alone);
    expect(await verify(alone)).toMatchObject({ ok: false, kind: 'mach-o' });
  });
});

describe('the asset catalogs of an app', () => {
  const withCatalog = async (name: string, catalog: Buffer): Promise<string> => {
    const parent = join(folder, name);
    await mkdir(parent, { recursive: true });
    const app = await stageIosDemoApp(parent);
    await writeFile(join(app, 'Assets.car'), catalog);
    await sign({ pem }, app);
    return app;
  };

  test('are shown: names, sizes, idioms, encodings', async () => {
    const app = await withCatalog('catalog', iconCatalog({ sizePx: 1024 }));
    const report = await verify(app);
    expect(report.apps[0]?.catalogs).toMatchObject([
      {
        path: 'Assets.car',
        platform: 'ios',
        minimumOs: '15.1',
        names: ['AppIcon'],
        renditionCount: 4,
        idioms: ['phone', 'pad'],
        encodings: { zip: 2, 'list of icon sizes': 2 },
        icons: [
          {
            name: 'AppIcon',
            sizes: [
              { idiom: 'phone', points: ['1024x1024'] },
              { idiom: 'pad', points: ['1024x1024'] },
            ],
            pictureCount: 2,
          },
        ],
      },
    ]);
    expect(report.warnings.filter((warning) => warning.includes('Assets.car'))).toEqual([]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(renderReport(report).filter((line) => /catalog|icon|names/.test(line))).toEqual([
      '  catalog Assets.car: iOS 15.1 or later, 1 name, 4 renditions (2 list of icon sizes, 2 zip), by Xcode 26.0 (17A324) via AssetCatalogSimulatorAgent',
      '    app icon "AppIcon", in points phone 1024x1024; pad 1024x1024, 2 pictures up to 1024 px',
      '    names: AppIcon',
    ]);
  });

  test('are shown of the app in an .ipa as well', async () => {
    const ipa = await pack(await withCatalog('in-ipa', iconCatalog()));
    const { apps, kind } = await verify(ipa);
    expect(kind).toBe('ipa');
    expect(apps[0]?.catalogs).toMatchObject([{ path: 'Assets.car', names: ['AppIcon'] }]);
  });

  test('are no findings when something is odd about them, but warnings', async () => {
    const odd = await verify(
      await withCatalog('odd', iconCatalog({ withSizes: false, facetName: 'App\u001bIcon' })),
    );
    expect(odd).toMatchObject({ ok: true, findings: [] });
    expect(odd.warnings).toEqual(
      expect.arrayContaining([
        expect.stringContaining('has no list of its sizes, so that the system does not find it.'),
        expect.stringContaining('The identifier is not the one that the name stands for'),
      ]),
    );
    expect(renderReport(odd).join('\n')).not.toContain('\u001b');
    const broken = await verify(await withCatalog('no-catalog', Buffer.from('no catalog at all')));
    expect(broken).toMatchObject({ ok: true, findings: [], apps: [{ catalogs: [] }] });
    expect(broken.warnings).toContain('"Assets.car": It cannot be read. It has only 17 bytes.');
  });

  test('that lack the icon which the Info.plist names are said', async () => {
    const parent = join(folder, 'icon-name');
    await mkdir(parent, { recursive: true });
    const app = await stageIosDemoApp(parent);
    const info = await readFile(join(app, 'Info.plist'), 'utf8');
    await writeFile(
      join(app, 'Info.plist'),
      info.replaceAll('<string>AppIcon</string>', '<string>Other</string>'),
    );
    await writeFile(join(app, 'Assets.car'), iconCatalog());
    await sign({ pem }, app);
    expect((await verify(app)).warnings).toContain(
      'The Info.plist names the app icon "Other", and its asset catalog has none of that name.',
    );
  });
});
