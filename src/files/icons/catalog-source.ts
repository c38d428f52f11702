import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleFacts } from '../../domain/bundle/index.ts';
import {
  appIconSetContents,
  catalogContents,
  catalogFileName,
  type IconSize,
  IPAD_ICONS,
  IPHONE_ICONS,
  MAC_ICONS,
  MARKETING_ICON,
  pixelsOf,
} from '../../domain/icons/index.ts';
import type { IconArt } from './image.ts';

/**
 * Writes `<folder>/Assets.xcassets` with one icon set `AppIcon`: the input of actool.
 *
 * @param folder - an existing folder of ours on this host, outside the bundle
 * @returns path of the catalog on this host
 */
export async function assetCatalogSource(
  art: IconArt,
  folder: string,
  { platform, signal }: { platform: BundleFacts['platform']; signal: AbortSignal },
): Promise<string> {
  const sizes: readonly IconSize[] =
    platform === 'ios' ? [...IPHONE_ICONS, ...IPAD_ICONS, ...MARKETING_ICON] : MAC_ICONS;
  const catalog = join(folder, 'Assets.xcassets');
  const iconSet = join(catalog, 'AppIcon.appiconset');
  await mkdir(iconSet, { recursive: true });
  await writeFile(join(catalog, 'Contents.json'), catalogContents());
  await writeFile(join(iconSet, 'Contents.json'), appIconSetContents(sizes));
  for (const size of sizes)
    await writeFile(join(iconSet, catalogFileName(size)), await art.pngOf(pixelsOf(size), { signal }));
  return catalog;
}
