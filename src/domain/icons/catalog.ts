import type { BundlePlatform } from '../bundle/facts.ts';
import { type IconSize, IPAD_ICONS, IPHONE_ICONS, MAC_ICONS, MARKETING_ICON, pixelsOf } from './sizes.ts';
import type { IconVariant } from './variants.ts';

const INFO = { author: 'xcode', version: 1 } as const;

type Pixels = Pick<IconSize, 'points' | 'scale'>;

/** Pixels decide the file: sizes that need the same pixels share one. */
export const catalogFileName = (size: Pixels, variant?: IconVariant): string =>
  `icon-${pixelsOf(size)}${variant === undefined ? '' : `-${variant}`}.png`;

const jsonOf = (content: object): string => `${JSON.stringify({ ...content, info: INFO }, null, 2)}\n`;

/** `Contents.json` of the catalog itself. */
export const catalogContents = (): string => jsonOf({});

export interface IconSetFile {
  readonly name: string;
  readonly pixels: number;
  readonly variant?: IconVariant;
}

/** An `AppIcon.appiconset`: its `Contents.json`, and the pictures that stand beside it. */
export interface IconSetSource {
  readonly contents: string;
  readonly files: readonly IconSetFile[];
}

export const iconSetSource = (platform: BundlePlatform, variants: readonly IconVariant[]): IconSetSource =>
  variants.length > 0
    ? withVariants(variants)
    : inEverySize(platform === 'macos' ? MAC_ICONS : [...IPHONE_ICONS, ...IPAD_ICONS, ...MARKETING_ICON]);

/**
 * With explicit sizes, which actool of every Xcode understands.
 * https://developer.apple.com/library/archive/documentation/Xcode/Reference/xcode_ref-Asset_Catalog_Format/AppIconType.html
 */
function inEverySize(sizes: readonly IconSize[]): IconSetSource {
  const images = sizes.map((size) => ({
    filename: catalogFileName(size),
    idiom: size.idiom,
    scale: `${size.scale}x`,
    size: `${size.points}x${size.points}`,
  }));
  const files = sizes.map((size) => ({ name: catalogFileName(size), pixels: pixelsOf(size) }));
  return { contents: jsonOf({ images }), files };
}

const ONE_SIZE: Pixels = { points: 1024, scale: 1 };

/**
 * In one size for all devices, which is how actool takes variants since Xcode 16.
 * https://developer.apple.com/documentation/xcode/configuring-your-app-icon
 */
function withVariants(variants: readonly IconVariant[]): IconSetSource {
  const pixels = pixelsOf(ONE_SIZE);
  const files: IconSetFile[] = [
    { name: catalogFileName(ONE_SIZE), pixels },
    ...variants.map((variant) => ({ name: catalogFileName(ONE_SIZE, variant), pixels, variant })),
  ];
  const images = files.map(({ name, variant }) => ({
    ...(variant !== undefined && { appearances: [{ appearance: 'luminosity', value: variant }] }),
    filename: name,
    idiom: 'universal',
    platform: 'ios',
    size: `${pixels}x${pixels}`,
  }));
  return { contents: jsonOf({ images }), files };
}
