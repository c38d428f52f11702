import { createHash } from 'node:crypto';
import { ShipError } from '../../errors.ts';
import { attributesTree, buildTree, catalogTree, extentsTree } from './b-tree.ts';
import { decompose } from './names.ts';
import { itemRecord, type TreeRecord, threadRecord } from './record.ts';
import { BLOCK_BYTES, blocksFor, FIRST_USER_ID } from './sizes.ts';
import { arrange, inContentOrder, type VolumeEntry, type VolumeItem } from './tree.ts';
import { type VolumeFigures, volumeHeader } from './volume-header.ts';

/** A run of bytes of the volume; what no piece covers is zeros. */
export type VolumePiece =
  | { readonly offset: number; readonly sizeBytes: number; readonly bytes: Buffer }
  | { readonly offset: number; readonly sizeBytes: number; readonly entry: VolumeEntry };

export interface VolumePlan {
  /** A multiple of the block size. */
  readonly totalBytes: number;
  /** In ascending order of offset, without overlap. */
  readonly pieces: readonly VolumePiece[];
}

/** The first block holds the volume header, which is known only when everything else is. */
export const HEAD_BYTES = BLOCK_BYTES;
const FIRST_DATA_BLOCK = 1;
const HEADER_AT = 1024;
const MAX_BLOCKS = 0xffffffff;

/**
 * Lays out a full, read-only-style HFS+ volume before any file is read: header, then each file as one run of blocks,
 * then block bitmap, extents, attributes and catalog, then the copy of the header. The contents come first because
 * they can be packed before the size of everything else is known: see `planFirstContents`.
 *
 * @param date - stands as every date on the volume
 * @throws ShipError DMG_NAME_UNSUPPORTED · DMG_NAME_COLLISION · DMG_ENTRY_INVALID · DMG_TOO_LARGE
 */
export function planVolume(volumeName: string, entries: readonly VolumeEntry[], date: Date): VolumePlan {
  const items = arrange(decompose(volumeName), entries);
  const catalog = buildTree(catalogTree, catalogRecords(items, date, FIRST_DATA_BLOCK));
  const dataBlocks = items.reduce((sum, item) => sum + blocksFor(item.contentBytes), 0);
  const fixedBlocks = FIRST_DATA_BLOCK + dataBlocks + 1 + 1 + catalog.length + 1;
  const bitmapBlocks = bitmapBlocksFor(fixedBlocks);
  const totalBlocks = fixedBlocks + bitmapBlocks;
  if (totalBlocks > MAX_BLOCKS) throw tooLarge(totalBlocks);
  const firstBlock = FIRST_DATA_BLOCK + dataBlocks;
  const header = volumeHeader({
    ...countItems(items),
    date,
    totalBlocks,
    bitmap: { firstBlock, blocks: bitmapBlocks },
    extents: { firstBlock: firstBlock + bitmapBlocks, blocks: 1 },
    attributes: { firstBlock: firstBlock + bitmapBlocks + 1, blocks: 1 },
    catalog: { firstBlock: firstBlock + bitmapBlocks + 2, blocks: catalog.length },
    volumeId: digestOf(catalog),
  });
  const totalBytes = totalBlocks * BLOCK_BYTES;
  const system = [bitmapOf(totalBlocks), ...buildTree(extentsTree, []), ...buildTree(attributesTree, [])];
  const pieces = [
    piece(HEADER_AT, header),
    ...contents(inContentOrder(items), FIRST_DATA_BLOCK),
    ...consecutive(firstBlock * BLOCK_BYTES, [...system, ...catalog]),
    piece(totalBytes - HEADER_AT, header),
  ];
  return { totalBytes, pieces };
}

/**
 * The contents of the entries that are packed first, as they lie on the volume behind its first block, whatever else
 * comes onto it later.
 *
 * @throws as `planVolume`
 */
export function planFirstContents(volumeName: string, entries: readonly VolumeEntry[]): VolumePlan {
  const arranged = inContentOrder(arrange(decompose(volumeName), entries));
  const items = arranged.filter(({ entry }) => entry.packedAs !== undefined);
  const blocks = items.reduce((sum, item) => sum + blocksFor(item.contentBytes), 0);
  if (blocks > MAX_BLOCKS) throw tooLarge(blocks);
  return { totalBytes: blocks * BLOCK_BYTES, pieces: [...contents(items, 0)] };
}

function* catalogRecords(
  items: readonly VolumeItem[],
  date: Date,
  firstDataBlock: number,
): Generator<TreeRecord> {
  const [root] = items;
  if (root) yield itemRecord(root, date, firstDataBlock);
  // Keys ascend by parent id, then by name, and the empty name of a thread is the first.
  for (const item of items) {
    yield threadRecord(item);
    for (const child of item.children) yield itemRecord(child, date, firstDataBlock);
  }
}

/** The bitmap has bits for its own blocks too. */
function bitmapBlocksFor(otherBlocks: number): number {
  let blocks = 1;
  while (blocks * BLOCK_BYTES * 8 < otherBlocks + blocks) blocks++;
  return blocks;
}

/** Every block is in use; the bits past the last block are not. */
function bitmapOf(totalBlocks: number): Buffer {
  const bitmap = Buffer.alloc(blocksFor(Math.ceil(totalBlocks / 8)) * BLOCK_BYTES);
  bitmap.fill(0xff, 0, totalBlocks >> 3);
  if (totalBlocks % 8 > 0) bitmap[totalBlocks >> 3] = (0xff00 >> (totalBlocks % 8)) & 0xff;
  return bitmap;
}

function countItems(
  items: readonly VolumeItem[],
): Pick<VolumeFigures, 'fileCount' | 'folderCount' | 'nextId'> {
  const folders = items.filter(({ entry }) => entry.type === 'directory').length;
  return {
    fileCount: items.length - folders,
    folderCount: folders - 1,
    nextId: FIRST_USER_ID + items.length - 1,
  };
}

function digestOf(catalog: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const node of catalog) hash.update(node);
  return hash.digest().subarray(0, 8);
}

const piece = (offset: number, bytes: Buffer): VolumePiece => ({ offset, sizeBytes: bytes.length, bytes });

function* consecutive(offset: number, parts: readonly Buffer[]): Generator<VolumePiece> {
  let next = offset;
  for (const part of parts) {
    yield piece(next, part);
    next += part.length;
  }
}

function* contents(items: readonly VolumeItem[], firstDataBlock: number): Generator<VolumePiece> {
  for (const { entry, contentBytes, firstBlock } of items) {
    if (contentBytes === 0) continue;
    const offset = (firstDataBlock + firstBlock) * BLOCK_BYTES;
    if (entry.type === 'symlink') yield piece(offset, Buffer.from(entry.linkTarget ?? ''));
    else yield { offset, sizeBytes: contentBytes, entry };
  }
}

const tooLarge = (blocks: number): ShipError =>
  new ShipError('DMG_TOO_LARGE', {
    summary: `The bundle needs ${blocks} blocks of ${BLOCK_BYTES} bytes on the disk image.`,
    reason: `A volume has at most ${MAX_BLOCKS} blocks.`,
    nextStep: 'Make the bundle smaller and try again.',
  });
