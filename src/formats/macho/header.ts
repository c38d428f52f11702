import type { MachOFileType } from './types.ts';

const FAT_MAGIC = 0xcafebabe;
export const FAT_MAGIC_64 = 0xcafebabf;
/**
 * There are seven architectures, with some variants. Java class files share the magic number; there a version of at
 * least 45 stands where the count is.
 */
export const MAX_SLICES = 16;

const CPU_NAMES: Readonly<Record<number, string>> = {
  7: 'i386',
  12: 'arm',
  18: 'ppc',
  16777223: 'x86_64',
  16777228: 'arm64',
  16777234: 'ppc64',
  33554444: 'arm64_32',
};
const ARM_SUBTYPES: Readonly<Record<number, string>> = { 6: 'armv6', 9: 'armv7', 11: 'armv7s', 12: 'armv7k' };
const FILE_TYPES: Readonly<Record<number, MachOFileType>> = {
  1: 'object',
  2: 'execute',
  6: 'dylib',
  7: 'dylinker',
  8: 'bundle',
  10: 'dsym',
};
const MH_PIE = 0x200000;

export interface Cpu {
  readonly type: number;
  readonly subtype: number;
}

/** The top byte of a subtype holds capabilities, which not every tool repeats (CPU_SUBTYPE_MASK, <mach/machine.h>). */
const SUBTYPE_BITS = 0xffffff;

export const isSameCpu = (a: Cpu, b: Cpu): boolean =>
  a.type === b.type && (a.subtype & SUBTYPE_BITS) === (b.subtype & SUBTYPE_BITS);

export interface MachHeader {
  readonly littleEndian: boolean;
  readonly is64: boolean;
  readonly headerBytes: number;
  readonly cpu: Cpu;
  readonly architecture: string;
  readonly fileType: MachOFileType;
  /** MH_EXECUTE 2, MH_DYLIB 6, MH_BUNDLE 8, … */
  readonly fileTypeNumber: number;
  readonly commandCount: number;
  readonly commandBytes: number;
  readonly positionIndependent: boolean;
}

/** Longest header there is; a file that is shorter than the 28 bytes of the 32-bit one is no Mach-O. */
export const MAX_HEADER_BYTES = 32;
export const MIN_HEADER_BYTES = 28;

/** @param bytes - the first 12 bytes of a file, better 32 */
export function isMachO(bytes: Buffer): boolean {
  if (bytes.length < 12) return false;
  if (!isFat(bytes)) return thinForm(bytes.readUInt32BE(0)) !== undefined;
  const count = bytes.readUInt32BE(4);
  return count >= 1 && count <= MAX_SLICES && bytes.readUInt32BE(8) in CPU_NAMES;
}

export const isFat = (bytes: Buffer): boolean => [FAT_MAGIC, FAT_MAGIC_64].includes(bytes.readUInt32BE(0));

/**
 * True for whatever begins with one of the magic numbers, Java class files and scraps too: rcodesign 0.29.0 goes
 * by these four bytes alone, and fails on what does not parse.
 */
export function hasMachOMagic(bytes: Buffer): boolean {
  if (bytes.length < 4) return false;
  return isFat(bytes) || thinForm(bytes.readUInt32BE(0)) !== undefined;
}

export function parseMachHeader(bytes: Buffer): MachHeader | undefined {
  if (bytes.length < MIN_HEADER_BYTES) return undefined;
  const form = thinForm(bytes.readUInt32BE(0));
  if (!form) return undefined;
  const u32 = (at: number) => (form.littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const cpu = { type: u32(4), subtype: u32(8) };
  return {
    ...form,
    headerBytes: form.is64 ? 32 : 28,
    cpu,
    architecture: architectureName(cpu),
    fileType: FILE_TYPES[u32(12)] ?? 'other',
    fileTypeNumber: u32(12),
    commandCount: u32(16),
    commandBytes: u32(20),
    positionIndependent: (u32(24) & MH_PIE) !== 0,
  };
}

function thinForm(magic: number): { littleEndian: boolean; is64: boolean } | undefined {
  if (magic === 0xcffaedfe) return { littleEndian: true, is64: true };
  if (magic === 0xcefaedfe) return { littleEndian: true, is64: false };
  if (magic === 0xfeedfacf) return { littleEndian: false, is64: true };
  if (magic === 0xfeedface) return { littleEndian: false, is64: false };
  return undefined;
}

function architectureName({ type, subtype }: Cpu): string {
  const name = CPU_NAMES[type] ?? `cpu-${type}`;
  const variant = subtype & SUBTYPE_BITS;
  if (name === 'arm64' && variant === 2) return 'arm64e';
  if (name === 'x86_64' && variant === 8) return 'x86_64h';
  return name === 'arm' ? (ARM_SUBTYPES[variant] ?? name) : name;
}
