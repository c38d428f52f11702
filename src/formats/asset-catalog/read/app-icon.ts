import { IDENTIFIER, PART, PART_ICON_IMAGE, PART_ICON_STACK, PART_MULTI_SIZE } from './attributes.ts';
import { type Catalog, readCatalog } from './catalog.ts';
import type { Facet } from './facets.ts';
import type { Rendition } from './rendition.ts';
import type { CatalogSource } from './source.ts';

const ICON_PARTS: readonly number[] = [PART_ICON_IMAGE, PART_MULTI_SIZE, PART_ICON_STACK];

/**
 * Whether a compiled catalog has an app icon of this name that the system can find: the name itself, the record of its
 * sizes, and at least one picture.
 *
 * @throws ShipError ASSET_CATALOG_MALFORMED
 */
export function hasAppIcon(source: CatalogSource, name: string): boolean {
  const catalog = readCatalog(source);
  const facet = iconFacets(catalog).find((icon) => icon.name === name);
  if (!facet) return false;
  const parts = new Set(renditionsOf(catalog, facet).map(({ key }) => key.get(PART)));
  return parts.has(PART_MULTI_SIZE) && (parts.has(PART_ICON_IMAGE) || parts.has(PART_ICON_STACK));
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
