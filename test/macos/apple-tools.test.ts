import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  buildProductArchive,
  checkPackageSignature,
  compileAssetCatalog,
  createDiskImage,
  probeToolchain,
  signAdHoc,
  validateStaple,
  verifyWithCodesign,
} from '../../src/adapters/xcode/index.ts';
import { macDemoApp, stageMacDemoApp } from '../../src/demo/bundles/index.ts';
import { checkSealedBundle } from '../../src/files/code-signature/index.ts';
import { verifyDmg } from '../../src/files/dmg/read.ts';
import { assetCatalogSource, loadArt } from '../../src/files/icons/index.ts';
import { checkPackage } from '../../src/files/xar/check-package.ts';
import { makePng } from '../helpers/bundles.ts';
import { localGuest } from '../helpers/local-guest.ts';

const signal = AbortSignal.timeout(300_000);
const folder = await mkdtemp(join(tmpdir(), 'perry-macos-'));
const session = localGuest({ cwd: folder, env: { TMPDIR: tmpdir() } });
const hasXcode = (await probeToolchain(session, { signal })) === 'xcode';
if (!hasXcode)
  console.error('skipped: Apple’s own tools are not here; they are tested on a Mac with Xcode alone');

afterAll(() => rm(folder, { recursive: true, force: true }));

/** This machine stands for the guest: the commands are the same. */
describe.runIf(hasXcode)('Apple’s own tools', { timeout: 300_000 }, () => {
  const app = `stage/${macDemoApp.name}.app`;
  beforeAll(async () => {
    await mkdir(join(folder, 'stage'));
    await stageMacDemoApp(join(folder, 'stage'));
    await symlink('/Applications', join(folder, 'stage/Applications'));
    await signAdHoc(session, { appPath: app, nestedPaths: [], hardenedRuntime: true, signal });
  });

  test.each(['ios', 'macos'] as const)('actool compiles our catalog for %s', async (platform) => {
    const source = join(folder, platform);
    await mkdir(source);
    const any = await loadArt(await makePng(1024, 1024), { flatten: platform === 'ios' });
    const { files } = await compileAssetCatalog(session, {
      catalogDir: await assetCatalogSource({ any }, source, { platform, signal }),
      outputDir: `${platform}-out`,
      minimumOs: platform === 'ios' ? '15.0' : '11.0',
      devices: ['iphone', 'ipad'],
      ...{ platform, signal },
    });
    expect(files).toContain('Assets.car');
  });

  test('an ad hoc signature holds for codesign and for us', async () => {
    expect(await verifyWithCodesign(session, { path: app, deep: true, signal })).toMatchObject({
      holds: true,
    });
    expect((await checkSealedBundle(join(folder, app), { signal })).findings).toEqual([]);
  });

  test('an app that was never notarized has no ticket', async () => {
    expect(await validateStaple(session, { path: app, signal })).not.toMatchObject({ holds: true });
  });

  test('hdiutil makes an image that we can read', async () => {
    const imagePath = 'App.dmg';
    await createDiskImage(session, { sourceDir: 'stage', imagePath, volumeName: 'App', signal });
    const { volumeName } = await verifyDmg(join(folder, imagePath), { signal });
    expect(volumeName).toBe('App');
  });

  test('productbuild makes an unsigned package that we can read', async () => {
    const packagePath = 'App.pkg';
    await buildProductArchive(session, { appPath: app, packagePath, signal });
    const { findings } = await checkPackage(join(folder, packagePath), { signal });
    expect(findings.map(({ code }) => code)).toEqual(['SIGNATURE_MISSING']);
    expect(await checkPackageSignature(session, { packagePath, signal })).toMatchObject({ holds: false });
  });
});
