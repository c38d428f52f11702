import { type Cpu, FAT_MAGIC_64, isFat, isSameCpu, MAX_SLICES } from './header.ts';
import { MachOFault } from './types.ts';

/** One architecture of a Mach-O file: the whole file, or a part of a universal one. */
export interface SliceRange {
  readonly offset: number;
  readonly sizeBytes: number;
  /** CPU type and subtype that the universal header claims; absent in a thin file. */
  readonly claimedCpu?: Cpu;
}

const HEADER_BYTES = 8;
const [ENTRY_BYTES, ENTRY_64_BYTES] = [20, 32] as const;
/** Enough for the header of a universal file with `MAX_SLICES` entries. */
export const FAT_HEADER_BYTES = HEADER_BYTES + MAX_SLICES * ENTRY_64_BYTES;
/** 1 MiB; more than any page. */
const MAX_ALIGNMENT_EXPONENT = 20;

/**
 * The slices of a file in file order, checked to lie inside it, aligned as they say, and not to overlap: those that
 * share bytes would be read once for each.
 *
 * @param head - the start of the file, `FAT_HEADER_BYTES` or all of it
 * @throws MachOFault
 */
export function sliceRanges(head: Buffer, fileSizeBytes: number): SliceRange[] {
  if (!isFat(head)) return [{ offset: 0, sizeBytes: fileSizeBytes }];
  const count = head.readUInt32BE(4);
  if (count === 0 || count > MAX_SLICES) throw new MachOFault(`it counts ${count} architectures`);
  const headerBytes = fatHeaderSize(head, count);
  if (headerBytes > head.length)
    throw new MachOFault('its table of slices reaches beyond the end of the file');
  const ranges = Array.from({ length: count }, (_, index) => fatEntry(head, index));
  const ordered = ranges.sort((a, b) => a.offset - b.offset);
  let end = headerBytes;
  for (const { offset, sizeBytes } of ordered) {
    if (offset < end || offset + sizeBytes > fileSizeBytes)
      throw new MachOFault(`the part at ${offset} overlaps another or leaves the file`);
    end = offset + sizeBytes;
  }
  return ordered;
}

/** Bytes of the header of a universal file with `count` architectures. */
export const fatHeaderSize = (head: Buffer, count: number): number => HEADER_BYTES + count * entryBytes(head);

const is64 = (head: Buffer): boolean => head.readUInt32BE(0) === FAT_MAGIC_64;
const entryBytes = (head: Buffer): number => (is64(head) ? ENTRY_64_BYTES : ENTRY_BYTES);

function fatEntry(head: Buffer, index: number): SliceRange {
  const at = HEADER_BYTES + index * entryBytes(head);
  const isWide = is64(head);
  const offset = isWide ? wideAt(head, at + 8) : head.readUInt32BE(at + 8);
  const sizeBytes = isWide ? wideAt(head, at + 16) : head.readUInt32BE(at + 12);
  const exponent = head.readUInt32BE(at + (isWide ? 24 : 16));
  if (exponent > MAX_ALIGNMENT_EXPONENT || offset % 2 ** exponent !== 0)
    throw new MachOFault(`the part at ${offset} is not aligned to 2^${exponent}`);
  return {
    offset,
    sizeBytes,
    claimedCpu: { type: head.readUInt32BE(at), subtype: head.readUInt32BE(at + 4) },
  };
}

function wideAt(head: Buffer, at: number): number {
  const value = head.readBigUInt64BE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new MachOFault(`its table of slices names the number ${value}`);
  return Number(value);
}

/** @throws MachOFault when the slice itself is for another processor than the universal header says */
export function checkClaimedCpu({ offset, claimedCpu }: SliceRange, cpu: Cpu): void {
  if (claimedCpu && !isSameCpu(claimedCpu, cpu))
    throw new MachOFault(`the part at ${offset} is for another processor than said`);
}
