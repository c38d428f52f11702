import { Fields } from './fields.ts';
import { demand } from './malformed.ts';
import type { Store } from './store.ts';

/** Several times as many as the largest games have. */
const MAX_ENTRIES = 100_000;
const MAX_DEPTH = 8;
const MAX_NODE_BYTES = 1024 * 1024;
const NODE_HEADER_BYTES = 12;

/** A sorted tree of the container: pairs of a value and a key. */
export interface Tree {
  readonly name: string;
  readonly pageBytes: number;
  readonly declaredEntries: number;
  /** The key itself stands in the node, a number. */
  readonly inlineKeys: boolean;
  /** Of every key; 0 or FFFFFFFF when keys have no common length. */
  readonly keyBytes: number;
  readonly leaves: readonly TreeNode[];
  readonly entries: readonly TreeEntry[];
}

export interface TreeNode {
  readonly block: number;
  readonly isLeaf: boolean;
  readonly next: number;
  readonly previous: number;
  /** Of a leaf. */
  readonly pairs: readonly TreeEntry[];
  /** Of a node above the leaves: one more than it has keys, each but the last with the greatest key below it. */
  readonly children: readonly number[];
  readonly bytes: Buffer;
}

export interface TreeEntry {
  readonly valueBlock: number;
  /** A number of a block, or with `inlineKeys` the key itself. */
  readonly key: number;
}

interface TreeHeader extends Omit<Tree, 'leaves' | 'entries'> {
  readonly root: number;
}

interface Walk {
  readonly store: Store;
  readonly name: string;
  /** Blocks that are nodes already. */
  readonly seen: Set<number>;
  /** In all nodes so far. */
  pairs: number;
}

/** Walks a whole tree, level by level. @throws ShipError ASSET_CATALOG_MALFORMED */
export function readTree(store: Store, name: string, block: number): Tree {
  const { root, ...header } = readHeader(store, name, block);
  const walk: Walk = { store, name, seen: new Set(), pairs: 0 };
  let level = [takeNode(walk, root)];
  for (let depth = 1; level.some(({ isLeaf }) => !isLeaf); depth++) {
    demand(depth < MAX_DEPTH, `The tree ${name} has more than ${MAX_DEPTH} levels.`);
    demand(!level.some(({ isLeaf }) => isLeaf), `The leaves of the tree ${name} lie at several depths.`);
    level = level.flatMap(({ children }) => children).map((child) => takeNode(walk, child));
  }
  return { ...header, leaves: level, entries: level.flatMap(({ pairs }) => pairs) };
}

function readHeader(store: Store, name: string, block: number): TreeHeader {
  const what = `the tree ${name}`;
  const fields = new Fields(store.head(block, what, 29), what, 'big');
  demand(fields.tag(0) === 'tree', () => `The block of ${what} does not begin with "tree".`);
  demand(fields.u32(4) === 1, () => `The version of ${what} is ${fields.u32(4)}; only 1 is known.`);
  return {
    name,
    root: fields.u32(8),
    pageBytes: fields.u32(12),
    declaredEntries: fields.u32(16),
    inlineKeys: fields.u8(20) !== 0,
    // the header of Xcode 9 ends before it
    keyBytes: fields.length >= 25 ? fields.u32(21) : 0,
  };
}

function takeNode(walk: Walk, block: number): TreeNode {
  const { store, name, seen } = walk;
  const what = `a node of the tree ${name}`;
  demand(!seen.has(block), `The block ${block} is more than one node of the tree ${name}.`);
  seen.add(block);
  const node = new Fields(store.whole(block, what, MAX_NODE_BYTES), what, 'big');
  const count = node.u16(2);
  walk.pairs += count + 1;
  demand(walk.pairs <= MAX_ENTRIES, `The tree ${name} has more than ${MAX_ENTRIES} entries.`);
  const isLeaf = node.u16(0) !== 0;
  const words = node.u32s(NODE_HEADER_BYTES, count * 2 + (isLeaf ? 0 : 1));
  return {
    block,
    isLeaf,
    next: node.u32(4),
    previous: node.u32(8),
    pairs: isLeaf ? pairsOf(words, count) : [],
    children: isLeaf ? [] : words.filter((_, index) => index % 2 === 0),
    bytes: node.bytes,
  };
}

const pairsOf = (words: readonly number[], count: number): TreeEntry[] =>
  Array.from({ length: count }, (_, index) => ({
    valueBlock: words[index * 2] as number,
    key: words[index * 2 + 1] as number,
  }));

/** The keys that a node repeats after its pairs, when all have one length; nothing when it does not. */
export function repeatedKeys(tree: Tree, node: TreeNode): Buffer[] | undefined {
  const { keyBytes, inlineKeys } = tree;
  if (inlineKeys || keyBytes === 0 || keyBytes === 0xffffffff) return undefined;
  const start = NODE_HEADER_BYTES + node.pairs.length * 8 + 4;
  if (start + node.pairs.length * keyBytes > node.bytes.length) return [];
  return node.pairs.map((_, index) =>
    node.bytes.subarray(start + index * keyBytes, start + (index + 1) * keyBytes),
  );
}
