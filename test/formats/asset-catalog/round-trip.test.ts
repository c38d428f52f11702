import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasAppIcon } from '../../../src/formats/asset-catalog/read/app-icon.ts';
import { type Catalog, readCatalog } from '../../../src/formats/asset-catalog/read/catalog.ts';
import { describeCatalog } from '../../../src/formats/asset-catalog/read/describe.ts';
import { identifierOf } from '../../../src/formats/asset-catalog/read/facets.ts';
import { iconsOf } from '../../../src/formats/asset-catalog/read/icons.ts';
import { readPixelHeader } from '../../../src/formats/asset-catalog/read/pixel-data.ts';
import { decodePixels } from '../../../src/formats/asset-catalog/read/pixels.ts';
import type { Rendition } from '../../../src/formats/asset-catalog/read/rendition.ts';
import { inMemory } from '../../../src/formats/asset-catalog/read/source.ts';
import {
  type CatalogImage,
  type IconCatalog,
  type Picture,
  writeIconCatalog,
} from '../../../src/formats/asset-catalog/write/index.ts';
import { layoutProblems } from '../../helpers/fresh-catalog.ts';

const [ELEMENT, PART, APPEARANCE, DIMENSION_2, SCALE, IDIOM, IDENTIFIER] = [1, 2, 7, 9, 12, 15, 17] as const;
const IDIOMS = { iphone: 1, ipad: 2, 'ios-marketing': 6, mac: 0 } as const;
const APPEARANCES = { any: 0, dark: 1, tinted: 10 } as const;

/** A picture whose pixels all differ, transparent in places when it may be. */
function drawn(edgePixels: number, channels: 3 | 4, seed: number): Picture {
  const data = new Uint8Array(edgePixels * edgePixels * channels);
  for (let at = 0; at < data.length; at++) data[at] = (at * 2_654_435_761 + seed * 40_503) >>> (at % 13);
  return { edgePixels, channels, data };
}

const iosImages = fc.uniqueArray(
  fc.record({
    idiom: fc.constantFrom('iphone' as const, 'ipad' as const, 'ios-marketing' as const),
    appearance: fc.constantFrom('any' as const, 'dark' as const, 'tinted' as const),
    points: fc.constantFrom(8, 20, 29, 40, 60, 76, 83.5),
    scale: fc.constantFrom(1 as const, 2 as const, 3 as const),
  }),
  { minLength: 1, maxLength: 12, selector: (image) => Object.values(image).join() },
);
const macImages = fc.uniqueArray(
  fc.record({
    idiom: fc.constant('mac' as const),
    appearance: fc.constant('any' as const),
    points: fc.constantFrom(16, 32, 64, 128),
    scale: fc.constantFrom(1 as const, 2 as const),
  }),
  { minLength: 1, maxLength: 8, selector: (image) => Object.values(image).join() },
);

type Drawing = Omit<CatalogImage, 'name' | 'picture'>;
const isWhole = ({ points, scale }: Drawing): boolean => Number.isInteger(points * scale);

const iconCatalogs: fc.Arbitrary<IconCatalog> = fc
  .record({
    name: fc.constantFrom('AppIcon', 'Icon', 'Symbol für alles'),
    platform: fc.constantFrom('ios' as const, 'macos' as const),
    minimumOs: fc.constantFrom('15.1', '26.0'),
    channels: fc.constantFrom(3 as const, 4 as const),
    seed: fc.nat(1000),
  })
  .chain(({ platform, channels, seed, ...rest }) =>
    (platform === 'ios' ? iosImages : macImages)
      .map((images: readonly Drawing[]) => images.filter(isWhole))
      .filter((images) => images.length > 0)
      .map((images) => ({
        ...rest,
        platform,
        images: images.map((image) => ({
          ...image,
          name: `icon-${image.points}@${image.scale}x.png`,
          picture: drawn(image.points * image.scale, channels, seed),
        })),
      })),
  );

/** Written once for all tests. */
const samples = fc.sample(iconCatalogs, { seed: 12, numRuns: 40 }).map((icon) => {
  const bytes = writeIconCatalog(icon);
  return { icon, bytes, catalog: readCatalog(inMemory(bytes)) };
});
const each = (judge: (icon: IconCatalog, catalog: Catalog, bytes: Buffer) => void): void => {
  for (const { icon, catalog, bytes } of samples) judge(icon, catalog, bytes);
};

/** The picture of an image: the one under its key. */
function renditionFor(catalog: Catalog, image: CatalogImage): Rendition | undefined {
  const sizes = [...new Set(imagesPoints(catalog))].toSorted((left, right) => left - right);
  const index = sizes.indexOf(Math.floor(image.points)) + 1;
  return catalog.renditions.rows.find(
    ({ key, layout }) =>
      layout === 12 &&
      key.get(SCALE) === image.scale &&
      (key.get(IDIOM) ?? 0) === IDIOMS[image.idiom] &&
      key.get(APPEARANCE) === APPEARANCES[image.appearance] &&
      key.get(DIMENSION_2) === index,
  );
}

const imagesPoints = (catalog: Catalog): number[] =>
  iconsOf(catalog).flatMap(({ sizes }) => sizes.flatMap((list) => list.sizes.map(({ width }) => width)));

const expectedPixels = ({ edgePixels, channels, data }: Picture, rowBytes: number): Buffer => {
  const rows = Buffer.alloc(rowBytes * edgePixels);
  for (let y = 0; y < edgePixels; y++)
    for (let x = 0; x < edgePixels; x++) {
      const from = (y * edgePixels + x) * channels;
      const [red = 0, green = 0, blue = 0, alpha = 255] = data.subarray(from, from + channels);
      const part = (color: number): number => Math.round((color * alpha) / 255);
      rows.set([part(blue), part(green), part(red), alpha], y * rowBytes + x * 4);
    }
  return rows;
};

describe('a catalog that we write, read by the reader of other hands', () => {
  test('agrees with itself, and is laid out as actool does it', () => {
    each((icon, catalog, bytes) => {
      expect(layoutProblems(bytes, catalog)).toEqual([]);
      const { facts, problems } = describeCatalog(catalog);
      expect(problems.filter((problem) => !problem.includes('transparent'))).toEqual([]);
      expect(facts).toMatchObject({
        platform: icon.platform === 'ios' ? 'ios' : 'macosx',
        minimumOs: icon.minimumOs,
      });
      expect(hasAppIcon(inMemory(bytes), icon.name)).toBe(true);
    });
  });

  test('says in its header what is in it', () => {
    each((icon, { header, keyFormat, renditions, metadata }) => {
      const isIos = icon.platform === 'ios';
      expect(header).toMatchObject({
        storageVersion: 17,
        schemaVersion: 2,
        colorSpaceId: 1,
        keySemantics: isIos ? 2 : 1,
        renditionCount: renditions.rows.length,
      });
      expect(keyFormat).toEqual(isIos ? [7, 13, 12, 15, 16, 9, 17, 1, 2] : [7, 13, 1, 2, 3, 17, 9, 11, 12]);
      expect(metadata?.thinningArguments).toBe('');
    });
  });

  test('leads from the name to every picture by its hash', () => {
    each((icon, { facets, renditions }) => {
      const identifier = identifierOf(icon.name);
      expect(facets?.rows).toEqual([{ name: icon.name, element: 85, part: 220, identifier }]);
      for (const { key } of renditions.rows) {
        expect(key.get(ELEMENT)).toBe(85);
        expect(key.get(IDENTIFIER)).toBe(identifier);
        expect([218, 220]).toContain(key.get(PART));
      }
    });
  });

  test('has for each idiom a list of the sizes that it is there in', () => {
    each((icon, catalog) => {
      const idioms = new Set(icon.images.map(({ idiom }) => IDIOMS[idiom]));
      const lists = catalog.renditions.rows.filter(({ layout }) => layout === 1010);
      expect(new Set(lists.map(({ key }) => key.get(IDIOM) ?? 0))).toEqual(idioms);
      expect(lists).toHaveLength(idioms.size);
      const all = [...new Set(icon.images.map(({ points }) => points))].toSorted(
        (left, right) => left - right,
      );
      for (const { idiom, sizes } of iconsOf(catalog)[0]?.sizes ?? []) {
        const own = icon.images.filter((image) => nameOf[image.idiom] === idiom).map(({ points }) => points);
        const wanted = all.filter((points) => own.includes(points));
        expect(sizes.map(({ width, height }) => [width, height])).toEqual(
          wanted.map((points) => [Math.floor(points), Math.floor(points)]),
        );
        expect(sizes.map(({ index }) => index)).toEqual(wanted.map((points) => all.indexOf(points) + 1));
      }
    });
  });

  test('has masks of just the values that its renditions have', () => {
    each((_icon, { usedValues, renditions, keyFormat, facets }) => {
      const always = [APPEARANCE, IDENTIFIER, ELEMENT, PART];
      const masks = keyFormat.map((attribute) =>
        always.includes(attribute as never)
          ? 0xffffffff
          : renditions.rows.reduce((mask, { key }) => (mask | (1 << (key.get(attribute) ?? 0))) >>> 0, 0),
      );
      expect(usedValues?.rows).toEqual([{ identifier: facets?.rows[0]?.identifier, masks }]);
    });
  });

  test('names the appearances that it uses', () => {
    each((icon, { appearances }) => {
      const used = new Set(icon.images.map(({ appearance }) => appearance).concat('any'));
      const names =
        icon.platform === 'ios'
          ? { any: 'UIAppearanceAny', dark: 'UIAppearanceDark', tinted: 'ISAppearanceTintable' }
          : { any: 'NSAppearanceNameSystem', dark: '', tinted: '' };
      const wanted = [...used].map((name) => ({ name: names[name], id: APPEARANCES[name] }));
      expect(appearances?.rows.toSorted((left, right) => left.id - right.id)).toEqual(
        wanted.toSorted((left, right) => left.id - right.id),
      );
    });
  });

  test('has records as actool writes them', () => {
    each((_icon, { renditions }) => {
      for (const row of renditions.rows) {
        const isPicture = row.layout === 12;
        expect(row).toMatchObject({ version: 1, flags: 0, bitmapCount: 1 });
        expect(typesIn(row.properties)).toEqual(isPicture ? [1001, 1003, 1004, 1006, 1007] : [1004, 1006]);
        if (!isPicture)
          expect(row).toMatchObject({
            width: 0,
            height: 0,
            scalePercent: 0,
            pixelFormat: '',
            colorSpaceId: 0,
          });
      }
    });
  });

  test('has the pixels of each picture, premultiplied, in rows of 32 bytes and their multiples', () => {
    each((icon, catalog) => {
      for (const image of icon.images) {
        const rendition = renditionFor(catalog, image);
        const edge = image.picture.edgePixels;
        expect(rendition).toMatchObject({
          name: image.name,
          width: edge,
          height: edge,
          scalePercent: image.scale * 100,
          pixelFormat: 'BGRA',
          colorSpaceId: 1,
        });
        if (!rendition) continue;
        expect(readPixelHeader(catalog.store, rendition.payload)).toMatchObject({
          encoding: 'zip',
          opaque: false,
        });
        const pixels = decodePixels(catalog.store, rendition, { bytes: 1e8 });
        expect(pixels).toMatchObject({ rowBytes: Math.ceil(edge / 8) * 32 });
        if (typeof pixels !== 'object') continue;
        expect(pixels.rows.equals(expectedPixels(image.picture, pixels.rowBytes))).toBe(true);
      }
    });
  });
});

const nameOf = { iphone: 'phone', ipad: 'pad', 'ios-marketing': 'marketing', mac: 'any' } as const;

function typesIn(properties: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at < properties.length; at += 8 + properties.readUInt32LE(at + 4))
    types.push(properties.readUInt32LE(at));
  return types;
}
