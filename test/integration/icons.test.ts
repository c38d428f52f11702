import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { macDemoApp } from '../../src/demo/bundles/index.ts';
import { withCatalogFile } from '../../src/files/asset-catalog/open.ts';
import { hasAppIcon } from '../../src/formats/asset-catalog/read/app-icon.ts';
import type { CatalogSource } from '../../src/formats/asset-catalog/read/source.ts';
import { parsePlistDict } from '../../src/formats/plist/index.ts';
import { iconErrors } from '../apple-simulator/icon-checks.ts';
import { makePng } from '../helpers/bundles.ts';
import { iconCatalog } from '../helpers/icon-catalogs.ts';
import { type AppleRoom, expectFailed, linesOf, openAppleRoom } from './apple-room.ts';
import { appearancesIn, deliveredIosApp, iosJobWith } from './icon-jobs.ts';
import { missingPrograms, takeDmgApart } from './judges.ts';

const hasIcon = (source: CatalogSource) => hasAppIcon(source, 'AppIcon');

/** Whole jobs on machines without Apple's tools. */
let room: AppleRoom;
let missing: string[];
beforeAll(async () => {
  [room, missing] = await Promise.all([openAppleRoom(), missingPrograms()]);
});
afterAll(() => room.leave());

const forStore = { ios_distribute: 'appstore' };

const infoOf = async (path: string) => parsePlistDict(await readFile(path), { name: 'Info.plist' });

describe('an iOS job for the store', () => {
  test('ends with its icon in a catalog, sealed, and the store has nothing to say', () =>
    room.withApple({}, async (world) => {
      const jobId = await world.submit(await iosJobWith(room, {}, forStore));
      const app = await deliveredIosApp(world, jobId, room);
      expect(world.store.uploads).toMatchObject([{ state: 'COMPLETE', errors: [], iconErrors: [] }]);
      if (app === undefined) return;
      expect(withCatalogFile(join(app, 'Assets.car'), hasIcon)).toBe(true);
      expect(await readdir(app)).toEqual(
        expect.arrayContaining(['AppIcon60x60@2x.png', 'AppIcon76x76@2x~ipad.png', 'Assets.car']),
      );
      const primary = { CFBundlePrimaryIcon: { CFBundleIconName: 'AppIcon' } };
      expect(await infoOf(join(app, 'Info.plist'))).toMatchObject({
        CFBundleIconName: 'AppIcon',
        CFBundleIcons: primary,
        'CFBundleIcons~ipad': primary,
      });
    }));

  test('whose own catalog lacks the icon is refused before a machine is used', () =>
    room.withApple({}, async (world) => {
      const job = await iosJobWith(room, { 'Assets.car': iconCatalog('Other') }, forStore);
      await expectFailed(world, await world.submit(job), /^ICON_MISSING: .*Assets\.car.*"AppIcon"/);
      expect(world.store.uploads).toEqual([]);
    }));
});

describe('an iOS job', () => {
  test('with a dark and a tinted icon has them in the catalog', () =>
    room.withApple({}, async (world) => {
      const picture = await makePng(1024, 1024);
      const files = { 'Icon-1024-dark.png': picture, 'assets/grey.png': picture };
      const manifest = { icon_dark: 'art/dark.png', icon_tinted: 'assets/grey.png' };
      const app = await deliveredIosApp(
        world,
        await world.submit(await iosJobWith(room, files, manifest)),
        room,
      );
      if (app === undefined) return;
      expect(appearancesIn(join(app, 'Assets.car'))).toEqual([
        'ISAppearanceTintable',
        'UIAppearanceAny',
        'UIAppearanceDark',
      ]);
      const left = await readdir(app);
      expect([left.includes('Icon-1024-dark.png'), await readdir(join(app, 'assets'))]).toEqual([
        false,
        expect.arrayContaining(['grey.png']),
      ]);
    }));

  test('whose manifest names none has no variants, whatever lies in the bundle', () =>
    room.withApple({}, async (world) => {
      const files = { 'Icon-1024-dark.png': await makePng(1024, 1024) };
      const app = await deliveredIosApp(world, await world.submit(await iosJobWith(room, files)), room);
      if (app === undefined) return;
      expect(appearancesIn(join(app, 'Assets.car'))).toEqual(['UIAppearanceAny']);
      expect(await readdir(app)).toContain('Icon-1024-dark.png');
    }));

  test('that names a variant which did not come along says so', () =>
    room.withApple({}, async (world) => {
      const jobId = await world.submit(await iosJobWith(room, {}, { icon_dark: 'assets/night.png' }));
      await deliveredIosApp(world, jobId, room);
      expect(linesOf(world, jobId)).toContainEqual(
        expect.stringMatching(/^ICON_VARIANT_MISSING: .*"assets\/night\.png"/),
      );
    }));

  test('leaves a catalog alone that came with the icon', () =>
    room.withApple({}, async (world) => {
      const catalog = iconCatalog('AppIcon');
      const app = await deliveredIosApp(
        world,
        await world.submit(await iosJobWith(room, { 'Assets.car': catalog })),
        room,
      );
      if (app === undefined) return;
      expect(await readFile(join(app, 'Assets.car'))).toEqual(catalog);
      expect(await infoOf(join(app, 'Info.plist'))).toMatchObject({ CFBundleIconName: 'AppIcon' });
    }));

  test('keeps a catalog that came without the icon, says so, and names no icon that is not there', () =>
    room.withApple({}, async (world) => {
      const catalog = iconCatalog('Other');
      const jobId = await world.submit(await iosJobWith(room, { 'Assets.car': catalog }));
      const app = await deliveredIosApp(world, jobId, room);
      expect(linesOf(world, jobId)).toContainEqual(
        expect.stringMatching(/Assets\.car\) has no icon .* loose icons/),
      );
      if (app === undefined) return;
      expect(await readFile(join(app, 'Assets.car'))).toEqual(catalog);
      expect(await infoOf(join(app, 'Info.plist'))).not.toHaveProperty('CFBundleIconName');
      const found = await iconErrors(await readFile(world.hub.artifact(jobId)?.path ?? ''));
      expect(found.map(({ code }) => code)).toEqual(['90713']);
    }));
});

test('a macOS app has its icon in a catalog and as an icns', () =>
  room.withApple({}, async (world) => {
    const jobId = await world.submit(room.materials.macJob());
    expect(await world.completed(jobId)).toMatchObject({ success: true });
    if (missing.includes('7z') || missing.includes('dmg2img')) return;
    const folder = await mkdtemp(join(room.folder, 'dmg-'));
    const volume = await takeDmgApart(world.hub.artifact(jobId)?.path ?? '', join(folder, 'volume'));
    const contents = join(volume, macDemoApp.name, `${macDemoApp.name}.app`, 'Contents');
    expect(withCatalogFile(join(contents, 'Resources/Assets.car'), hasIcon)).toBe(true);
    expect(await infoOf(join(contents, 'Info.plist'))).toMatchObject({
      CFBundleIconName: 'AppIcon',
      CFBundleIconFile: 'AppIcon',
    });
    expect(await readdir(join(contents, 'Resources'))).toContain('AppIcon.icns');
  }));
