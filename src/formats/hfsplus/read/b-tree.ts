import { demand } from '../../udif/read/findings.ts';
import {
  childOf,
  INDEX,
  LEAF,
  type LeafRecord,
  MAP,
  parseNode,
  readHeader,
  splitRecord,
  type TreeHeader,
  type TreeNode,
} from './node.ts';

/** Two for each item: 250,000 files and folders. Each record becomes objects of some hundred bytes. */
const MAX_RECORDS = 500_000;

export interface TreeReading {
  /** For the text of a finding: `catalog`, `extents tree`, `attributes tree`. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly compare: (left: Buffer, right: Buffer) => number;
}

/**
 * Walks a whole B-tree from its root, level by level, and checks what Apple's fsck checks of its structure:
 * kinds and heights of nodes, sibling links, order of keys, the counts in the header, the map of used nodes.
 */
export function readTree(reading: TreeReading): { records: LeafRecord[]; keyCompare: number } {
  const { name, bytes } = reading;
  const header = readHeader(name, bytes);
  demand(
    header.leafRecords <= MAX_RECORDS,
    `The ${name} names ${header.leafRecords} records, more than ${MAX_RECORDS}.`,
  );
  const used = new Set([0]);
  const map = readNodeMap(reading, header, used);
  let level: TreeNode[] = [];
  let records: LeafRecord[] = [];
  let numbers = header.depth > 0 ? [header.root] : [];
  let parentKeys: readonly Buffer[] = [];
  for (let height = header.depth; height > 0; height--) {
    level = numbers.map((number) => takeNode(reading, header, number, used));
    const count = level.reduce((sum, node) => sum + node.records.length, 0);
    demand(count <= MAX_RECORDS, `The ${name} has ${count} records in one level, more than ${MAX_RECORDS}.`);
    checkLevel(name, level, height);
    records = level.flatMap((node) => node.records.map((record) => splitRecord(name, record)));
    checkKeys(reading, level, records, parentKeys);
    parentKeys = records.map(({ key }) => key);
    numbers = height > 1 ? records.map(({ data }) => childOf(name, data)) : [];
  }
  checkHeader(name, header, level, records.length);
  checkMap(name, header, map, used);
  return { records, keyCompare: header.keyCompare };
}

function takeNode(
  { name, bytes }: TreeReading,
  header: TreeHeader,
  number: number,
  used: Set<number>,
): TreeNode {
  demand(
    number > 0 && number < header.totalNodes,
    `The ${name} refers to node ${number}, which is not there.`,
  );
  demand(!used.has(number), `Node ${number} of the ${name} is used twice.`);
  used.add(number);
  return parseNode(name, bytes.subarray(number * header.nodeBytes, (number + 1) * header.nodeBytes), number);
}

function checkLevel(name: string, level: readonly TreeNode[], height: number): void {
  for (const [index, node] of level.entries()) {
    const where = `Node ${node.number} of the ${name}`;
    demand(
      node.kind === (height === 1 ? LEAF : INDEX),
      `${where} is of kind ${node.kind} at height ${height}.`,
    );
    demand(node.height === height, `${where} has height ${node.height}, but stands at ${height}.`);
    demand(node.records.length > 0, `${where} is empty.`);
    const [previous, next] = [level[index - 1]?.number ?? 0, level[index + 1]?.number ?? 0];
    demand(node.next === next && node.previous === previous, `${where} has wrong links to its neighbours.`);
  }
}

function checkKeys(
  { name, compare }: TreeReading,
  level: readonly TreeNode[],
  records: readonly LeafRecord[],
  parentKeys: readonly Buffer[],
): void {
  for (let index = 1; index < records.length; index++) {
    const [left, right] = records.slice(index - 1, index + 1).map(({ key }) => key) as [Buffer, Buffer];
    demand(compare(left, right) < 0, `Keys of the ${name} are out of order at record ${index}.`);
  }
  let first = 0;
  for (const [index, node] of level.entries()) {
    const [parentKey, firstKey] = [parentKeys[index], records[first]?.key];
    const agrees = !parentKey || !firstKey || compare(parentKey, firstKey) === 0;
    demand(agrees, `The index key of node ${node.number} of the ${name} is not its first key.`);
    first += node.records.length;
  }
}

function checkHeader(
  name: string,
  header: TreeHeader,
  leaves: readonly TreeNode[],
  leafRecords: number,
): void {
  const [first, last] = [leaves[0]?.number ?? 0, leaves.at(-1)?.number ?? 0];
  demand(header.depth > 0 || header.root === 0, `The ${name} is empty, but its header names a root.`);
  demand(
    header.firstLeaf === first && header.lastLeaf === last,
    `The header of the ${name} names wrong leaves.`,
  );
  demand(
    header.leafRecords === leafRecords,
    `The header of the ${name} names ${header.leafRecords} records; there are ${leafRecords}.`,
  );
}

/** The map begins in the header node and goes on in the map nodes that it links to. */
function readNodeMap(reading: TreeReading, header: TreeHeader, used: Set<number>): Buffer {
  const first = parseNode(reading.name, reading.bytes.subarray(0, header.nodeBytes), 0);
  demand(first.records.length === 3, `The header node of the ${reading.name} has not three records.`);
  const parts = [first.records[2] as Buffer];
  for (let number = first.next; number !== 0; ) {
    const node = takeNode(reading, header, number, used);
    demand(
      node.kind === MAP && node.records.length === 1,
      `Node ${number} of the ${reading.name} is no map.`,
    );
    parts.push(node.records[0] as Buffer);
    number = node.next;
  }
  return Buffer.concat(parts);
}

function checkMap(name: string, header: TreeHeader, map: Buffer, used: ReadonlySet<number>): void {
  const { totalNodes, freeNodes } = header;
  demand(map.length * 8 >= totalNodes, `The node map of the ${name} is too short.`);
  const expected = Buffer.alloc(map.length);
  for (const number of used) expected[number >> 3] = (expected[number >> 3] ?? 0) | (0x80 >> (number & 7));
  demand(
    map.equals(expected),
    () => `The node map of the ${name} is wrong about node ${firstDifference(map, expected)}.`,
  );
  const free = totalNodes - used.size;
  demand(freeNodes === free, `The header of the ${name} names ${freeNodes} free nodes; there are ${free}.`);
}

/** Number of the first bit, from the high end of each byte, in which two maps of the same length differ. */
function firstDifference(map: Buffer, other: Buffer): number {
  const at = map.findIndex((byte, index) => byte !== other[index]);
  return at * 8 + Math.clz32((map[at] ?? 0) ^ (other[at] ?? 0)) - 24;
}
