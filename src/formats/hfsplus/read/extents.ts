import { demand } from '../../udif/read/findings.ts';
import type { LeafRecord } from './node.ts';
import { type Extent, type Fork, parseExtents, parseFork, type VolumeHeader } from './volume-header.ts';

export const DATA_FORK = 0;
export const RESOURCE_FORK = 0xff;
const INLINE_EXTENTS = 8;

/** Extents that did not fit into a record, by fork and id of the file, in the order of the file. */
export type OverflowExtents = ReadonlyMap<string, readonly Extent[]>;

const overflowKey = (id: number, fork: number): string => `${fork}:${id}`;

export function readOverflow(records: readonly LeafRecord[]): OverflowExtents {
  const overflow = new Map<string, Extent[]>();
  for (const { key, data } of records) {
    demand(key.length === 10 && data.length === 64, 'A record of the extents tree has a wrong size.');
    const name = overflowKey(key.readUInt32BE(2), key.readUInt8(0));
    const known = overflow.get(name);
    if (known) known.push(...parseExtents(data));
    else overflow.set(name, parseExtents(data));
  }
  return overflow;
}

/** All extents of a fork; they must have as many blocks as it says, and room for its bytes. */
export function allExtents(
  fork: Fork,
  id: number,
  kind: number,
  overflow: OverflowExtents,
  header: Pick<VolumeHeader, 'blockBytes' | 'totalBlocks'>,
): readonly Extent[] {
  const more = fork.extents.length === INLINE_EXTENTS ? (overflow.get(overflowKey(id, kind)) ?? []) : [];
  const extents = [...fork.extents, ...more];
  const blocks = extents.reduce((sum, { count }) => sum + count, 0);
  demand(blocks === fork.blocks, `The file ${id} names ${fork.blocks} blocks, its extents have ${blocks}.`);
  const room = blocks * header.blockBytes;
  demand(fork.sizeBytes <= room, `The file ${id} has ${fork.sizeBytes} bytes in blocks for ${room}.`);
  for (const { start, count } of extents) {
    const inside = start + count <= header.totalBlocks;
    demand(inside, `Blocks ${start} to ${start + count - 1} of the file ${id} lie outside the volume.`);
  }
  return extents;
}

const [ATTRIBUTE_FORK, ATTRIBUTE_EXTENTS] = [0x20, 0x30] as const;

/** The blocks of extended attributes that are too large for a node of their tree. */
export function attributeExtentsIn(records: readonly LeafRecord[]): Extent[] {
  const extents: Extent[] = [];
  for (const { data } of records) {
    const type = data.length >= 72 ? data.readUInt32BE(0) : 0;
    if (type === ATTRIBUTE_FORK && data.length >= 88) extents.push(...parseFork(data.subarray(8)).extents);
    if (type === ATTRIBUTE_EXTENTS) extents.push(...parseExtents(data.subarray(8)));
  }
  return extents;
}

/** Names of extended attributes by the id of their item. */
export function attributeNamesIn(records: readonly LeafRecord[]): Map<number, Set<string>> {
  const names = new Map<number, Set<string>>();
  for (const { key } of records) {
    // padding, id, first block, length of the name in UTF-16 units, name
    const units = key.length >= 12 ? key.readUInt16BE(10) : Number.NaN;
    demand(12 + 2 * units <= key.length, 'The name of an extended attribute leaves its record.');
    const name = Buffer.from(key.subarray(12, 12 + 2 * units))
      .swap16()
      .toString('utf16le');
    const known = names.get(key.readUInt32BE(2));
    if (known) known.add(name);
    else names.set(key.readUInt32BE(2), new Set([name]));
  }
  return names;
}
