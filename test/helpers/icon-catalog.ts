import { gzipSync } from 'node:zlib';
import {
  carHeader,
  iconSizes,
  le16,
  le32,
  metadata,
  pictureProperties,
  pixels,
  record,
  StoreParts,
} from './catalog-parts.ts';

const KEY_FORMAT = [7, 13, 12, 15, 16, 9, 17, 1, 2];
const APP_ICON = 6849;

export interface IconScene {
  /** Length of a side. */
  readonly sizePx?: number;
  readonly facetName?: string;
  readonly identifier?: number;
  readonly withSizes?: boolean;
  /** Made with Icon Composer: the system draws it from layers. */
  readonly isLayered?: boolean;
  /** Pixel bytes as they are stored, and the number of their compression. */
  readonly stored?: (
    rows: Buffer,
  ) => readonly [compression: number, bytes: Buffer, flags?: number, chunks?: number];
  readonly change?: (store: StoreParts) => void;
}

const key = (scale: number, idiom: number, dimension: number, part: number): Buffer =>
  le16(0, 0, scale, idiom, 0, dimension, APP_ICON, 85, part);

/** Opaque, every pixel another color. */
export function rowsOf(sizePx: number): Buffer {
  const rowBytes = (sizePx * 4 + 31) & ~31;
  const rows = Buffer.alloc(rowBytes * sizePx);
  for (let y = 0; y < sizePx; y++)
    for (let x = 0; x < sizePx; x++)
      rows.writeUInt32LE((0xff000000 | (y << 16) | (x << 8) | (x ^ y)) >>> 0, y * rowBytes + x * 4);
  return rows;
}

/** With the picture that the App Store looks for. */
export const largeCatalog = (scene: IconScene = {}): Buffer => iconCatalog({ sizePx: 1024, ...scene });

/** Every pixel of it is transparent. */
export const transparentCatalog = (): Buffer =>
  largeCatalog({ stored: (rows) => [2, gzipSync(Buffer.alloc(rows.length))] });

/** The pixels of its large icon end too early. */
export const brokenCatalog = (): Buffer =>
  largeCatalog({ stored: (rows) => [2, gzipSync(rows).subarray(0, 1000)] });

/** A catalog for iOS with one icon in the form of Xcode 26, for phone and pad. */
export function iconCatalog(scene: IconScene = {}): Buffer {
  const { sizePx = 24, facetName = 'AppIcon', identifier = APP_ICON, withSizes = true } = scene;
  const stored = scene.stored ?? ((rows: Buffer) => [2, gzipSync(rows)] as const);
  const picture = record({
    width: sizePx,
    height: sizePx,
    scalePercent: 100,
    pixelFormat: 'BGRA',
    colorSpaceId: 1,
    layout: 12,
    name: 'icon.png',
    properties: pictureProperties(sizePx, sizePx, (sizePx * 4 + 31) & ~31),
    payload: pixels(...stored(rowsOf(sizePx))),
  });
  const sizes = iconSizes([[sizePx, sizePx, 1]]);
  const entries = [1, 2].flatMap((idiom) => [
    ...(withSizes ? [[key(1, idiom, 0, 218), sizes] as const] : []),
    [key(1, idiom, 1, 220), picture] as const,
    ...(scene.isLayered ? [[key(1, idiom, 1, 245), picture] as const] : []),
  ]);
  const store = new StoreParts();
  store.name('CARHEADER', store.add(carHeader(entries.length)));
  store.tree('RENDITIONS', entries);
  const facet = Buffer.concat([le16(0, 0, 3), le16(1, 85, 2, 220, 17, identifier)]);
  store.tree('FACETKEYS', [[Buffer.from(facetName), facet]]);
  store.tree('APPEARANCEKEYS', [[Buffer.from('UIAppearanceAny'), le16(0)]]);
  store.name(
    'KEYFORMAT',
    store.add(Buffer.concat([Buffer.from('tmfk'), le32(0, KEY_FORMAT.length, ...KEY_FORMAT)])),
  );
  store.name('EXTENDED_METADATA', store.add(metadata('15.1', 'ios')));
  const all = 0xffffffff;
  store.inlineTree('BITMAPKEYS', [
    [APP_ICON, le32(1, 0, 40, 9, all, 1, 2, 6, 1, withSizes ? 3 : 2, all, all, all)],
  ]);
  scene.change?.(store);
  return store.bytes();
}
