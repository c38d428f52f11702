import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CatalogTarget } from '../../src/domain/icons/index.ts';
import { compiledCatalog, drawIcons } from '../../src/files/icons/index.ts';
import { hasAppIcon } from '../../src/formats/asset-catalog/read/app-icon.ts';
import { readCatalog } from '../../src/formats/asset-catalog/read/catalog.ts';
import { inMemory } from '../../src/formats/asset-catalog/read/source.ts';
import { photograph, seaside } from '../helpers/artwork.ts';
import { makeIosApp, makeMacApp, makePng } from '../helpers/bundles.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'compiled-catalog-'));
});
afterEach(() => rm(dir, { recursive: true }));

const { signal } = new AbortController();
const phoneAndPad: CatalogTarget = { platform: 'ios', minimumOs: '17.0', devices: ['iphone', 'ipad'] };
const oldSystem: CatalogTarget = { ...phoneAndPad, minimumOs: '13.0' };
const mac: CatalogTarget = { platform: 'macos', minimumOs: '13.0', devices: [] };

interface Drawn {
  readonly target?: CatalogTarget;
  /** Beside the icon. */
  readonly files?: Readonly<Record<string, Buffer>>;
  readonly variants?: { readonly dark?: string; readonly tinted?: string };
}

/** The catalog of an app that came with this icon. */
async function compiled(icon: Buffer, { target = phoneAndPad, files = {}, variants = {} }: Drawn = {}) {
  const isMac = target.platform === 'macos';
  const resources = isMac ? 'Contents/Resources' : '';
  const appPath = isMac
    ? await makeMacApp(dir, { files: { 'Contents/Resources/AppIcon.png': icon } })
    : await makeIosApp(dir, { files: { 'Icon-1024.png': icon, ...files } });
  const facts = { platform: target.platform, resources, deviceFamilies: [1, 2] };
  const { art, warnings } = await drawIcons(appPath, facts, { signal, variants });
  if (!art) throw new Error(warnings.join());
  return compiledCatalog(art, { ...target, signal });
}

/** Pictures by appearance, device and pixels; what is stored of the first pixel and of the one in the middle. */
function picturesIn(car: Buffer) {
  const { renditions, store } = readCatalog(inMemory(car));
  expect(renditions.unreadable).toEqual([]);
  const pictures = renditions.rows.filter(({ key }) => key.get(2) === 220);
  return pictures.map(({ key, width, payload: { block, at, length } }) => {
    const pixels = gunzipSync(store.part(block, 'pixels', { at: at + 16, length: length - 16 }));
    const rowBytes = pixels.length / width;
    const pixel = (x: number, y: number) => [
      ...pixels.subarray(y * rowBytes + 4 * x, y * rowBytes + 4 * x + 4),
    ];
    return {
      at: `${key.get(7)}/${key.get(15) ?? 'mac'}/${width}`,
      first: pixel(0, 0),
      middle: pixel(width / 2, width / 2),
      isOpaque: pixels.every((byte, i) => i % 4 !== 3 || byte === 255 || i % rowBytes >= 4 * width),
    };
  });
}

const places = (car: Buffer) => picturesIn(car).map(({ at }) => at);

describe('an iOS icon', () => {
  test('is found under its name, in 1024 pixels for each device and the store', async () => {
    const car = await compiled(await seaside());
    expect(hasAppIcon(inMemory(car), 'AppIcon')).toBe(true);
    expect(places(car).sort()).toEqual(['0/1/1024', '0/2/1024', '0/6/1024']);
  });

  test('has every size for systems that make none themselves', async () => {
    const car = await compiled(await seaside(), { target: oldSystem });
    expect(places(car)).toHaveLength(18);
    expect(places(car)).toEqual(expect.arrayContaining(['0/1/120', '0/1/180', '0/2/152', '0/2/167']));
    const forPhones = { ...oldSystem, devices: ['iphone'] } as const;
    expect(places(await compiled(await seaside(), { target: forPhones }))).toHaveLength(9);
  });

  test('that is transparent becomes white there, and opaque', async () => {
    const clear = await sharp({
      create: { width: 1024, height: 1024, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } },
    })
      .png()
      .toBuffer();
    for (const { first, isOpaque } of picturesIn(await compiled(clear)))
      expect([first, isOpaque]).toEqual([[255, 255, 255, 255], true]);
  });

  test('that is not square is centred on a square', async () => {
    for (const { first, middle } of picturesIn(await compiled(await makePng(1024, 512, { alpha: false }))))
      expect([first, middle]).toEqual([
        [255, 255, 255, 255],
        [30, 60, 200, 255],
      ]);
  });

  test('of another profile becomes sRGB, as the loose icons do', async () => {
    const background = { r: 255, g: 0, b: 0 };
    const wide = await sharp({ create: { width: 1024, height: 1024, channels: 3, background } })
      .withIccProfile('p3', { attach: true })
      .png()
      .toBuffer();
    const [{ middle } = { middle: [] }] = picturesIn(await compiled(wide));
    const { data } = await sharp(wide).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
    expect(middle).toEqual([data[2], data[1], data[0], 255]);
  });

  test.each(['b-w', 'rgb16', 'srgb'] as const)('with the colours of %s has all its pixels', async (space) => {
    const png = await sharp(await seaside())
      .toColourspace(space)
      .png()
      .toBuffer();
    expect(places(await compiled(png, { target: oldSystem }))).toHaveLength(18);
  });
});

describe('variants', () => {
  const files = async () => ({
    'Icon-1024-dark.png': await makePng(1024, 1024),
    'AppIcon-tinted.png': await makePng(1024, 1024),
  });
  const variants = { dark: 'art/dark.png', tinted: 'art/tinted.png' };

  test('stand beside the icon, with their transparency; of a tinted one only the lightness is there', async () => {
    const car = await compiled(await seaside(), { files: await files(), variants });
    expect(places(car).sort()).toEqual(
      [0, 1, 10].flatMap((id) => [1, 2, 6].map((idiom) => `${id}/${idiom}/1024`)).sort(),
    );
    const middles = new Map(picturesIn(car).map(({ at, middle }) => [at, middle]));
    expect(middles.get('1/1/1024')).toEqual([15, 30, 100, 128]);
    const [blue = 0, green = 0, red = 0, alpha] = middles.get('10/1/1024') ?? [];
    expect([blue === green && green === red, alpha]).toEqual([true, 128]);
  });

  test('are as many as were named', async () => {
    const car = await compiled(await seaside(), { files: await files(), variants: { dark: 'd.png' } });
    expect(new Set(places(car).map((place) => place.split('/')[0]))).toEqual(new Set(['0', '1']));
  });
});

test('a macOS icon has every size, with its outline', async () => {
  const car = await compiled(await makePng(1024, 1024), { target: mac });
  expect(hasAppIcon(inMemory(car), 'AppIcon')).toBe(true);
  expect(places(car)).toHaveLength(10);
  for (const { middle } of picturesIn(car)) expect(middle).toEqual([15, 30, 100, 128]);
});

test('equal icons make equal catalogs', async () => {
  const [one, other] = [await compiled(await seaside()), await compiled(await seaside())];
  expect(one.equals(other)).toBe(true);
});

/** What gzip makes of it: gradients and shapes are small; what a camera saw it hardly packs at all. */
test.each([
  ['a drawing, in every size', seaside, oldSystem, 1024 * 1024],
  ['a drawing, in one size', seaside, phoneAndPad, 1024 * 1024],
  ['a photograph, in every size', photograph, oldSystem, 4 * 1024 * 1024],
  ['a photograph, in one size', photograph, phoneAndPad, 3 * 4 * 1024 * 1024],
] as const)('the catalog of %s stays below its bound', async (_, artwork, target, bytes) => {
  expect((await compiled(await artwork(), { target })).length).toBeLessThan(bytes);
});
