import { type IconSize, pixelsOf } from './sizes.ts';

const INFO = { author: 'xcode', version: 1 } as const;

/** Pixels decide the file: sizes that need the same pixels share one. */
export const catalogFileName = (size: IconSize): string => `icon-${pixelsOf(size)}.png`;

/** `Contents.json` of the catalog itself. */
export const catalogContents = (): string => `${JSON.stringify({ info: INFO }, null, 2)}\n`;

/**
 * `Contents.json` of an `AppIcon.appiconset` with explicit sizes, which actool of every Xcode understands.
 * https://developer.apple.com/library/archive/documentation/Xcode/Reference/xcode_ref-Asset_Catalog_Format/AppIconType.html
 */
export function appIconSetContents(sizes: readonly IconSize[]): string {
  const images = sizes.map((size) => ({
    filename: catalogFileName(size),
    idiom: size.idiom,
    scale: `${size.scale}x`,
    size: `${size.points}x${size.points}`,
  }));
  return `${JSON.stringify({ images, info: INFO }, null, 2)}\n`;
}
