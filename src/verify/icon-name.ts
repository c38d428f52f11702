import { isDict, type PlistDict, stringAt } from '../formats/plist/index.ts';
import type { CatalogSummary } from './report.ts';

/** The app icon that the Info.plist names, and no catalog of the app has: the system shows a generic one. */
export function iconNameWarnings(info: PlistDict, catalogs: readonly CatalogSummary[]): string[] {
  // macOS falls back to the file
  if (stringAt(info, 'CFBundleIconFile') !== undefined) return [];
  const main = catalogs.filter(
    ({ path }) => path === 'Assets.car' || path === 'Contents/Resources/Assets.car',
  );
  const known = main.flatMap(({ icons }) => icons.map(({ name }) => name));
  return iconNames(info)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const where = main.length > 0 ? 'its asset catalog has none of that name' : 'it has no asset catalog';
      return `The Info.plist names the app icon ${JSON.stringify(name.slice(0, 100))}, and ${where}.`;
    });
}

/** macOS has the name at the top, iOS in the primary icon of each kind of device. */
function iconNames(info: PlistDict): string[] {
  const primary = ['CFBundleIcons', 'CFBundleIcons~ipad'].flatMap((key) => {
    const icons = info[key];
    const icon = isDict(icons) ? icons.CFBundlePrimaryIcon : undefined;
    return isDict(icon) ? [icon] : [];
  });
  const names = [info, ...primary].flatMap((dict) => stringAt(dict, 'CFBundleIconName') ?? []);
  return [...new Set(names)];
}
