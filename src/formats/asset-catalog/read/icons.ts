import { ShipError } from '../../../errors.ts';
import { iconFacets, renditionsOf } from './app-icon.ts';
import {
  APPEARANCE,
  DIMENSION_2,
  IDIOM,
  idiomName,
  PART,
  PART_ICON_STACK,
  SCALE,
  SUBTYPE,
} from './attributes.ts';
import type { Catalog } from './catalog.ts';
import type { Facet } from './facets.ts';
import { attempt } from './malformed.ts';
import { type IconSize, readIconSizes } from './multi-size.ts';
import { readPixelHeader } from './pixel-data.ts';
import { LAYOUT_IMAGE, LAYOUT_LINK, LAYOUT_MULTI_SIZE, layoutName, type Rendition } from './rendition.ts';

/** An app icon in a catalog: what it is there for, and the pictures of it. */
export interface CatalogIcon {
  readonly name: string;
  /** Drawn by the system from layers of Icon Composer, on systems that can. */
  readonly layered: boolean;
  readonly sizes: readonly IconSizes[];
  readonly pictures: readonly IconPicture[];
}

/** Sizes in points that the icon is listed in for one idiom. */
export interface IconSizes {
  readonly idiom: string;
  /** Of a kind of device, such as one height of its display; 0 for all. */
  readonly subtype: number;
  readonly sizes: readonly IconSize[];
  /** Why the list cannot be read. */
  readonly fault?: string;
}

export interface IconPicture {
  readonly idiom: string;
  /** The index of its size in the list of its idiom. */
  readonly index: number;
  readonly scale: number;
  readonly width: number;
  readonly height: number;
  /** Absent for the usual one. */
  readonly appearance?: string;
  /** How its pixels are stored, or that they lie in an atlas. */
  readonly encoding: string;
  readonly rendition: Rendition;
}

/** An app has a few icons to choose from, each with some twenty pictures. */
const [MAX_ICONS, MAX_LISTS, MAX_PICTURES] = [20, 20, 200];

/** The app icons of a catalog, the first ones where it has very many. @throws ShipError ASSET_CATALOG_MALFORMED */
export const iconsOf = (catalog: Catalog): CatalogIcon[] =>
  iconFacets(catalog)
    .slice(0, MAX_ICONS)
    .map((facet) => iconOf(catalog, facet));

function iconOf(catalog: Catalog, facet: Facet): CatalogIcon {
  const rows = renditionsOf(catalog, facet);
  return {
    name: facet.name,
    layered: facet.part === PART_ICON_STACK || rows.some(({ key }) => key.get(PART) === PART_ICON_STACK),
    sizes: rows
      .filter(({ layout }) => layout === LAYOUT_MULTI_SIZE)
      .slice(0, MAX_LISTS)
      .map((rendition) => listOf(catalog, rendition)),
    pictures: rows
      .filter(({ layout }) => layout === LAYOUT_IMAGE || layout === LAYOUT_LINK)
      .slice(0, MAX_PICTURES)
      .map((rendition) => pictureOf(catalog, rendition)),
  };
}

function listOf({ store }: Catalog, { key, payload }: Rendition): IconSizes {
  const list = { idiom: idiomOf(key), subtype: key.get(SUBTYPE) ?? 0 };
  const sizes = attempt(() => readIconSizes(store, payload));
  return sizes instanceof ShipError
    ? { ...list, sizes: [], fault: sizes.failure.reason }
    : { ...list, sizes };
}

function pictureOf(catalog: Catalog, rendition: Rendition): IconPicture {
  const { key, width, height } = rendition;
  const appearance = appearanceOf(catalog, key.get(APPEARANCE) ?? 0);
  return {
    idiom: idiomOf(key),
    index: key.get(DIMENSION_2) ?? 0,
    scale: key.get(SCALE) ?? 1,
    width,
    height,
    ...(appearance !== undefined && { appearance }),
    encoding: encodingOf(catalog, rendition),
    rendition,
  };
}

/** On macOS the key has no idiom. */
export const idiomOf = (key: Rendition['key']): string => {
  const idiom = key.get(IDIOM);
  return idiom === undefined ? 'any' : idiomName(idiom);
};

/** The name of an appearance; nothing for that of every picture. */
export const appearanceOf = ({ appearanceNames }: Catalog, id: number): string | undefined =>
  id === 0 ? undefined : (appearanceNames.get(id) ?? `appearance ${id}`);

/** How a rendition is stored: the encoding of its pixels, or the kind of what is no picture. */
export function encodingOf({ store }: Catalog, { payload, layout }: Rendition): string {
  return readPixelHeader(store, payload)?.encoding ?? layoutName(layout);
}
