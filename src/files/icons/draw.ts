import { mkdir, readdir, rm } from 'node:fs/promises';
import type { BundleFacts } from '../../domain/bundle/index.ts';
import { joined } from '../../domain/bundle/nested-places.ts';
import {
  buildIcns,
  ICON_VARIANTS,
  type IconKeys,
  IPAD_ICONS,
  IPHONE_ICONS,
  iosIconKeys,
  LOOSE_ICON_NAME,
  looseIconName,
  MAC_ICONS,
  macIconKeys,
  type NamedVariants,
  pixelsOf,
  variantSourceNames,
} from '../../domain/icons/index.ts';
import { newDict } from '../../formats/plist/index.ts';
import { plainPath, replaceFile } from '../bundle/plain-file.ts';
import { assetCatalogSource } from './catalog-source.ts';
import { type IconArt, type ImageSize, loadArt } from './image.ts';
import { findIconSource, unreadable } from './source.ts';
import { findVariants, type IconSetArt } from './variants.ts';

type IconFacts = Pick<BundleFacts, 'platform' | 'resources' | 'deviceFamilies'>;

export interface DrawOptions {
  readonly signal: AbortSignal;
  /** A folder of ours, outside the bundle, to put `Assets.xcassets` for actool into. */
  readonly catalogFolder?: string;
  /** Which variants the project has; only they are looked for. */
  readonly variants?: NamedVariants;
}

export interface IconResult {
  /** False when there was nothing to draw from; the bundle is then unchanged. */
  readonly drawn: boolean;
  /** Relative to the bundle, as all paths here. */
  readonly source?: string;
  readonly sourceSize?: ImageSize;
  /** Written into the bundle. */
  readonly files: readonly string[];
  /** Taken out of the bundle: sources that are no part of the product, icons of an earlier tool. */
  readonly removed: readonly string[];
  /** For `mergeInfoPlist`. */
  readonly iconKeys: IconKeys;
  /** What was drawn from; absent when nothing was. */
  readonly art?: IconSetArt;
  /** `Assets.xcassets` on this host, when it was asked for. */
  readonly catalogPath?: string;
  /** Each begins with a code: ICON_UNREADABLE, ICON_NOT_SQUARE, ICON_TOO_SMALL, ICON_VARIANT_MISSING. */
  readonly warnings: readonly string[];
}

interface Drawing {
  readonly appPath: string;
  readonly facts: IconFacts;
  readonly art: IconArt;
  readonly variants: NamedVariants;
  readonly source: string;
  readonly signal: AbortSignal;
}

/**
 * Draws the app icon out of the PNG that the compiler left in the bundle: `AppIcon.icns` for macOS, loose PNGs for
 * iOS. Without a usable PNG nothing changes, so that an icon that the app brought itself stays.
 *
 * @throws ShipError BUNDLE_LINK_OUTSIDE when a link lies where an icon must be written · the signal's reason
 */
export async function drawIcons(
  appPath: string,
  facts: IconFacts,
  options: DrawOptions,
): Promise<IconResult> {
  const { source, warnings } = await findIconSource(appPath, facts);
  const nothing = { drawn: false, files: [], removed: [], iconKeys: newDict() };
  if (!source) return { ...nothing, warnings };
  const flatten = facts.platform === 'ios';
  const art = await loadArt(source.bytes, { flatten }).catch((error: unknown) =>
    unreadable(source.path, error),
  );
  if (typeof art === 'string') return { ...nothing, warnings: [...warnings, art] };
  const { signal, catalogFolder, variants = {} } = options;
  const found = await findVariants(appPath, facts, variants);
  const set = { any: art, ...found.art };
  const { platform } = facts;
  const catalogPath =
    catalogFolder === undefined
      ? undefined
      : await assetCatalogSource(set, catalogFolder, { platform, signal });
  const drawing = { appPath, facts, art, variants, source: source.path, signal };
  const placed = platform === 'ios' ? await placeLooseIcons(drawing) : await placeIcns(drawing);
  return {
    drawn: true,
    source: source.path,
    sourceSize: source.size,
    ...placed,
    art: set,
    ...(catalogPath !== undefined && { catalogPath }),
    warnings: [...warnings, ...found.warnings],
  };
}

type Placed = Pick<IconResult, 'files' | 'removed' | 'iconKeys'>;

/** A source in the resources stays: the app may show it itself. One beside `Contents` cannot be sealed there. */
async function placeIcns({ appPath, facts, art, source, signal }: Drawing): Promise<Placed> {
  const pngs = new Map<number, Buffer>();
  for (const size of MAC_ICONS) pngs.set(pixelsOf(size), await art.pngOf(pixelsOf(size), { signal }));
  const path = joined(facts.resources, 'AppIcon.icns');
  await mkdir(await plainPath(appPath, facts.resources), { recursive: true });
  await replaceFile(
    appPath,
    path,
    buildIcns((pixels) => pngs.get(pixels) ?? Buffer.alloc(0)),
  );
  const removed = await removeFiles(appPath, source.includes('/') ? [] : [source]);
  return { files: [path], removed, iconKeys: macIconKeys() };
}

/** `icon.png` stays: it may well be a picture of the app's own. So may pictures of variants that nobody has named. */
async function placeLooseIcons({ appPath, facts, art, variants, signal }: Drawing): Promise<Placed> {
  const withIpad = facts.deviceFamilies.length === 0 || facts.deviceFamilies.includes(2);
  const sizes = [...IPHONE_ICONS, ...(withIpad ? IPAD_ICONS : [])];
  const files = sizes.map(looseIconName);
  for (const size of sizes)
    await replaceFile(appPath, looseIconName(size), await art.pngOf(pixelsOf(size), { signal }));
  const written = new Set(files);
  const stale = (await readdir(appPath)).filter((name) => LOOSE_ICON_NAME.test(name) && !written.has(name));
  const ofVariants = ICON_VARIANTS.filter((variant) => variants[variant]).flatMap(variantSourceNames);
  const sources = ['Icon-1024.png', 'AppIcon.png', ...ofVariants];
  const removed = await removeFiles(appPath, [...sources, ...stale.sort()]);
  return { files, removed, iconKeys: iosIconKeys({ withIpad }) };
}

/** A link is removed itself, not what it points to. */
async function removeFiles(appPath: string, names: readonly string[]): Promise<string[]> {
  const present = new Set(await readdir(appPath));
  const removed = names.filter((name) => present.has(name));
  for (const name of removed) await rm(`${appPath}/${name}`, { force: true, recursive: true });
  return removed;
}
