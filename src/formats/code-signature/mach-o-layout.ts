import { Bytes } from './bytes.ts';
import type { TextSegment } from './directory-form.ts';
import { malformed } from './malformed.ts';

/** One architecture of a Mach-O file: the whole file, or a part of a universal one. */
export interface SliceRange {
  readonly offset: number;
  readonly sizeBytes: number;
  /** CPU type and subtype that the universal header claims; absent in a thin file. */
  readonly claimedCpu?: { readonly type: number; readonly subtype: number };
}

/** What of a slice matters for its signature. Offsets count from the start of the slice. */
export interface SliceLayout {
  readonly architecture: string;
  readonly cpu: { readonly type: number; readonly subtype: number };
  /** MH_EXECUTE 2, MH_DYLIB 6, MH_BUNDLE 8, … */
  readonly fileType: number;
  /** LC_CODE_SIGNATURE; absent when nothing was ever signed and no room was reserved. */
  readonly signature?: { readonly offset: number; readonly sizeBytes: number };
  /** Of the SDKs that it was linked with, packed as in a CodeDirectory; the hardened runtime follows them. */
  readonly sdkVersions: readonly number[];
  /** The section __TEXT,__info_plist of a tool without a bundle. */
  readonly embeddedInfoPlist?: { readonly offset: number; readonly sizeBytes: number };
  readonly textSegment?: TextSegment;
}

const magics = { fat: 0xcafebabe, fat64: 0xcafebabf, thin32: 0xfeedface, thin64: 0xfeedfacf } as const;
export const commands = { segment32: 0x1, segment64: 0x19, codeSignature: 0x1d } as const;
/** Load commands that name an SDK, and where: LC_BUILD_VERSION, LC_VERSION_MIN_{MACOSX,IPHONEOS,TVOS,WATCHOS}. */
const sdkAt: Readonly<Record<number, number>> = { 50: 16, 36: 12, 37: 12, 47: 12, 48: 12 };
const MAX_SLICES = 16;
export const MACH_HEADER_BYTES = 32;
/** Enough for the header of a universal file with `MAX_SLICES` entries. */
export const FAT_HEADER_BYTES = 8 + MAX_SLICES * 32;
const MAX_COMMANDS_BYTES = 1024 * 1024;

/** `head` is the start of a file, 8 bytes at least. Java classes share the magic of universal files. */
export function looksLikeMachO(head: Buffer): boolean {
  if (head.length < 8) return false;
  const magic = head.readUInt32BE(0);
  if (magic === magics.fat || magic === magics.fat64) {
    const count = head.readUInt32BE(4);
    return count > 0 && count <= MAX_SLICES;
  }
  const thin: number[] = [magics.thin32, magics.thin64];
  return thin.includes(magic) || thin.includes(head.readUInt32LE(0));
}

/** The slices of a file, in file order, checked to lie inside it and not to overlap. */
export function sliceRanges(head: Buffer, fileSizeBytes: number): SliceRange[] {
  const bytes = new Bytes(head, 'universal Mach-O header');
  const magic = bytes.u32(0);
  if (magic !== magics.fat && magic !== magics.fat64) return [{ offset: 0, sizeBytes: fileSizeBytes }];
  const count = bytes.u32(4);
  if (count === 0 || count > MAX_SLICES)
    throw malformed('universal Mach-O header', `it counts ${count} architectures`);
  const ranges = Array.from({ length: count }, (_, index) => fatEntry(bytes, index, magic === magics.fat64));
  const ordered = ranges.sort((a, b) => a.offset - b.offset);
  let end = fatHeaderSize(head, count);
  for (const { offset, sizeBytes } of ordered) {
    if (offset < end || offset + sizeBytes > fileSizeBytes)
      throw malformed('universal Mach-O header', `the part at ${offset} overlaps another or leaves the file`);
    end = offset + sizeBytes;
  }
  return ordered;
}

/** Bytes of the header of a universal file with `count` architectures. */
export const fatHeaderSize = (head: Buffer, count: number): number =>
  8 + count * (head.readUInt32BE(0) === magics.fat64 ? 32 : 20);

function fatEntry(bytes: Bytes, index: number, is64: boolean): SliceRange {
  const at = 8 + index * (is64 ? 32 : 20);
  const offset = is64 ? bytes.u64(at + 8) : bytes.u32(at + 8);
  const sizeBytes = is64 ? bytes.u64(at + 16) : bytes.u32(at + 12);
  const alignExponent = bytes.u32(is64 ? at + 24 : at + 16);
  if (alignExponent > 20 || offset % 2 ** alignExponent !== 0)
    throw malformed('universal Mach-O header', `the part at ${offset} is not aligned to 2^${alignExponent}`);
  return { offset, sizeBytes, claimedCpu: { type: bytes.u32(at), subtype: bytes.u32(at + 4) } };
}

/** Bytes of header and load commands, from the first `MACH_HEADER_BYTES` of a slice. */
export function headerAndCommandsSize(header: Buffer): number {
  const { bytes, headerBytes } = openHeader(header);
  const size = bytes.u32(20);
  if (size > MAX_COMMANDS_BYTES) throw malformed('Mach-O header', `its load commands take ${size} bytes`);
  return headerBytes + size;
}

/** `head` is the slice up to the end of its load commands. */
export function readLayout(head: Buffer, slice: SliceRange): SliceLayout {
  const { bytes, headerBytes } = openHeader(head);
  const cpu = { type: bytes.u32(4), subtype: bytes.u32(8) };
  const { claimedCpu } = slice;
  if (claimedCpu && !isSameCpu(claimedCpu, cpu))
    throw malformed(
      'universal Mach-O header',
      `the part at ${slice.offset} is for another processor than said`,
    );
  const found: { -readonly [K in keyof SliceLayout]?: SliceLayout[K] } = {};
  const sdkVersions: number[] = [];
  for (const { command, offset, size } of loadCommands(bytes, headerBytes)) {
    if (command === commands.codeSignature) found.signature = signatureRange(bytes, offset, slice, found);
    const sdkOffset = sdkAt[command];
    if (sdkOffset !== undefined) sdkVersions.push(bytes.u32(offset + sdkOffset));
    if (command !== commands.segment64 && command !== commands.segment32) continue;
    const at = { offset, size };
    const is64 = command === commands.segment64;
    if (name16(bytes, offset + 8) === '__TEXT') found.textSegment ??= textSegmentAt(bytes, offset, is64);
    const section = infoPlistSection(bytes, at, is64, slice);
    if (section) found.embeddedInfoPlist ??= section;
  }
  return { ...found, sdkVersions, architecture: architectureName(cpu), cpu, fileType: bytes.u32(12) };
}

/** The top byte of a subtype holds capabilities, which not every tool repeats (CPU_SUBTYPE_MASK, <mach/machine.h>). */
const SUBTYPE_BITS = 0xffffff;

type Cpu = SliceLayout['cpu'];

const isSameCpu = (a: Cpu, b: Cpu): boolean =>
  a.type === b.type && (a.subtype & SUBTYPE_BITS) === (b.subtype & SUBTYPE_BITS);

/** Numbers of the slice in its own byte order. */
export function openHeader(head: Buffer): { bytes: Bytes; headerBytes: number } {
  const big = new Bytes(head, 'Mach-O header');
  const little = new Bytes(head, 'Mach-O header', true);
  for (const bytes of [little, big]) {
    if (bytes.u32(0) === magics.thin64) return { bytes, headerBytes: 32 };
    if (bytes.u32(0) === magics.thin32) return { bytes, headerBytes: 28 };
  }
  throw malformed('Mach-O header', `it starts with 0x${head.toString('hex', 0, 4)}`);
}

interface LoadCommand {
  readonly command: number;
  readonly offset: number;
  readonly size: number;
}

export function* loadCommands(bytes: Bytes, headerBytes: number): Generator<LoadCommand> {
  const count = bytes.u32(16);
  const end = headerBytes + bytes.u32(20);
  let offset = headerBytes;
  for (let index = 0; index < count; index += 1) {
    const size = bytes.u32(offset + 4);
    if (size < 8 || offset + size > end)
      throw malformed('Mach-O header', `load command ${index} takes ${size} bytes`);
    yield { command: bytes.u32(offset), offset, size };
    offset += size;
  }
}

function signatureRange(bytes: Bytes, at: number, slice: SliceRange, found: { signature?: unknown }) {
  const range = { offset: bytes.u32(at + 8), sizeBytes: bytes.u32(at + 12) };
  if (found.signature) throw malformed('Mach-O header', 'it names two code signatures');
  if (range.offset + range.sizeBytes > slice.sizeBytes)
    throw malformed('Mach-O header', `its code signature at ${range.offset} leaves the file`);
  return range;
}

const textSegmentAt = (bytes: Bytes, at: number, is64: boolean): TextSegment =>
  is64
    ? { offset: bytes.u64(at + 40), sizeBytes: bytes.u64(at + 48) }
    : { offset: bytes.u32(at + 32), sizeBytes: bytes.u32(at + 36) };

/** Sections must lie in the command that announces them, or many small commands would share them. */
function infoPlistSection(
  bytes: Bytes,
  { offset: at, size: commandSize }: Pick<LoadCommand, 'offset' | 'size'>,
  is64: boolean,
  slice: SliceRange,
) {
  const [first, size] = is64 ? [at + 72, 80] : [at + 56, 68];
  const count = bytes.u32(is64 ? at + 64 : at + 48);
  if (first + count * size > at + commandSize)
    throw malformed('Mach-O header', 'a segment announces more sections than it has');
  // by the name of the segment around it, as codesign finds it; that in the section itself is not looked at
  if (name16(bytes, at + 8) !== '__TEXT') return undefined;
  for (let index = 0; index < count; index += 1) {
    const section = first + index * size;
    if (name16(bytes, section) !== '__info_plist') continue;
    const sizeBytes = is64 ? bytes.u64(section + 40) : bytes.u32(section + 36);
    const offset = bytes.u32(section + (is64 ? 48 : 40));
    if (offset + sizeBytes > slice.sizeBytes)
      throw malformed('Mach-O header', 'its embedded Info.plist leaves the file');
    return { offset, sizeBytes };
  }
  return undefined;
}

const name16 = (bytes: Bytes, offset: number): string =>
  bytes.range(offset, 16).toString('latin1').replace(/\0.*$/s, '');

function architectureName({ type, subtype }: { type: number; subtype: number }): string {
  const variant = subtype & 0xffffff;
  if (type === 0x0100000c) return variant === 2 ? 'arm64e' : 'arm64';
  const names: Readonly<Record<number, string>> = {
    7: 'i386',
    12: 'arm',
    18: 'ppc',
    16777223: variant === 8 ? 'x86_64h' : 'x86_64',
    33554444: 'arm64_32',
  };
  return names[type] ?? `cpu-${type}`;
}
