import { isOsVersion } from '../../domain/bundle/index.ts';
import type { CatalogTarget } from '../../domain/icons/index.ts';
import { readInfoPlist } from '../../files/bundle/index.ts';
import { CATALOG_ICON } from '../../files/icons/index.ts';
import { newDict, stringAt } from '../../formats/plist/index.ts';
import { need, type RunResults } from '../run-results.ts';

/** For an app that names no oldest system. */
const OLDEST_SYSTEM = { ios: '15.0', macos: '11.0' } as const;
const MINIMUM_KEYS = { ios: 'MinimumOSVersion', macos: 'LSMinimumSystemVersion' } as const;

/** What the icon is compiled for, by whomever. */
export async function catalogTarget(results: RunResults): Promise<CatalogTarget> {
  const facts = need(results, 'facts');
  const { platform, deviceFamilies } = facts;
  const info = await readInfoPlist(need(results, 'found').appPath, facts);
  const claimed = stringAt(info, MINIMUM_KEYS[platform]);
  const minimumOs =
    claimed !== undefined && isOsVersion(claimed) ? claimed : (facts.minimumOs ?? OLDEST_SYSTEM[platform]);
  const isFor = (family: number) => deviceFamilies.length === 0 || deviceFamilies.includes(family);
  const devices = [...(isFor(1) ? ['iphone' as const] : []), ...(isFor(2) ? ['ipad' as const] : [])];
  return { platform, minimumOs, devices };
}

/** The compiled catalog lies in the bundle; Info.plist is to name the icon in it. */
export function noteCatalog(results: RunResults): void {
  results.facts = { ...need(results, 'facts'), hasAssetsCar: true };
  const keys = Object.entries(need(results, 'icons'));
  results.icons = newDict([...keys, ['CFBundleIconName', CATALOG_ICON]]);
  // some megabytes, and of no use any more
  delete results.iconArt;
}
