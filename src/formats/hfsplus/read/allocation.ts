import { corrupt, demand } from '../../udif/read/findings.ts';
import { type CatalogItem, quoted } from './catalog.ts';
import { allExtents, DATA_FORK, type OverflowExtents, RESOURCE_FORK } from './extents.ts';
import {
  type Extent,
  type Fork,
  VOLUME_HEADER_AT,
  VOLUME_HEADER_BYTES,
  type VolumeHeader,
} from './volume-header.ts';

const [EXTENTS_ID, CATALOG_ID, BITMAP_ID, STARTUP_ID, ATTRIBUTES_ID] = [3, 4, 6, 7, 8] as const;

export interface AllocationReading {
  readonly header: VolumeHeader;
  readonly volumeBytes: number;
  readonly items: readonly CatalogItem[];
  readonly overflow: OverflowExtents;
  /** Of extended attributes too large for their tree. */
  readonly attributes: readonly Extent[];
  readonly bitmap: Buffer;
}

/** Adds up which blocks are in use, each at most once, and compares that with the bitmap of the volume. */
export function checkAllocation(reading: AllocationReading): void {
  const { header, volumeBytes, items, overflow, attributes, bitmap } = reading;
  const used = Buffer.alloc(bitmap.length);
  const claim = (extents: readonly Extent[], owner: string) => {
    for (const extent of extents) markUsed(used, extent, owner);
  };
  claim(headerExtents(header, volumeBytes), 'the volume header');
  claim(attributes, 'an extended attribute');
  for (const [id, fork] of specialForks(header)) {
    claim(allExtents(fork, id, DATA_FORK, overflow, header), `the file ${id} of the volume`);
  }
  for (const item of items) {
    if (!item.data || !item.resource) continue;
    claim(allExtents(item.data, item.id, DATA_FORK, overflow, header), quoted(item.name));
    claim(allExtents(item.resource, item.id, RESOURCE_FORK, overflow, header), quoted(item.name));
  }
  compareBitmaps(used, bitmap, header);
}

const specialForks = (header: VolumeHeader): [number, Fork][] => [
  [EXTENTS_ID, header.extents],
  [CATALOG_ID, header.catalog],
  [BITMAP_ID, header.bitmap],
  [STARTUP_ID, header.startup],
  [ATTRIBUTES_ID, header.attributes],
];

/** The blocks of the header, of its copy, and of the unused bytes before and after these. */
function headerExtents({ blockBytes, totalBlocks }: VolumeHeader, volumeBytes: number): Extent[] {
  const head = Math.ceil((VOLUME_HEADER_AT + VOLUME_HEADER_BYTES) / blockBytes);
  const tail = Math.max(Math.floor((volumeBytes - VOLUME_HEADER_AT) / blockBytes), head);
  const first = { start: 0, count: head };
  return tail < totalBlocks ? [first, { start: tail, count: totalBlocks - tail }] : [first];
}

function markUsed(used: Buffer, { start, count }: Extent, owner: string): void {
  for (let block = start; block < start + count; block++) {
    const byte = used[block >> 3];
    const bit = 0x80 >> (block & 7);
    if (byte === undefined) throw corrupt(`The bitmap of the volume has no bit for block ${block}.`);
    if ((byte & bit) !== 0) throw corrupt(`Block ${block} of ${owner} is in use twice.`);
    used[block >> 3] = byte | bit;
  }
}

function compareBitmaps(used: Buffer, bitmap: Buffer, header: VolumeHeader): void {
  demand(bitmap.length * 8 >= header.totalBlocks, 'The bitmap of the volume is too short.');
  const wrong = used.findIndex((byte, index) => byte !== bitmap[index]);
  demand(wrong < 0, `The bitmap of the volume is wrong about a block from ${wrong * 8} to ${wrong * 8 + 7}.`);
  let inUse = 0;
  for (const byte of used) inUse += bitsSet(byte);
  const free = header.totalBlocks - inUse;
  demand(
    header.freeBlocks === free,
    `The volume header names ${header.freeBlocks} free blocks; there are ${free}.`,
  );
}

function bitsSet(byte: number): number {
  let bits = 0;
  for (let rest = byte; rest > 0; rest &= rest - 1) bits++;
  return bits;
}
