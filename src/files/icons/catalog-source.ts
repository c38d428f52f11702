import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleFacts } from '../../domain/bundle/index.ts';
import { catalogContents, ICON_VARIANTS, iconSetSource } from '../../domain/icons/index.ts';
import type { IconSetArt } from './variants.ts';

/**
 * Writes `<folder>/Assets.xcassets` with one icon set `AppIcon`: the input of actool.
 *
 * @param folder - an existing folder of ours on this host, outside the bundle
 * @returns path of the catalog on this host
 */
export async function assetCatalogSource(
  art: IconSetArt,
  folder: string,
  { platform, signal }: { platform: BundleFacts['platform']; signal: AbortSignal },
): Promise<string> {
  const catalog = join(folder, 'Assets.xcassets');
  const iconSet = join(catalog, 'AppIcon.appiconset');
  await mkdir(iconSet, { recursive: true });
  await writeFile(join(catalog, 'Contents.json'), catalogContents());
  const { contents, files } = iconSetSource(
    platform,
    ICON_VARIANTS.filter((variant) => art[variant]),
  );
  await writeFile(join(iconSet, 'Contents.json'), contents);
  for (const { name, pixels, variant } of files) {
    const drawn = art[variant ?? 'any'] ?? art.any;
    await writeFile(join(iconSet, name), await drawn.pngOf(pixels, { signal }));
  }
  return catalog;
}
