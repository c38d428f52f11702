import { expect, test } from 'vitest';
import {
  appIconSetContents,
  buildIcns,
  catalogFileName,
  IPAD_ICONS,
  IPHONE_ICONS,
  LOOSE_ICON_NAME,
  looseIconName,
  MAC_ICONS,
  MARKETING_ICON,
} from '../../src/domain/icons/index.ts';

test('an icns has the ten entries of a complete icon set, each with the right pixels', () => {
  const icns = buildIcns((pixels) => Buffer.from(`png of ${pixels}`));
  expect(icns.subarray(0, 4).toString()).toBe('icns');
  expect(icns.readUInt32BE(4)).toBe(icns.length);
  const entries: string[] = [];
  for (let at = 8; at < icns.length; at += icns.readUInt32BE(at + 4))
    entries.push(
      `${icns.toString('latin1', at, at + 4)}: ${icns.toString('latin1', at + 8, at + icns.readUInt32BE(at + 4))}`,
    );
  expect(entries).toMatchInlineSnapshot(`
    [
      "icp4: png of 16",
      "ic11: png of 32",
      "icp5: png of 32",
      "ic12: png of 64",
      "ic07: png of 128",
      "ic13: png of 256",
      "ic08: png of 256",
      "ic14: png of 512",
      "ic09: png of 512",
      "ic10: png of 1024",
    ]
  `);
});

test('names of loose icons are the ones of actool', () => {
  expect([...IPHONE_ICONS, ...IPAD_ICONS].map(looseIconName)).toMatchInlineSnapshot(`
    [
      "AppIcon20x20@2x.png",
      "AppIcon20x20@3x.png",
      "AppIcon29x29@2x.png",
      "AppIcon29x29@3x.png",
      "AppIcon40x40@2x.png",
      "AppIcon40x40@3x.png",
      "AppIcon60x60@2x.png",
      "AppIcon60x60@3x.png",
      "AppIcon20x20~ipad.png",
      "AppIcon20x20@2x~ipad.png",
      "AppIcon29x29~ipad.png",
      "AppIcon29x29@2x~ipad.png",
      "AppIcon40x40~ipad.png",
      "AppIcon40x40@2x~ipad.png",
      "AppIcon76x76~ipad.png",
      "AppIcon76x76@2x~ipad.png",
      "AppIcon83.5x83.5@2x~ipad.png",
    ]
  `);
  for (const name of [...IPHONE_ICONS, ...IPAD_ICONS].map(looseIconName))
    expect(name).toMatch(LOOSE_ICON_NAME);
  for (const name of ['AppIcon.png', 'AppIcon60x60.png.txt', 'MyAppIcon60x60.png', 'AppIconBanner.png'])
    expect(name).not.toMatch(LOOSE_ICON_NAME);
});

test('the catalog names a file of the right pixels for every size', () => {
  for (const sizes of [MAC_ICONS, [...IPHONE_ICONS, ...IPAD_ICONS, ...MARKETING_ICON]]) {
    const { images, info } = JSON.parse(appIconSetContents(sizes));
    expect(info).toEqual({ author: 'xcode', version: 1 });
    for (const { size, scale, filename } of images)
      expect(filename).toBe(`icon-${Number.parseFloat(size) * Number.parseInt(scale, 10)}.png`);
    expect(images).toHaveLength(sizes.length);
  }
  expect(catalogFileName({ points: 83.5, scale: 2, idiom: 'ipad' })).toBe('icon-167.png');
});
