import { type BomStore, bigWords } from '../../bom/store.ts';
import { tag } from './parts.ts';

const VERSION = 1;
const IS_LEAF = 1;
const NODE_HEADER_BYTES = 12;
const PAIR_BYTES = 8;
const PAGE_BYTES = 4096;
const INLINE_PAGE_BYTES = 1024;
const KEYS_OF_ANY_LENGTH = 0xffffffff;

export interface TreeEntry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/**
 * Adds a tree that is one leaf: header, leaf, and for each entry the block of its key and that of its value. Where all
 * keys are equally long they stand in the leaf once more, behind the pairs: CoreUI searches those.
 *
 * @returns the number of the header block
 * @throws RangeError when the entries do not fit into one leaf, or two have one key
 */
export function addTree(store: BomStore, entries: readonly TreeEntry[]): number {
  const sorted = [...entries].sort((a, b) => a.key.compare(b.key));
  for (const [i, { key }] of sorted.entries())
    if (sorted[i + 1]?.key.equals(key)) throw new RangeError(`the key ${key.toString('hex')} is there twice`);
  const headerId = store.nextId;
  const firstId = headerId + 2;
  const [first] = sorted;
  const isEven = first !== undefined && sorted.every(({ key }) => key.length === first.key.length);
  const pairs = sorted.map((_, i) => ({ value: firstId + 2 * i + 1, key: firstId + 2 * i }));
  const keySize = isEven ? first.key.length : KEYS_OF_ANY_LENGTH;
  const copies = isEven ? sorted.map(({ key }) => key) : [];
  store.add(
    treeHeader({
      rootId: headerId + 1,
      pageBytes: PAGE_BYTES,
      count: sorted.length,
      isInline: false,
      keySize,
    }),
  );
  store.add(leaf(pairs, PAGE_BYTES, copies));
  for (const { key, value } of sorted) {
    store.add(key);
    store.add(value);
  }
  return headerId;
}

/** As `addTree`, for keys that are numbers: they stand in the leaf itself, in the place of the block of a key. */
export function addNumberTree(
  store: BomStore,
  entries: readonly { readonly key: number; readonly value: Buffer }[],
): number {
  const sorted = [...entries].sort((a, b) => a.key - b.key);
  const headerId = store.nextId;
  const pairs = sorted.map(({ key }, i) => ({ value: headerId + 2 + i, key }));
  store.add(
    treeHeader({
      rootId: headerId + 1,
      pageBytes: INLINE_PAGE_BYTES,
      count: sorted.length,
      isInline: true,
      keySize: 0,
    }),
  );
  store.add(leaf(pairs, INLINE_PAGE_BYTES, []));
  for (const { value } of sorted) store.add(value);
  return headerId;
}

interface TreeShape {
  readonly rootId: number;
  readonly pageBytes: number;
  readonly count: number;
  readonly isInline: boolean;
  readonly keySize: number;
}

const treeHeader = ({ rootId, pageBytes, count, isInline, keySize }: TreeShape): Buffer =>
  Buffer.concat([
    tag('tree'),
    bigWords(VERSION, rootId, pageBytes, count),
    Buffer.of(isInline ? 1 : 0),
    bigWords(keySize, 0),
  ]);

/** At least one page long, however few the entries: CoreUI reads a whole page. */
function leaf(
  pairs: readonly { readonly value: number; readonly key: number }[],
  pageBytes: number,
  copies: readonly Buffer[],
): Buffer {
  const most = Math.floor((pageBytes - NODE_HEADER_BYTES) / PAIR_BYTES);
  if (pairs.length > most) throw new RangeError(`a tree of ${pairs.length} entries needs several leaves`);
  const header = Buffer.alloc(NODE_HEADER_BYTES);
  header.writeUInt16BE(IS_LEAF, 0);
  header.writeUInt16BE(pairs.length, 2);
  const listed = bigWords(...pairs.flatMap(({ value, key }) => [value, key]), 0);
  const filled = Buffer.concat([header, listed, ...copies]);
  const copiedBytes = copies.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([filled, Buffer.alloc(pageBytes + copiedBytes)], pageBytes + copiedBytes);
}
