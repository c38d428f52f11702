export {
  catalogContents,
  catalogFileName,
  type IconSetFile,
  type IconSetSource,
  iconSetSource,
} from './catalog.ts';
export { type CatalogTarget, compiledIconSizes } from './compiled-sizes.ts';
export { buildIcns } from './icns.ts';
export { type IconKeys, iconNameOf, iosIconKeys, macIconKeys } from './icon-keys.ts';
export { PNG_HEAD_BYTES, pngHasAlpha, pngSize } from './png-size.ts';
export {
  type IconSize,
  IPAD_ICONS,
  IPHONE_ICONS,
  LOOSE_ICON_NAME,
  looseIconName,
  MAC_ICONS,
  MARKETING_ICON,
  pixelsOf,
} from './sizes.ts';
export {
  ICON_VARIANTS,
  type IconVariant,
  type NamedVariants,
  variantPaths,
  variantSourceNames,
} from './variants.ts';
