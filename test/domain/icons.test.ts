import { describe, expect, test } from 'vitest';
import {
  buildIcns,
  compiledIconSizes,
  IPAD_ICONS,
  IPHONE_ICONS,
  iconSetSource,
  LOOSE_ICON_NAME,
  looseIconName,
  variantPaths,
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

test.each([
  ['macos', 10],
  ['ios', 18],
] as const)(
  'the icon set of %s names a file of the right pixels for each of its %i sizes',
  (platform, count) => {
    const { contents, files } = iconSetSource(platform, []);
    const { images, info } = JSON.parse(contents);
    expect(info).toEqual({ author: 'xcode', version: 1 });
    for (const { size, scale, filename } of images)
      expect(filename).toBe(`icon-${Number.parseFloat(size) * Number.parseInt(scale, 10)}.png`);
    expect(images).toHaveLength(count);
    expect(files.map(({ name }) => name)).toEqual(
      images.map(({ filename }: { filename: string }) => filename),
    );
    for (const { name, pixels } of files) expect(name).toBe(`icon-${pixels}.png`);
  },
);

test('an icon set with variants has one size, for all devices', () => {
  const { contents, files } = iconSetSource('ios', ['dark', 'tinted']);
  const shared = { idiom: 'universal', platform: 'ios', size: '1024x1024' };
  const appearances = (value: string) => [{ appearance: 'luminosity', value }];
  expect(JSON.parse(contents).images).toEqual([
    { ...shared, filename: 'icon-1024.png' },
    { ...shared, filename: 'icon-1024-dark.png', appearances: appearances('dark') },
    { ...shared, filename: 'icon-1024-tinted.png', appearances: appearances('tinted') },
  ]);
  expect(files).toEqual([
    { name: 'icon-1024.png', pixels: 1024 },
    { name: 'icon-1024-dark.png', pixels: 1024, variant: 'dark' },
    { name: 'icon-1024-tinted.png', pixels: 1024, variant: 'tinted' },
  ]);
});

describe('what we compile', () => {
  const shown = (target: Parameters<typeof compiledIconSizes>[0]) =>
    compiledIconSizes(target).map(({ idiom, points, scale }) => `${idiom} ${points}@${scale}`);

  test('for iOS is one size for each device and for the store', () => {
    const target = { platform: 'ios', minimumOs: '15.1', devices: ['iphone', 'ipad'] } as const;
    expect(shown(target)).toEqual(['iphone 1024@1', 'ipad 1024@1', 'ios-marketing 1024@1']);
    expect(shown({ ...target, devices: ['ipad'] })).toEqual(['ipad 1024@1', 'ios-marketing 1024@1']);
  });

  test('for older systems is every size', () => {
    const target = { platform: 'ios', minimumOs: '15.0', devices: ['iphone', 'ipad'] } as const;
    expect(shown(target)).toHaveLength(18);
    expect(shown({ ...target, devices: ['iphone'] })).toHaveLength(9);
    expect(shown(target)).toContain('ios-marketing 1024@1');
  });

  test('for macOS is what an icns has', () => {
    expect(shown({ platform: 'macos', minimumOs: '13.0', devices: [] })).toHaveLength(10);
  });
});

describe('the picture of a variant', () => {
  test('is looked for where the compiler puts sources of icons, and where it lies in the project', () => {
    expect(variantPaths('', 'dark', 'assets/night.png')).toEqual([
      'Icon-1024-dark.png',
      'AppIcon-dark.png',
      'icon-dark.png',
      'assets/night.png',
    ]);
  });

  test.each(['../night.png', '/etc/night.png', 'a//b.png', './a.png'])('is not looked for at %s', (named) => {
    expect(variantPaths('', 'dark', named)).toHaveLength(3);
  });
});
