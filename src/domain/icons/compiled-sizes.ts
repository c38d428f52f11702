import type { BundleFacts } from '../bundle/index.ts';
import { compareOsVersions } from '../bundle/os-version.ts';
import {
  type IconSize,
  IPAD_ICONS,
  IPHONE_ICONS,
  MAC_ICONS,
  MARKETING_ICON,
  ONE_SIZE_ICONS,
} from './sizes.ts';

/** Xcode 26 compiles one size for this system; of older ones nobody has seen what it does. */
const ONE_SIZE_SINCE = '15.1';

export interface CatalogTarget {
  readonly platform: BundleFacts['platform'];
  /** The oldest system that the app runs on, e.g. `17.0`. */
  readonly minimumOs: string;
  /** Empty for macOS. */
  readonly devices: readonly ('iphone' | 'ipad')[];
}

/**
 * What a catalog that we compile holds. The store looks for the picture of 1024 pixels by itself, in the place that it
 * has had since Xcode 9, wherever else it is.
 */
export function compiledIconSizes({ platform, minimumOs, devices }: CatalogTarget): readonly IconSize[] {
  if (platform === 'macos') return MAC_ICONS;
  const every = { iphone: IPHONE_ICONS, ipad: IPAD_ICONS };
  const sizes = compareOsVersions(minimumOs, ONE_SIZE_SINCE) < 0 ? every : ONE_SIZE_ICONS;
  return [...devices.flatMap((device) => sizes[device]), ...MARKETING_ICON];
}
