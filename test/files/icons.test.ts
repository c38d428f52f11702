import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inspectBundle } from '../../src/files/bundle/index.ts';
import { loadArt, pictureFault } from '../../src/files/icons/image.ts';
import { drawIcons } from '../../src/files/icons/index.ts';
import { bombPng, makeIosApp, makeMacApp, makePng } from '../helpers/bundles.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'icons-test-'));
});
afterEach(() => rm(dir, { recursive: true }));

const { signal } = new AbortController();
const mac = { platform: 'macos', resources: 'Contents/Resources', deviceFamilies: [] } as const;
const ios = { platform: 'ios', resources: '', deviceFamilies: [1, 2] } as const;

/** Width, height, bit depth and colour type, out of the header of a PNG. */
const headerOf = (png: Buffer) => ({
  size: `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`,
  depth: png[24],
  colourType: png[25],
  chunks: chunksOf(png),
});
function chunksOf(png: Buffer): string[] {
  const names = new Set<string>();
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12)
    names.add(png.toString('latin1', at + 4, at + 8));
  return [...names];
}
function entriesOf(icns: Buffer): Map<string, Buffer> {
  const entries = new Map<string, Buffer>();
  for (let at = 8; at < icns.length; at += icns.readUInt32BE(at + 4))
    entries.set(icns.toString('latin1', at, at + 4), icns.subarray(at + 8, at + icns.readUInt32BE(at + 4)));
  return entries;
}

describe('macOS', () => {
  test('an icns of ten PNGs with their alpha; the source stays, because the app may show it', async () => {
    const appPath = await makeMacApp(dir, {
      files: { 'Contents/Resources/AppIcon.png': await makePng(1024, 1024) },
    });
    const result = await drawIcons(appPath, await inspectBundle(appPath, { target: 'macos-sign', signal }), {
      signal,
    });
    expect(result).toEqual({
      drawn: true,
      source: 'Contents/Resources/AppIcon.png',
      sourceSize: { width: 1024, height: 1024 },
      files: ['Contents/Resources/AppIcon.icns'],
      removed: [],
      iconKeys: { CFBundleIconFile: 'AppIcon' },
      art: { any: expect.anything() },
      warnings: [],
    });
    expect((await readdir(join(appPath, 'Contents/Resources'))).sort()).toEqual([
      'AppIcon.icns',
      'AppIcon.png',
    ]);
    const entries = entriesOf(await readFile(join(appPath, 'Contents/Resources/AppIcon.icns')));
    expect(
      [...entries].map(([type, png]) => `${type} ${headerOf(png).size} ${headerOf(png).colourType}`),
    ).toMatchInlineSnapshot(`
      [
        "icp4 16x16 6",
        "ic11 32x32 6",
        "icp5 32x32 6",
        "ic12 64x64 6",
        "ic07 128x128 6",
        "ic13 256x256 6",
        "ic08 256x256 6",
        "ic14 512x512 6",
        "ic09 512x512 6",
        "ic10 1024x1024 6",
      ]
    `);
    const { data } = await sharp(entries.get('ic12')).raw().toBuffer({ resolveWithObject: true });
    expect([Math.round((data[0] ?? 0) / 4), data[3]]).toEqual([50, 128]);
  });

  test('a source beside Contents, where it cannot be sealed, is taken away', async () => {
    const appPath = await makeMacApp(dir, { files: { 'Icon-1024.png': await makePng(1024, 1024) } });
    const result = await drawIcons(appPath, mac, { signal });
    expect([result.source, result.removed, await readdir(appPath)]).toEqual([
      'Icon-1024.png',
      ['Icon-1024.png'],
      ['Contents'],
    ]);
  });

  test('without a source nothing changes: the icon that the app brought stays', async () => {
    const appPath = await makeMacApp(dir, {
      files: { 'Contents/Resources/Own.icns': 'icns' },
      info: { CFBundleIconFile: 'Own' },
    });
    expect(await drawIcons(appPath, mac, { signal })).toEqual({
      drawn: false,
      files: [],
      removed: [],
      iconKeys: {},
      warnings: [],
    });
    expect(await readdir(join(appPath, 'Contents/Resources'))).toEqual(['Own.icns']);
  });
});

describe('iOS', () => {
  test('loose icons without an alpha channel; sources and stale icons are gone', async () => {
    const appPath = await makeIosApp(dir, {
      files: {
        'Icon-1024.png': await makePng(1024, 1024),
        'AppIcon60x60@2x.png': await makePng(120, 120),
        'AppIcon76x76.png': await makePng(76, 76),
        'AppIcon.png': 'whatever',
        'icon.png': await makePng(64, 64),
      },
    });
    const result = await drawIcons(appPath, ios, { signal });
    expect(result.removed).toEqual(['Icon-1024.png', 'AppIcon.png', 'AppIcon76x76.png']);
    expect((await readdir(appPath)).sort()).toEqual(
      [...result.files, 'Hello', 'Info.plist', 'icon.png'].sort(),
    );
    const headers = await Promise.all(
      result.files.map(async (name) => [name, headerOf(await readFile(join(appPath, name)))] as const),
    );
    for (const [, header] of headers) expect(header).toMatchObject({ depth: 8, colourType: 2 });
    expect(headers.flatMap(([, header]) => header.chunks)).not.toContain('tRNS');
    expect(headers.map(([name, { size }]) => `${name} ${size}`)).toMatchInlineSnapshot(`
      [
        "AppIcon20x20@2x.png 40x40",
        "AppIcon20x20@3x.png 60x60",
        "AppIcon29x29@2x.png 58x58",
        "AppIcon29x29@3x.png 87x87",
        "AppIcon40x40@2x.png 80x80",
        "AppIcon40x40@3x.png 120x120",
        "AppIcon60x60@2x.png 120x120",
        "AppIcon60x60@3x.png 180x180",
        "AppIcon20x20~ipad.png 20x20",
        "AppIcon20x20@2x~ipad.png 40x40",
        "AppIcon29x29~ipad.png 29x29",
        "AppIcon29x29@2x~ipad.png 58x58",
        "AppIcon40x40~ipad.png 40x40",
        "AppIcon40x40@2x~ipad.png 80x80",
        "AppIcon76x76~ipad.png 76x76",
        "AppIcon76x76@2x~ipad.png 152x152",
        "AppIcon83.5x83.5@2x~ipad.png 167x167",
      ]
    `);
    const { data } = await sharp(await readFile(join(appPath, 'AppIcon60x60@3x.png')))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([...data.subarray(0, 3)]).toEqual([227, 157, 142]);
  });

  test('an app for iPhone only gets no icons for iPad', async () => {
    const appPath = await makeIosApp(dir, { files: { 'Icon-1024.png': await makePng(1024, 1024) } });
    const { files, iconKeys } = await drawIcons(appPath, { ...ios, deviceFamilies: [1] }, { signal });
    expect(files.some((name) => name.includes('ipad'))).toBe(false);
    expect(Object.keys(iconKeys)).toEqual(['CFBundleIcons']);
  });

  test('the source of an asset catalog, complete', async () => {
    const appPath = await makeIosApp(dir, { files: { 'Icon-1024.png': await makePng(1024, 1024) } });
    const { catalogPath = '' } = await drawIcons(appPath, ios, { signal, catalogFolder: dir });
    expect(catalogPath).toBe(join(dir, 'Assets.xcassets'));
    const iconSet = join(catalogPath, 'AppIcon.appiconset');
    const { images } = JSON.parse(await readFile(join(iconSet, 'Contents.json'), 'utf8'));
    for (const { filename, size, scale } of images) {
      const edge = Number.parseFloat(size) * Number.parseInt(scale, 10);
      expect(headerOf(await readFile(join(iconSet, filename)))).toMatchObject({
        size: `${edge}x${edge}`,
        colourType: 2,
      });
    }
  });

  test('grey, palette, and 16-bit sources give 8-bit RGB all the same', async () => {
    const sources = {
      grey: await sharp(await makePng(1024, 1024))
        .toColourspace('b-w')
        .png()
        .toBuffer(),
      palette: await sharp(await makePng(1024, 1024))
        .png({ palette: true })
        .toBuffer(),
      deep: await sharp(await makePng(1024, 1024))
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
    };
    for (const [name, png] of Object.entries(sources)) {
      const appPath = await makeIosApp(dir, { name, files: { 'Icon-1024.png': png } });
      expect((await drawIcons(appPath, ios, { signal })).drawn).toBe(true);
      expect(headerOf(await readFile(join(appPath, 'AppIcon60x60@2x.png')))).toMatchObject({
        depth: 8,
        colourType: 2,
      });
    }
  });
});

describe('sources', () => {
  test('a full-size square one is taken before a larger oblong and a small one', async () => {
    const appPath = await makeMacApp(dir, {
      files: {
        'Contents/Resources/Icon-1024.png': await makePng(512, 512),
        'Contents/Resources/AppIcon.png': await makePng(1600, 1200),
        'Contents/Resources/icon.png': await makePng(1024, 1024),
      },
    });
    expect(await drawIcons(appPath, mac, { signal })).toMatchObject({
      source: 'Contents/Resources/icon.png',
      warnings: [],
    });
  });

  test('what is small or oblong is drawn with a warning', async () => {
    const appPath = await makeIosApp(dir, { files: { 'icon.png': await makePng(300, 200) } });
    const result = await drawIcons(appPath, ios, { signal });
    expect([result.drawn, ...result.warnings]).toMatchInlineSnapshot(`
      [
        true,
        "ICON_NOT_SQUARE: "icon.png" has 300 × 200 pixels; it was centred on a square.",
        "ICON_TOO_SMALL: "icon.png" has 300 × 200 pixels; the App Store wants 1024 × 1024.",
      ]
    `);
  });

  test('what cannot be used is a warning, and nothing is written', async () => {
    const sound = await makePng(1024, 1024);
    const noise = await sharp({
      create: {
        width: 1024,
        height: 1024,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .png()
      .toBuffer();
    const cases = {
      text: Buffer.from('not an image'),
      svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'),
      truncated: noise.subarray(0, noise.length / 2),
      bomb: bombPng(60_000),
      header: sound.subarray(0, 20),
      line: await makePng(1, 8193),
    };
    const found: string[] = [];
    for (const [name, bytes] of Object.entries(cases)) {
      const appPath = await makeIosApp(dir, { name, files: { 'Icon-1024.png': bytes } });
      const result = await drawIcons(appPath, ios, { signal });
      expect([result.drawn, result.files, (await readdir(appPath)).length]).toEqual([false, [], 3]);
      found.push(`${name}: ${result.warnings.join(' ')}`);
    }
    expect(found).toMatchInlineSnapshot(`
      [
        "text: ICON_UNREADABLE: "Icon-1024.png" was not used: it is not a PNG file.",
        "svg: ICON_UNREADABLE: "Icon-1024.png" was not used: it is not a PNG file.",
        "truncated: ICON_UNREADABLE: "Icon-1024.png" was not used: vipspng: libpng read error.",
        "bomb: ICON_UNREADABLE: "Icon-1024.png" was not used: it has 60000 × 60000 pixels, and 8192 is the longest edge that is read.",
        "header: ICON_UNREADABLE: "Icon-1024.png" was not used: Input buffer has corrupt header:.",
        "line: ICON_UNREADABLE: "Icon-1024.png" was not used: it has 1 × 8193 pixels, and 8192 is the longest edge that is read.",
      ]
    `);
  });

  test('is told before it is drawn from: what is said of a damaged picture and what is drawn agree', async () => {
    const { data, info } = await sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .png()
      .toBuffer({ resolveWithObject: true });
    const damaged = (at: number): Buffer => {
      const bytes = Buffer.from(data);
      bytes.writeUInt8((bytes[at] ?? 0) ^ 0xff, at);
      return bytes;
    };
    const steps = Array.from({ length: 24 }, (_, index) => Math.floor((index * info.size) / 24));
    const ends = Array.from({ length: 16 }, (_, index) => info.size - 1 - index);
    const pictures = [data, ...[...steps, ...ends].flatMap((at) => [damaged(at), data.subarray(0, at)])];
    const told: boolean[] = [];
    const drawn: boolean[] = [];
    for (const bytes of pictures) {
      told.push((await pictureFault(bytes)) !== undefined);
      drawn.push(
        await loadArt(bytes, { flatten: false }).then(
          () => true,
          () => false,
        ),
      );
    }
    expect(told).toEqual(drawn.map((isDrawn) => !isDrawn));
    expect([told[0], told.filter(Boolean).length > 20]).toEqual([false, true]);
  });

  test('a link is not followed', async () => {
    const appPath = await makeIosApp(dir, { links: { 'Icon-1024.png': '/etc/passwd' } });
    const result = await drawIcons(appPath, ios, { signal });
    expect([result.drawn, result.warnings[0]]).toEqual([
      false,
      expect.stringMatching(/^ICON_UNREADABLE: "Icon-1024.png"/),
    ]);
  });

  test('nothing is written through a link', async () => {
    const appPath = await makeMacApp(dir, {
      files: { 'Icon-1024.png': await makePng(1024, 1024) },
      links: { 'Contents/Resources': '../../outside' },
    });
    await expect(drawIcons(appPath, mac, { signal })).rejects.toMatchObject({ code: 'BUNDLE_LINK_OUTSIDE' });
  });

  test('an abort ends the drawing', async () => {
    const appPath = await makeMacApp(dir, { files: { 'Icon-1024.png': await makePng(1024, 1024) } });
    const aborted = AbortSignal.abort(new Error('cancelled'));
    await expect(drawIcons(appPath, mac, { signal: aborted })).rejects.toThrow('cancelled');
  });
});
