import { demand, uint64At, unsupported } from '../../udif/read/findings.ts';

export const VOLUME_HEADER_AT = 1024;
export const VOLUME_HEADER_BYTES = 512;

export interface Extent {
  readonly start: number;
  readonly count: number;
}

/** Where the bytes of a file are; up to eight extents stand in the record, more in the extents tree. */
export interface Fork {
  readonly sizeBytes: number;
  readonly blocks: number;
  readonly extents: readonly Extent[];
}

export interface VolumeHeader {
  readonly caseSensitive: boolean;
  readonly blockBytes: number;
  readonly totalBlocks: number;
  readonly freeBlocks: number;
  readonly fileCount: number;
  readonly folderCount: number;
  readonly nextId: number;
  readonly bitmap: Fork;
  readonly extents: Fork;
  readonly catalog: Fork;
  readonly attributes: Fork;
  readonly startup: Fork;
}

const CLEANLY_UNMOUNTED = 0x100;
const MIN_BLOCK_BYTES = 512;
const MAX_BLOCK_BYTES = 1024 * 1024;

/**
 * Reads the header of an HFS+ or HFSX volume.
 *
 * @see https://developer.apple.com/library/archive/technotes/tn/tn1150.html#VolumeHeader
 */
export function parseVolumeHeader(bytes: Buffer, volumeBytes: number): VolumeHeader {
  const caseSensitive = signatureOf(bytes) === 'HX';
  const version = bytes.readUInt16BE(2);
  demand(version === (caseSensitive ? 5 : 4), `The volume header has version ${version}.`);
  demand((bytes.readUInt32BE(4) & CLEANLY_UNMOUNTED) !== 0, 'The volume is not marked as cleanly unmounted.');
  const blockBytes = bytes.readUInt32BE(40);
  const isPower = (blockBytes & (blockBytes - 1)) === 0;
  demand(
    isPower && blockBytes >= MIN_BLOCK_BYTES && blockBytes <= MAX_BLOCK_BYTES,
    `Blocks have ${blockBytes} bytes.`,
  );
  const totalBlocks = bytes.readUInt32BE(44);
  const slack = volumeBytes - totalBlocks * blockBytes;
  demand(
    slack >= 0 && slack < blockBytes,
    `The volume header names ${totalBlocks} blocks of ${blockBytes} bytes, the partition has ${volumeBytes}.`,
  );
  return {
    caseSensitive,
    blockBytes,
    totalBlocks,
    freeBlocks: bytes.readUInt32BE(48),
    fileCount: bytes.readUInt32BE(32),
    folderCount: bytes.readUInt32BE(36),
    nextId: bytes.readUInt32BE(64),
    bitmap: parseFork(bytes.subarray(112)),
    extents: parseFork(bytes.subarray(192)),
    catalog: parseFork(bytes.subarray(272)),
    attributes: parseFork(bytes.subarray(352)),
    startup: parseFork(bytes.subarray(432)),
  };
}

/**
 * What the copy of the header at the end of the volume must share with it. Dates and counts are left out: macOS
 * writes the copy only when one of the volume's own files grows.
 */
export function checkAlternateHeader(header: Buffer, alternate: Buffer): void {
  const parts = [
    [0, 4],
    [40, 48],
    [112, 512],
  ] as const;
  const same = parts.every(([from, to]) => header.subarray(from, to).equals(alternate.subarray(from, to)));
  demand(same, 'The copy of the volume header is another one than the header.');
}

function signatureOf(bytes: Buffer): string {
  const signature = bytes.toString('latin1', 0, 2);
  if (signature === 'H+' || signature === 'HX') return signature;
  throw unsupported('Its volume is not HFS+.');
}

export function parseFork(bytes: Buffer): Fork {
  return {
    sizeBytes: uint64At(bytes, 0, 'size of a file'),
    blocks: bytes.readUInt32BE(12),
    extents: parseExtents(bytes.subarray(16)),
  };
}

/** Eight pairs of first block and count; the first empty one ends the list. */
export function parseExtents(bytes: Buffer): Extent[] {
  const extents: Extent[] = [];
  for (let at = 0; at < 64; at += 8) {
    const count = bytes.readUInt32BE(at + 4);
    if (count === 0) break;
    extents.push({ start: bytes.readUInt32BE(at), count });
  }
  return extents;
}
