/** One file of an app icon. */
export interface IconSize {
  /** Edge in points, as its name says it. */
  readonly points: number;
  readonly scale: 1 | 2 | 3;
  readonly idiom: 'iphone' | 'ipad' | 'ios-marketing' | 'mac';
}

export const pixelsOf = ({ points, scale }: Pick<IconSize, 'points' | 'scale'>): number => points * scale;

const each = (idiom: IconSize['idiom'], entries: readonly (readonly [number, 1 | 2 | 3])[]): IconSize[] =>
  entries.map(([points, scale]) => ({ idiom, points, scale }));

/** Sizes of https://developer.apple.com/design/human-interface-guidelines/app-icons (explicit, for every release). */
export const IPHONE_ICONS = each('iphone', [
  [20, 2],
  [20, 3],
  [29, 2],
  [29, 3],
  [40, 2],
  [40, 3],
  [60, 2],
  [60, 3],
]);

export const IPAD_ICONS = each('ipad', [
  [20, 1],
  [20, 2],
  [29, 1],
  [29, 2],
  [40, 1],
  [40, 2],
  [76, 1],
  [76, 2],
  [83.5, 2],
]);

/** One picture for all: since Xcode 26 that is what it compiles of an icon for systems that make the sizes themselves. */
export const ONE_SIZE_ICONS: Readonly<Record<'iphone' | 'ipad', readonly IconSize[]>> = {
  iphone: each('iphone', [[1024, 1]]),
  ipad: each('ipad', [[1024, 1]]),
};

export const MARKETING_ICON = each('ios-marketing', [[1024, 1]]);

export const MAC_ICONS = each('mac', [
  [16, 1],
  [16, 2],
  [32, 1],
  [32, 2],
  [128, 1],
  [128, 2],
  [256, 1],
  [256, 2],
  [512, 1],
  [512, 2],
]);

/** `AppIcon60x60`: what CFBundleIconFiles names; the system adds scale, device and `.png`. */
export const iconBaseName = ({ points }: Pick<IconSize, 'points'>): string => `AppIcon${points}x${points}`;

/** Named as actool names them, e.g. `AppIcon60x60@2x.png`, `AppIcon76x76@2x~ipad.png`. */
export function looseIconName(size: IconSize): string {
  const scale = size.scale === 1 ? '' : `@${size.scale}x`;
  return `${iconBaseName(size)}${scale}${size.idiom === 'ipad' ? '~ipad' : ''}.png`;
}

/** Any loose app icon, of whatever size, that an earlier tool put at the top of an iOS bundle. */
export const LOOSE_ICON_NAME = /^AppIcon\d+(?:\.\d+)?x\d+(?:\.\d+)?(?:@[123]x)?(?:~(?:ipad|iphone))?\.png$/;
