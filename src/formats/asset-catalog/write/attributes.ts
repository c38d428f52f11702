import { halfWords, tag, words } from './parts.ts';

/** Numbers of the attributes that a rendition is found by, of those that icons have. */
export const ATTRIBUTES = {
  element: 1,
  part: 2,
  size: 3,
  appearance: 7,
  dimension2: 9,
  layer: 11,
  scale: 12,
  localization: 13,
  idiom: 15,
  subtype: 16,
  identifier: 17,
} as const;

export type Attribute = keyof typeof ATTRIBUTES;
/** What is left out is 0, which stands for any. */
export type KeyValues = Readonly<Partial<Record<Attribute, number>>>;
export type CatalogPlatform = 'ios' | 'macos';

/** In the fixed order of all attributes, as actool of Xcode 26 lists them for a catalog of icons alone. */
export const KEY_FORMATS: Readonly<Record<CatalogPlatform, readonly Attribute[]>> = {
  ios: [
    'appearance',
    'localization',
    'scale',
    'idiom',
    'subtype',
    'dimension2',
    'identifier',
    'element',
    'part',
  ],
  macos: [
    'appearance',
    'localization',
    'element',
    'part',
    'size',
    'identifier',
    'dimension2',
    'layer',
    'scale',
  ],
};

export const ELEMENT_OF_ASSETS = 85;
export const PARTS = { multiSize: 218, icon: 220 } as const;

/** Of the idioms as `Contents.json` of an icon set calls them; macOS has none in its keys. */
export const IDIOMS = { iphone: 1, ipad: 2, 'ios-marketing': 6, mac: 0 } as const;
export type CatalogIdiom = keyof typeof IDIOMS;

/** How many attributes a key has, and their numbers. */
export function keyFormatBlock(platform: CatalogPlatform): Buffer {
  const attributes = KEY_FORMATS[platform].map((name) => ATTRIBUTES[name]);
  return Buffer.concat([tag('tmfk'), words(0, attributes.length, ...attributes)]);
}

/** One number for each attribute of the key format. */
export const renditionKey = (platform: CatalogPlatform, values: KeyValues): Buffer =>
  halfWords(...KEY_FORMATS[platform].map((name) => values[name] ?? 0));
