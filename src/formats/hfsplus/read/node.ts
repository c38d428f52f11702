import { demand } from '../../udif/read/findings.ts';

/** Kinds of nodes. */
export const [LEAF, INDEX, HEADER, MAP] = [-1, 0, 1, 2] as const;
const MAX_DEPTH = 16;

export interface LeafRecord {
  /** Without its length field. */
  readonly key: Buffer;
  readonly data: Buffer;
}

export interface TreeHeader {
  readonly depth: number;
  readonly root: number;
  readonly leafRecords: number;
  readonly firstLeaf: number;
  readonly lastLeaf: number;
  readonly nodeBytes: number;
  readonly totalNodes: number;
  readonly freeNodes: number;
  readonly keyCompare: number;
}

export interface TreeNode {
  readonly number: number;
  readonly next: number;
  readonly previous: number;
  readonly kind: number;
  readonly height: number;
  readonly records: readonly Buffer[];
}

export function readHeader(name: string, bytes: Buffer): TreeHeader {
  demand(bytes.length >= 512, `The ${name} has no header node.`);
  demand(bytes.readInt8(8) === HEADER && bytes.readUInt8(9) === 0, `The ${name} starts with no header node.`);
  const record = bytes.subarray(14);
  const header = {
    depth: record.readUInt16BE(0),
    root: record.readUInt32BE(2),
    leafRecords: record.readUInt32BE(6),
    firstLeaf: record.readUInt32BE(10),
    lastLeaf: record.readUInt32BE(14),
    nodeBytes: record.readUInt16BE(18),
    totalNodes: record.readUInt32BE(22),
    freeNodes: record.readUInt32BE(26),
    keyCompare: record.readUInt8(37),
  };
  const { nodeBytes, totalNodes, depth } = header;
  const isPower = (nodeBytes & (nodeBytes - 1)) === 0;
  demand(isPower && nodeBytes >= 512 && nodeBytes <= 32_768, `Nodes of the ${name} have ${nodeBytes} bytes.`);
  demand(
    totalNodes * nodeBytes === bytes.length,
    `The ${name} has ${bytes.length} bytes, its header names ${totalNodes} nodes of ${nodeBytes}.`,
  );
  demand(depth <= MAX_DEPTH, `The ${name} is ${depth} levels deep.`);
  return header;
}

export function parseNode(name: string, bytes: Buffer, number: number): TreeNode {
  const count = bytes.readUInt16BE(10);
  demand(14 + 2 * (count + 1) <= bytes.length, `Node ${number} of the ${name} names ${count} records.`);
  const offsets = Array.from({ length: count + 1 }, (_, i) => bytes.readUInt16BE(bytes.length - 2 * (i + 1)));
  const records: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    const [from = 0, to = 0] = offsets.slice(index, index + 2);
    const inside =
      from >= 14 && to > from && to <= bytes.length - 2 * (count + 1) && (index > 0 || from === 14);
    demand(inside, `Record ${index} of node ${number} of the ${name} has wrong offsets.`);
    records.push(bytes.subarray(from, to));
  }
  return {
    number,
    next: bytes.readUInt32BE(0),
    previous: bytes.readUInt32BE(4),
    kind: bytes.readInt8(8),
    height: bytes.readUInt8(9),
    records,
  };
}

export function splitRecord(name: string, record: Buffer): LeafRecord {
  demand(record.length >= 2, `A record of the ${name} has no key.`);
  const keyEnd = 2 + record.readUInt16BE(0);
  const dataAt = keyEnd + (keyEnd % 2);
  demand(keyEnd >= 8 && dataAt <= record.length, `A record of the ${name} has a key of ${keyEnd - 2} bytes.`);
  return { key: record.subarray(2, keyEnd), data: record.subarray(dataAt) };
}

export function childOf(name: string, data: Buffer): number {
  demand(data.length >= 4, `An index record of the ${name} names no node.`);
  return data.readUInt32BE(0);
}
