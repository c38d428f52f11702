import { BLOCK_BYTES, blocksFor, hfsDate } from './sizes.ts';
import type { VolumeItem } from './tree.ts';

/** One record of a B-tree: the key, with its length field, and the data right after it. */
export interface TreeRecord {
  readonly bytes: Buffer;
  readonly keyBytes: number;
}

const FOLDER_BYTES = 88;
const FILE_BYTES = 248;
const [FOLDER, FILE, FOLDER_THREAD, FILE_THREAD] = [1, 2, 3, 4] as const;
const HAS_THREAD = 0x0002;
const TYPE_BITS = { directory: 0o040000, file: 0o100000, symlink: 0o120000 } as const;

/** The key `(parent, name)` with room for the data behind it. */
function keyed(parentId: number, name: string, dataBytes: number): TreeRecord {
  const keyBytes = 8 + 2 * name.length;
  const bytes = Buffer.alloc(keyBytes + dataBytes);
  bytes.writeUInt16BE(keyBytes - 2, 0);
  bytes.writeUInt32BE(parentId, 2);
  writeName(bytes, name, 6);
  return { bytes, keyBytes };
}

function writeName(bytes: Buffer, name: string, at: number): void {
  bytes.writeUInt16BE(name.length, at);
  bytes.subarray(at + 2, at + 2 + 2 * name.length).set(Buffer.from(name, 'utf16le').swap16());
}

/** Finds the name and parent of an item by its id; stands under (own id, empty name). */
export function threadRecord(item: VolumeItem): TreeRecord {
  const record = keyed(item.id, '', 10 + 2 * item.name.length);
  const data = record.bytes.subarray(record.keyBytes);
  data.writeUInt16BE(item.entry.type === 'directory' ? FOLDER_THREAD : FILE_THREAD, 0);
  data.writeUInt32BE(item.parentId, 4);
  writeName(data, item.name, 8);
  return record;
}

/** @param firstDataBlock - the block of the volume that `item.firstBlock` is counted from */
export function itemRecord(item: VolumeItem, date: Date, firstDataBlock: number): TreeRecord {
  const isFolder = item.entry.type === 'directory';
  const record = keyed(item.parentId, item.name, isFolder ? FOLDER_BYTES : FILE_BYTES);
  const data = record.bytes.subarray(record.keyBytes);
  writeCommon(data, item, date);
  if (isFolder) writeFolder(data, item);
  else writeFile(data, item, firstDataBlock);
  return record;
}

function writeCommon(data: Buffer, item: VolumeItem, date: Date): void {
  data.writeUInt32BE(item.id, 8);
  for (const at of [12, 16, 20, 24]) data.writeUInt32BE(hfsDate(date), at);
  data.writeUInt16BE(TYPE_BITS[item.entry.type] | (item.entry.mode & 0o777), 42);
}

function writeFolder(data: Buffer, item: VolumeItem): void {
  data.writeUInt16BE(FOLDER, 0);
  data.writeUInt32BE(item.children.length, 4);
}

function writeFile(data: Buffer, item: VolumeItem, firstDataBlock: number): void {
  data.writeUInt16BE(FILE, 0);
  data.writeUInt16BE(HAS_THREAD, 2);
  data.writeUInt32BE(1, 44); // one link to it
  if (item.entry.type === 'symlink') data.write('slnkrhap', 48, 'latin1');
  if (item.contentBytes > 0) {
    writeFork(data.subarray(88), item.contentBytes, firstDataBlock + item.firstBlock);
  }
}

/** 80 bytes: size and the one run of blocks that every file of ours has. */
export function writeFork(fork: Buffer, sizeBytes: number, firstBlock: number, clumpBytes = 0): void {
  const blocks = blocksFor(sizeBytes);
  fork.writeBigUInt64BE(BigInt(sizeBytes), 0);
  fork.writeUInt32BE(clumpBytes, 8);
  fork.writeUInt32BE(blocks, 12);
  fork.writeUInt32BE(firstBlock, 16);
  fork.writeUInt32BE(blocks, 20);
}

/** A file of the volume itself: whole blocks, grown by one block. */
export const writeSpecialFork = (fork: Buffer, blocks: number, firstBlock: number): void =>
  writeFork(fork, blocks * BLOCK_BYTES, firstBlock, BLOCK_BYTES);
