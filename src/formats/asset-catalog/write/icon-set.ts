import { appearanceOf, type IconAppearance } from './appearances.ts';
import {
  type CatalogIdiom,
  type CatalogPlatform,
  ELEMENT_OF_ASSETS,
  IDIOMS,
  type KeyValues,
  PARTS,
} from './attributes.ts';
import { identifierOf } from './identifier.ts';
import { type Picture, pixelPayload } from './pixels.ts';
import { imageRecord, multiSizeRecord } from './renditions.ts';

export interface CatalogImage {
  /** Of the file that it stands for, e.g. `icon-1024.png`. */
  readonly name: string;
  readonly idiom: CatalogIdiom;
  readonly appearance: IconAppearance;
  /** Edge in points; times `scale` it is the edge of the picture in pixels. */
  readonly points: number;
  readonly scale: 1 | 2 | 3;
  readonly picture: Picture;
}

export interface IconCatalog {
  /** What the app calls its icon: `AppIcon`. */
  readonly name: string;
  readonly platform: CatalogPlatform;
  /** e.g. `17.0` */
  readonly minimumOs: string;
  readonly images: readonly CatalogImage[];
}

export interface Rendition {
  readonly values: KeyValues;
  readonly value: Buffer;
}

/** For each idiom the sizes that it has, then every picture. */
export function iconRenditions({ name, platform, images }: IconCatalog): Rendition[] {
  const indexes = indexesOf(images);
  const shared = { element: ELEMENT_OF_ASSETS, identifier: identifierOf(name) };
  const idioms = [...new Set(images.map(({ idiom }) => idiom))];
  const records = idioms.map((idiom) => ({
    values: { ...shared, part: PARTS.multiSize, idiom: IDIOMS[idiom], scale: 1 },
    value: multiSizeRecord(name, sizesOf(idiom, images, indexes)),
  }));
  const payloads = new Map<Picture, Buffer>();
  const pictures = images.map((image) => ({
    values: {
      ...shared,
      part: PARTS.icon,
      idiom: IDIOMS[image.idiom],
      scale: image.scale,
      dimension2: indexes.get(image.points) ?? 0,
      appearance: appearanceOf(platform, image.appearance).id,
    },
    value: recordOf(image, payloads),
  }));
  return [...records, ...pictures];
}

/** Rank of each size among all of the icon, ascending and counted from 1 as Xcode 26 does it. */
function indexesOf(images: readonly CatalogImage[]): ReadonlyMap<number, number> {
  const sizes = [...new Set(images.map(({ points }) => points))].sort((a, b) => a - b);
  return new Map(sizes.map((points, i) => [points, i + 1]));
}

function sizesOf(idiom: CatalogIdiom, images: readonly CatalogImage[], indexes: ReadonlyMap<number, number>) {
  const own = new Set(images.filter((image) => image.idiom === idiom).map(({ points }) => points));
  return [...indexes].filter(([points]) => own.has(points)).map(([points, index]) => ({ points, index }));
}

/** A picture that stands for several devices is compressed once. */
function recordOf({ name, points, scale, picture }: CatalogImage, payloads: Map<Picture, Buffer>): Buffer {
  const { edgePixels } = picture;
  if (edgePixels !== points * scale)
    throw new RangeError(`${name} has an edge of ${edgePixels} pixels, not of ${points * scale}`);
  const payload = payloads.get(picture) ?? pixelPayload(picture);
  payloads.set(picture, payload);
  return imageRecord({ name, edgePixels, scale, payload });
}
