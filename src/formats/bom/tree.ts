import { type BomStore, uint32 } from './store.ts';

/** Numbers of the blocks that hold key and value. */
export interface BomPair {
  readonly key: number;
  readonly value: number;
}

export const NODE_BYTES = 4096;
/** As many as Apple's mkbom puts into a node of 4 KiB, which has room for twice that. */
const PAIRS_IN_A_NODE = 256;
const NODE_HEADER_BYTES = 12;

/**
 * A B+ tree over pairs that are in order already. An entry of an inner node has the last key of its child.
 *
 * @returns the number of the block that describes the tree
 */
export function addTree(store: BomStore, pairs: readonly BomPair[], nodeBytes = NODE_BYTES): number {
  const root = addNodes(store, pairs, nodeBytes);
  const description = Buffer.alloc(21);
  description.write('tree', 'latin1');
  uint32(1, root, nodeBytes, pairs.length).copy(description, 4);
  return store.add(description);
}

function addNodes(store: BomStore, pairs: readonly BomPair[], nodeBytes: number): number {
  let level = addLeaves(store, groupsOf(pairs), nodeBytes);
  while (level.length > 1)
    level = groupsOf(level).map((group) => ({
      key: group.at(-1)?.key ?? 0,
      value: store.add(node(group, { isLeaf: false, nodeBytes })),
    }));
  return level[0]?.value ?? 0;
}

/** Each leaf knows its neighbours; they have consecutive numbers, because nothing else is added between them. */
function addLeaves(store: BomStore, groups: readonly (readonly BomPair[])[], nodeBytes: number): BomPair[] {
  let previous = 0;
  return groups.map((group, index) => {
    const leaf = node(group, { isLeaf: true, nodeBytes });
    leaf.writeUInt32BE(previous, 8);
    const value = store.add(leaf);
    if (index < groups.length - 1) leaf.writeUInt32BE(value + 1, 4);
    previous = value;
    return { key: group.at(-1)?.key ?? 0, value };
  });
}

/** At least one group: an empty tree has a leaf as well. */
function groupsOf(pairs: readonly BomPair[]): BomPair[][] {
  const groups = Array.from({ length: Math.max(1, Math.ceil(pairs.length / PAIRS_IN_A_NODE)) });
  return groups.map((_, index) => pairs.slice(index * PAIRS_IN_A_NODE, (index + 1) * PAIRS_IN_A_NODE));
}

interface NodeForm {
  readonly isLeaf: boolean;
  readonly nodeBytes: number;
}

function node(pairs: readonly BomPair[], { isLeaf, nodeBytes }: NodeForm): Buffer {
  const bytes = Buffer.alloc(nodeBytes);
  bytes.writeUInt16BE(isLeaf ? 1 : 0, 0);
  bytes.writeUInt16BE(pairs.length, 2);
  uint32(...pairs.flatMap(({ value, key }) => [value, key])).copy(bytes, NODE_HEADER_BYTES);
  return bytes;
}
