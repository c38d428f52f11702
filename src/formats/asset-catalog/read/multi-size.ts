import { Fields } from './fields.ts';
import { demand } from './malformed.ts';
import type { Payload } from './rendition.ts';
import type { Store } from './store.ts';

const ENTRY_BYTES = 12;
const MAX_SIZES = 64;

/** One size that an icon is there in, in points; 83.5 is written as 83. */
export interface IconSize {
  readonly width: number;
  readonly height: number;
  /** The second dimension in the keys of the pictures of this size. */
  readonly index: number;
}

/** The sizes of an icon for one idiom. @throws ShipError ASSET_CATALOG_MALFORMED */
export function readIconSizes(store: Store, { block, at, length }: Payload): readonly IconSize[] {
  const what = 'the list of icon sizes';
  const limit = 12 + MAX_SIZES * ENTRY_BYTES;
  demand(length <= limit, `A list of icon sizes has ${length} bytes.`);
  const fields = new Fields(store.part(block, what, { at, length }), what);
  demand(
    fields.tag(0) === 'SISM',
    () => `A list of icon sizes begins with ${JSON.stringify(fields.tag(0))}.`,
  );
  const words = fields.u32s(12, fields.u32(8) * 3);
  const sizes: IconSize[] = [];
  for (let word = 0; word < words.length; word += 3) {
    const [width, height, index] = words.slice(word, word + 3) as [number, number, number];
    sizes.push({ width, height, index });
  }
  return sizes;
}
