import type { BundleFacts } from '../../domain/bundle/index.ts';
import { shown } from '../../domain/bundle/shown.ts';
import {
  ICON_VARIANTS,
  type IconVariant,
  type NamedVariants,
  variantPaths,
} from '../../domain/icons/index.ts';
import { type IconArt, loadArt } from './image.ts';
import { findPicture, unreadable } from './source.ts';

/** The icon, and what the home screen may show in its place. */
export interface IconSetArt extends Readonly<Partial<Record<IconVariant, IconArt>>> {
  readonly any: IconArt;
}

export interface FoundVariants {
  readonly art: Readonly<Partial<Record<IconVariant, IconArt>>>;
  /** Each begins with a code: ICON_VARIANT_MISSING, ICON_UNREADABLE, ICON_NOT_SQUARE, ICON_TOO_SMALL. */
  readonly warnings: readonly string[];
}

/**
 * The pictures of the variants that the project names. They keep their transparency, behind which the system puts a
 * background of its own; of a tinted one it takes the lightness alone.
 *
 * @throws ShipError BUNDLE_LINK_OUTSIDE
 */
export async function findVariants(
  appPath: string,
  { platform, resources }: Pick<BundleFacts, 'platform' | 'resources'>,
  named: NamedVariants,
): Promise<FoundVariants> {
  const art: Partial<Record<IconVariant, IconArt>> = {};
  const warnings: string[] = [];
  for (const variant of platform === 'ios' ? ICON_VARIANTS : []) {
    const path = named[variant];
    if (path === undefined) continue;
    const found = await findPicture(appPath, variantPaths(resources, variant, path));
    warnings.push(...found.warnings);
    if (found.candidates.length === 0) warnings.push(missing(variant, path));
    if (!found.source) continue;
    const options = { flatten: false, isGrey: variant === 'tinted' };
    const loaded = await loadArt(found.source.bytes, options).catch((error: unknown) =>
      unreadable(found.source?.path ?? path, error),
    );
    if (typeof loaded === 'string') warnings.push(loaded);
    else art[variant] = loaded;
  }
  return { art, warnings };
}

const missing = (variant: IconVariant, path: string): string =>
  `ICON_VARIANT_MISSING: the ${variant} icon ${shown(path)} is not in the bundle; the app has none.`;
