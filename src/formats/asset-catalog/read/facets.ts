import { ELEMENT, IDENTIFIER, PART } from './attributes.ts';
import { Fields } from './fields.ts';
import { demand } from './malformed.ts';
import type { Store } from './store.ts';
import { readTree, type Tree } from './tree.ts';

const MAX_NAME_BYTES = 4096;
const MAX_VALUE_BYTES = 1024;
const MAX_MASK_BYTES = 16 + 64 * 4;

/** A name that code asks for, and what the keys of its renditions have in common. */
export interface Facet {
  readonly name: string;
  readonly element: number;
  readonly part: number;
  readonly identifier: number;
}

/** An appearance such as `UIAppearanceDark`, and its number in rendition keys. */
export interface Appearance {
  readonly name: string;
  readonly id: number;
}

export interface Named<T> {
  readonly tree: Tree;
  /** In the order of the tree. */
  readonly rows: readonly T[];
}

export const readFacets = (store: Store): Named<Facet> | undefined =>
  readNamed(store, 'FACETKEYS', (name, value) => {
    const count = value.u16(4);
    const pairs = new Map<number, number>();
    for (let at = 6; at < 6 + count * 4; at += 4) pairs.set(value.u16(at), value.u16(at + 2));
    const of = (attribute: number): number => pairs.get(attribute) ?? 0;
    return { name, element: of(ELEMENT), part: of(PART), identifier: of(IDENTIFIER) };
  });

export const readAppearances = (store: Store): Named<Appearance> | undefined =>
  readNamed(store, 'APPEARANCEKEYS', (name, value) => ({ name, id: value.u16(0) }));

function readNamed<T>(
  store: Store,
  variable: string,
  toRow: (name: string, value: Fields) => T,
): Named<T> | undefined {
  const block = store.variables.get(variable);
  if (block === undefined) return undefined;
  const tree = readTree(store, variable, block);
  demand(!tree.inlineKeys, `The tree ${variable} has numbers for keys.`);
  const rows = tree.entries.map(({ key, valueBlock }) => {
    const name = store.whole(key, `a key of ${variable}`, MAX_NAME_BYTES).toString('utf8');
    const what = `the value of ${JSON.stringify(name.slice(0, 100))} in ${variable}`;
    return toRow(name, new Fields(store.whole(valueBlock, what, MAX_VALUE_BYTES), what));
  });
  return { tree, rows };
}

/** Which values the renditions of a facet have: a set of bits for each attribute of the key format. */
export interface UsedValues {
  readonly identifier: number;
  readonly masks: readonly number[];
}

export function readUsedValues(store: Store): Named<UsedValues> | undefined {
  const block = store.variables.get('BITMAPKEYS');
  if (block === undefined) return undefined;
  const tree = readTree(store, 'BITMAPKEYS', block);
  demand(tree.inlineKeys || tree.entries.length === 0, 'The tree BITMAPKEYS has blocks for keys.');
  const rows = tree.entries.map(({ key, valueBlock }) => {
    const what = `the used values of ${key}`;
    const value = new Fields(store.whole(valueBlock, what, MAX_MASK_BYTES), what);
    return { identifier: key, masks: value.u32s(16, value.u32(12)) };
  });
  return { tree, rows };
}

/**
 * The number that the name of a facet stands for in rendition keys: `h = h·33 + byte` over the bytes of its name in 64
 * bits, then `id = id·33 + word` over the four 16-bit words of it. Found by comparing what actool of Xcode 9 to 26 writes.
 */
export function identifierOf(name: string): number {
  let hash = 0x189d7n;
  for (const byte of Buffer.from(name)) hash = BigInt.asUintN(64, hash * 33n + BigInt(byte));
  let identifier = 0;
  for (let shift = 0n; shift < 64n; shift += 16n)
    identifier = (identifier * 33 + Number((hash >> shift) & 0xffffn)) & 0xffff;
  return identifier;
}
