import { ShipError } from '../../../errors.ts';
import {
  APPEARANCE,
  IDENTIFIER,
  PART,
  PART_ICON_IMAGE,
  PART_ICON_STACK,
  PART_MULTI_SIZE,
} from './attributes.ts';
import { type Catalog, readCatalog } from './catalog.ts';
import type { Facet } from './facets.ts';
import { attempt } from './malformed.ts';
import { decodePixels, hasTransparency, type PixelBudget } from './pixels.ts';
import type { Rendition } from './rendition.ts';
import type { CatalogSource } from './source.ts';

const ICON_PARTS: readonly number[] = [PART_ICON_IMAGE, PART_MULTI_SIZE, PART_ICON_STACK];

/**
 * Whether a compiled catalog has an app icon of this name that the system can find: the name itself, the record of its
 * sizes, and at least one picture.
 *
 * @throws ShipError ASSET_CATALOG_MALFORMED
 */
export const hasAppIcon = (source: CatalogSource, name: string): boolean =>
  isFindable(readCatalog(source), name);

function isFindable(catalog: Catalog, name: string): boolean {
  const facet = iconFacets(catalog).find((icon) => icon.name === name);
  if (!facet) return false;
  const parts = new Set(renditionsOf(catalog, facet).map(({ key }) => key.get(PART)));
  return parts.has(PART_MULTI_SIZE) && (parts.has(PART_ICON_IMAGE) || parts.has(PART_ICON_STACK));
}

/** What keeps an app icon from being shown, or from being taken by the App Store. */
export type AppIconFault =
  | { readonly what: 'icon missing' }
  | { readonly what: 'icon unreadable'; readonly reason: string }
  | { readonly what: 'icon transparent' }
  /** There is none that the App Store could show. */
  | { readonly what: 'icon too small' };

/** Of the large icon, which the App Store shows. */
const STORE_PIXELS = 1024;
/** Six pictures of that size. */
const MAX_PIXEL_BYTES = 24 * 1024 * 1024;

/** Looks at the app icon of this name, and at the pixels of its large pictures as far as their encoding is known. */
export function appIconFault(catalog: Catalog, name: string): AppIconFault | undefined {
  const facet = iconFacets(catalog).find((icon) => icon.name === name);
  if (!facet || !isFindable(catalog, name)) return { what: 'icon missing' };
  const renditions = renditionsOf(catalog, facet);
  const large = renditions.filter(isLarge);
  if (large.length === 0) return renditions.some(isLayered) ? undefined : { what: 'icon too small' };
  const budget = { bytes: MAX_PIXEL_BYTES };
  for (const rendition of large) {
    if (rendition.width * rendition.height * 8 > budget.bytes) break;
    const fault = pictureFault(catalog, rendition, budget);
    if (fault) return fault;
  }
  return undefined;
}

/** Dark and tinted icons may be transparent, and are not asked for. */
const isLarge = ({ key, width, height }: Rendition): boolean =>
  key.get(PART) === PART_ICON_IMAGE &&
  !key.get(APPEARANCE) &&
  width === STORE_PIXELS &&
  height === STORE_PIXELS;

/** An icon of Icon Composer, which is drawn in any size. */
const isLayered = ({ key }: Rendition): boolean => key.get(PART) === PART_ICON_STACK;

function pictureFault(
  { store }: Catalog,
  rendition: Rendition,
  budget: PixelBudget,
): AppIconFault | undefined {
  const pixels = attempt(() => decodePixels(store, rendition, budget));
  if (pixels instanceof ShipError) return { what: 'icon unreadable', reason: pixels.failure.reason };
  return typeof pixels === 'object' && hasTransparency(pixels) ? { what: 'icon transparent' } : undefined;
}

/** The names in a catalog that stand for app icons. */
export const iconFacets = ({ facets }: Catalog): readonly Facet[] =>
  (facets?.rows ?? []).filter(({ part }) => ICON_PARTS.includes(part));

/** A facet may have no identifier of its own in a catalog with one name only. */
export const renditionsOf = (
  { renditions, keyFormat }: Catalog,
  { identifier }: Facet,
): readonly Rendition[] =>
  keyFormat.includes(IDENTIFIER)
    ? renditions.rows.filter(({ key }) => key.get(IDENTIFIER) === identifier)
    : renditions.rows;
