export { assetCatalogSource } from './catalog-source.ts';
export { CATALOG_ICON, compiledCatalog } from './compiled-catalog.ts';
export { type DrawOptions, drawIcons, type IconResult } from './draw.ts';
export { type IconArt, type ImageSize, loadArt } from './image.ts';
export { type FoundSource, findIconSource, type IconSource } from './source.ts';
export type { IconSetArt } from './variants.ts';
