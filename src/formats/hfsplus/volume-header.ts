import { writeSpecialFork } from './record.ts';
import { BLOCK_BYTES, hfsDate, SECTOR_BYTES } from './sizes.ts';

/** A run of blocks that holds one of the volume's own files. */
export interface BlockRun {
  readonly firstBlock: number;
  readonly blocks: number;
}

export interface VolumeFigures {
  readonly date: Date;
  readonly totalBlocks: number;
  readonly fileCount: number;
  /** Without the root. */
  readonly folderCount: number;
  readonly nextId: number;
  readonly bitmap: BlockRun;
  readonly extents: BlockRun;
  readonly attributes: BlockRun;
  readonly catalog: BlockRun;
  /** Eight bytes that tell volumes apart; aliases of Finder use them. */
  readonly volumeId: Buffer;
}

const VERSION = 4;
const CLEANLY_UNMOUNTED = 0x80000100;
const ROOT_FOLDER = 2;
const CLUMP_BYTES = 65_536;
const FINDER_INFO = 80;

/** 512 bytes: the header at byte 1024 of the volume, and its copy 1024 bytes before the end. */
export function volumeHeader(figures: VolumeFigures): Buffer {
  const header = Buffer.alloc(SECTOR_BYTES);
  header.write('H+', 0, 'latin1');
  header.writeUInt16BE(VERSION, 2);
  header.writeUInt32BE(CLEANLY_UNMOUNTED, 4);
  header.write('10.0', 8, 'latin1');
  for (const at of [16, 20, 28]) header.writeUInt32BE(hfsDate(figures.date), at); // created, changed, checked
  writeCounts(header, figures);
  header.writeUInt32BE(ROOT_FOLDER, FINDER_INFO + 8); // the window that opens when the image is mounted
  figures.volumeId.copy(header, FINDER_INFO + 24, 0, 8);
  writeForks(header, figures);
  return header;
}

function writeCounts(header: Buffer, figures: VolumeFigures): void {
  header.writeUInt32BE(figures.fileCount, 32);
  header.writeUInt32BE(figures.folderCount, 36);
  header.writeUInt32BE(BLOCK_BYTES, 40);
  header.writeUInt32BE(figures.totalBlocks, 44);
  // 48: no free blocks, 52: next allocation 0
  for (const at of [56, 60]) header.writeUInt32BE(CLUMP_BYTES, at);
  header.writeUInt32BE(figures.nextId, 64);
  header.writeUInt32BE(1, 68); // times written
  header.writeBigUInt64BE(1n, 72); // text encodings used: Roman
}

function writeForks(header: Buffer, figures: VolumeFigures): void {
  const { bitmap, extents, catalog, attributes } = figures;
  for (const [index, run] of [bitmap, extents, catalog, attributes].entries()) {
    writeSpecialFork(header.subarray(112 + 80 * index), run.blocks, run.firstBlock);
  }
}
