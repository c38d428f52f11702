import { ShipError } from '../../errors.ts';
import type { TreeRecord } from './record.ts';
import { NODE_BYTES } from './sizes.ts';

const DESCRIPTOR_BYTES = 14;
const [LEAF, INDEX, HEADER] = [-1, 0, 1] as const;
/** Offsets of the three records of the header node, and of its free space. */
const HEADER_OFFSETS = [14, 120, 248, NODE_BYTES - 8] as const;
/** As many nodes as the map in the header node has bits for. */
const MAX_NODES = (NODE_BYTES - 256) * 8;

/** What the header of a tree says about its keys. */
export interface TreeKind {
  readonly maxKeyBytes: number;
  readonly attributes: number;
  readonly keyCompare: number;
}

export const extentsTree: TreeKind = { maxKeyBytes: 10, attributes: 2, keyCompare: 0 };
export const attributesTree: TreeKind = { maxKeyBytes: 266, attributes: 6, keyCompare: 0 };
/** Case folding. */
export const catalogTree: TreeKind = { maxKeyBytes: 516, attributes: 6, keyCompare: 0xcf };

interface Level {
  readonly nodes: Buffer[];
  readonly firstKeys: Buffer[];
  readonly recordCount: number;
}

/**
 * Builds a full B-tree from sorted records, without inserts: leaves from left to right, then each level of
 * index nodes from the first keys of the level below, until one node is the root.
 *
 * @returns its nodes, the header node first
 * @throws ShipError DMG_TOO_LARGE when the tree would not fit its node map
 */
export function buildTree(kind: TreeKind, records: Iterable<TreeRecord>): Buffer[] {
  const leaves = packLevel(records, 1);
  const nodes = [Buffer.alloc(NODE_BYTES), ...leaves.nodes];
  let [level, depth, root] = [leaves, leaves.nodes.length > 0 ? 1 : 0, leaves.nodes.length > 0 ? 1 : 0];
  while (level.nodes.length > 1) {
    depth++;
    level = packLevel(indexRecords(level, root), depth);
    root = nodes.length;
    linkSiblings(level.nodes, root);
    nodes.push(...level.nodes);
  }
  linkSiblings(leaves.nodes, 1);
  if (nodes.length > MAX_NODES) throw tooManyNodes();
  writeHeaderNode(nodes, kind, { depth, root, leaves });
  return nodes;
}

function packLevel(records: Iterable<TreeRecord>, height: number): Level {
  const nodes: Buffer[] = [];
  const firstKeys: Buffer[] = [];
  let [recordCount, inNode, end] = [0, 0, NODE_BYTES];
  for (const { bytes, keyBytes } of records) {
    if (end + bytes.length + 2 * (inNode + 2) > NODE_BYTES) {
      nodes.push(emptyNode(height));
      if (nodes.length > MAX_NODES) throw tooManyNodes();
      firstKeys.push(bytes.subarray(0, keyBytes));
      [inNode, end] = [0, DESCRIPTOR_BYTES];
    }
    const node = nodes[nodes.length - 1] as Buffer;
    node.set(bytes, end);
    [inNode, end, recordCount] = [inNode + 1, end + bytes.length, recordCount + 1];
    node.writeUInt16BE(inNode, 10);
    node.writeUInt16BE(end, NODE_BYTES - 2 * (inNode + 1));
  }
  return { nodes, firstKeys, recordCount };
}

function emptyNode(height: number): Buffer {
  const node = Buffer.alloc(NODE_BYTES);
  node.writeInt8(height === 1 ? LEAF : INDEX, 8);
  node.writeUInt8(height, 9);
  node.writeUInt16BE(DESCRIPTOR_BYTES, NODE_BYTES - 2);
  return node;
}

function* indexRecords({ firstKeys }: Level, firstNode: number): Generator<TreeRecord> {
  for (const [index, key] of firstKeys.entries()) {
    const child = Buffer.alloc(4);
    child.writeUInt32BE(firstNode + index);
    yield { bytes: Buffer.concat([key, child]), keyBytes: key.length };
  }
}

function linkSiblings(nodes: readonly Buffer[], firstNode: number): void {
  for (const [index, node] of nodes.entries()) {
    node.writeUInt32BE(index + 1 < nodes.length ? firstNode + index + 1 : 0, 0);
    node.writeUInt32BE(index > 0 ? firstNode + index - 1 : 0, 4);
  }
}

interface TreeShape {
  readonly depth: number;
  readonly root: number;
  readonly leaves: Level;
}

function writeHeaderNode(nodes: readonly Buffer[], kind: TreeKind, shape: TreeShape): void {
  const node = nodes[0] as Buffer;
  node.writeInt8(HEADER, 8);
  node.writeUInt16BE(3, 10);
  for (const [index, offset] of HEADER_OFFSETS.entries()) {
    node.writeUInt16BE(offset, NODE_BYTES - 2 * (index + 1));
  }
  writeHeaderRecord(node.subarray(DESCRIPTOR_BYTES), nodes.length, kind, shape);
  const map = node.subarray(HEADER_OFFSETS[2]);
  for (let used = 0; used < nodes.length; used++)
    map[used >> 3] = (map[used >> 3] ?? 0) | (0x80 >> (used & 7));
}

function writeHeaderRecord(record: Buffer, nodeCount: number, kind: TreeKind, shape: TreeShape): void {
  const { depth, root, leaves } = shape;
  record.writeUInt16BE(depth, 0);
  record.writeUInt32BE(root, 2);
  record.writeUInt32BE(leaves.recordCount, 6);
  record.writeUInt32BE(depth > 0 ? 1 : 0, 10);
  record.writeUInt32BE(leaves.nodes.length, 14);
  record.writeUInt16BE(NODE_BYTES, 18);
  record.writeUInt16BE(kind.maxKeyBytes, 20);
  record.writeUInt32BE(nodeCount, 22);
  record.writeUInt32BE(NODE_BYTES, 32); // clump size
  record.writeUInt8(kind.keyCompare, 37);
  record.writeUInt32BE(kind.attributes, 38);
}

const tooManyNodes = (): ShipError =>
  new ShipError('DMG_TOO_LARGE', {
    summary: 'The bundle has more files than one disk image can list.',
    reason: `The catalog of the volume would need more than ${MAX_NODES} nodes, enough for some 380,000 files.`,
    nextStep: 'Pack the many small files of the bundle into an archive and try again.',
  });
