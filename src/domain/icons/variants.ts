import { joined } from '../bundle/nested-places.ts';

/** What the home screen of iOS 18 and newer shows in the place of the icon, where the app has it. */
export const ICON_VARIANTS = ['dark', 'tinted'] as const;
export type IconVariant = (typeof ICON_VARIANTS)[number];

/** Which ones the project has: where each lies in the project. */
export type NamedVariants = Readonly<Partial<Record<IconVariant, string>>>;

/** As the compiler names the picture of the icon itself; `icon.png` may be a picture of the app's own. */
const SOURCES = ['Icon-1024', 'AppIcon'] as const;

/** Names, at the top of the bundle, of pictures that are there for the icon alone. */
export const variantSourceNames = (variant: IconVariant): string[] =>
  SOURCES.map((name) => `${name}-${variant}.png`);

/**
 * Where the picture of a variant is looked for: under the names that the compiler gives to sources of icons, then
 * where it lies in the project, because the assets of a project are in the bundle under the same paths.
 *
 * @param resources - folder of the resources, relative to the bundle
 */
export function variantPaths(resources: string, variant: IconVariant, named: string): string[] {
  const names = [...variantSourceNames(variant), `icon-${variant}.png`];
  const isInside = named.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  return [...names, ...(isInside ? [named] : [])].map((path) => joined(resources, path));
}
