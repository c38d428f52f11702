/**
 * The reader of asset catalogs, in `../read`, shares no code with this writer, on purpose, not even its constants: a
 * mistake in one of them then shows in the other.
 */
export type { IconAppearance } from './appearances.ts';
export { writeIconCatalog } from './icon-catalog.ts';
export type { CatalogImage, IconCatalog } from './icon-set.ts';
export type { Picture } from './pixels.ts';
