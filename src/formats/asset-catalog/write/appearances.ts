import type { CatalogPlatform } from './attributes.ts';
import { halfWords, tag } from './parts.ts';
import type { TreeEntry } from './tree.ts';

export type IconAppearance = 'any' | 'dark' | 'tinted';

interface Appearance {
  readonly id: number;
  readonly name: string;
}

/** macOS has none for icons but the one of every picture. */
const APPEARANCES: Readonly<Record<CatalogPlatform, Readonly<Partial<Record<IconAppearance, Appearance>>>>> =
  {
    ios: {
      any: { id: 0, name: 'UIAppearanceAny' },
      dark: { id: 1, name: 'UIAppearanceDark' },
      tinted: { id: 10, name: 'ISAppearanceTintable' },
    },
    macos: { any: { id: 0, name: 'NSAppearanceNameSystem' } },
  };

/** @throws RangeError when icons of the platform have no such appearance */
export function appearanceOf(platform: CatalogPlatform, appearance: IconAppearance): Appearance {
  const found = APPEARANCES[platform][appearance];
  if (!found) throw new RangeError(`icons of ${platform} have no ${appearance} appearance`);
  return found;
}

/** Name and number of each appearance that is used; that of every picture always is. */
export function appearanceRows(
  platform: CatalogPlatform,
  used: readonly { readonly appearance: IconAppearance }[],
): TreeEntry[] {
  const all = new Set<IconAppearance>(['any', ...used.map(({ appearance }) => appearance)]);
  return [...all].map((appearance) => {
    const { id, name } = appearanceOf(platform, appearance);
    return { key: tag(name), value: halfWords(id) };
  });
}
