import { type Attribute, type CatalogPlatform, KEY_FORMATS, type KeyValues } from './attributes.ts';
import { words } from './parts.ts';

const EVERYTHING = 0xffffffff;
/** Not told by bits: their values can be above 31. */
const UNMASKED: readonly Attribute[] = ['appearance', 'identifier', 'element', 'part'];

/**
 * The value of a row of BITMAPKEYS: for each attribute of the key format a mask of 32 bits, in which bit v says that a
 * rendition of the facet has the value v there.
 *
 * @throws RangeError for a value that has no bit
 */
export function usedValues(platform: CatalogPlatform, keys: readonly KeyValues[]): Buffer {
  const masks = KEY_FORMATS[platform].map((name) => maskOf(name, keys));
  return words(1, 0, 4 * (masks.length + 1), masks.length, ...masks);
}

function maskOf(name: Attribute, keys: readonly KeyValues[]): number {
  if (UNMASKED.includes(name)) return EVERYTHING;
  let mask = 0;
  for (const { [name]: value = 0 } of keys) {
    if (value > 31) throw new RangeError(`${name} ${value} has no bit in a mask of 32`);
    mask |= 1 << value;
  }
  return mask >>> 0;
}
