import { isDict, newDict, type PlistDict, stringAt } from '../../formats/plist/index.ts';
import { IPAD_ICONS, IPHONE_ICONS, iconBaseName } from './sizes.ts';

/** The entries of an Info.plist that name the icon; to be merged with `mergeInfoPlist`. */
export type IconKeys = PlistDict;

/** The name of the icon in the asset catalog: under CFBundleIcons as Xcode writes it, or at the top. */
export function iconNameOf(info: PlistDict): string | undefined {
  const icons = isDict(info.CFBundleIcons) ? info.CFBundleIcons : undefined;
  const primary = isDict(icons?.CFBundlePrimaryIcon) ? icons.CFBundlePrimaryIcon : undefined;
  const name = stringAt(info, 'CFBundleIconName') ?? (primary && stringAt(primary, 'CFBundleIconName'));
  return name || undefined;
}

export const macIconKeys = (): IconKeys => newDict([['CFBundleIconFile', 'AppIcon']]);

export function iosIconKeys(options: { readonly withIpad: boolean }): IconKeys {
  const iphone = baseNames(IPHONE_ICONS);
  const keys = newDict([['CFBundleIcons', primary(iphone)]]);
  if (options.withIpad)
    keys['CFBundleIcons~ipad'] = primary([...new Set([...iphone, ...baseNames(IPAD_ICONS)])]);
  return keys;
}

const baseNames = (sizes: typeof IPHONE_ICONS): string[] => [...new Set(sizes.map(iconBaseName))];

/** CFBundleIconName counts only where an asset catalog resolves it; the merge drops it otherwise. */
const primary = (files: string[]): PlistDict =>
  newDict([
    [
      'CFBundlePrimaryIcon',
      newDict([
        ['CFBundleIconFiles', files],
        ['CFBundleIconName', 'AppIcon'],
      ]),
    ],
  ]);
