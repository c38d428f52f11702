import {
  type CatalogTarget,
  catalogFileName,
  compiledIconSizes,
  ICON_VARIANTS,
  pixelsOf,
} from '../../domain/icons/index.ts';
import { type CatalogImage, writeIconCatalog } from '../../formats/asset-catalog/write/index.ts';
import type { IconSetArt } from './variants.ts';

/** What the catalog calls the icon, in Info.plist as well. */
export const CATALOG_ICON = 'AppIcon';

/**
 * The icon as a compiled catalog (`Assets.car`), for a machine without Apple's actool.
 *
 * @throws the signal's reason
 */
export async function compiledCatalog(
  art: IconSetArt,
  { signal, ...target }: CatalogTarget & { readonly signal: AbortSignal },
): Promise<Buffer> {
  const images: CatalogImage[] = [];
  for (const size of compiledIconSizes(target)) {
    for (const variant of [undefined, ...ICON_VARIANTS]) {
      const drawn = art[variant ?? 'any'];
      if (!drawn) continue;
      const picture = await drawn.pictureOf(pixelsOf(size), { signal });
      const name = catalogFileName(size, variant);
      images.push({ ...size, name, appearance: variant ?? 'any', picture });
    }
  }
  const { platform, minimumOs } = target;
  return writeIconCatalog({ name: CATALOG_ICON, platform, minimumOs, images });
}
