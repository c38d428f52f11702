import { isUtf8 } from 'node:buffer';
import type { MachHeader } from './header.ts';
import { type MachOBuild, MachOFault, type MachOPlatform } from './types.ts';

export interface Segment {
  readonly name: string;
  readonly fileOffset: number;
  readonly fileBytes: number;
  readonly vmBytes: number;
}

/** What the load commands of one slice say. */
export interface LoadCommands {
  readonly segments: readonly Segment[];
  /** Symbols and their names. */
  readonly tables: readonly Extent[];
  readonly builds: readonly MachOBuild[];
  /** Of the SDKs in `builds`, packed as they are in the command. */
  readonly sdkVersions: readonly number[];
  readonly dylibs: readonly string[];
  readonly encrypted: boolean;
  readonly signature?: Extent;
  readonly infoPlist?: Extent;
  /** File offset of the first section; load commands must end before it. */
  readonly firstSectionOffset: number;
}

/** A part of the slice. */
export interface Extent {
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface Command {
  /** With LC_REQ_DYLD, the top bit, which is part of what a command is. */
  readonly id: number;
  /** Counted from the first command. */
  readonly at: number;
  readonly bytes: Buffer;
}

interface Draft {
  segments: Segment[];
  tables: Extent[];
  builds: MachOBuild[];
  sdkVersions: number[];
  dylibs: string[];
  encrypted: boolean;
  signature?: Extent;
  infoPlist?: Extent;
  firstSectionOffset: number;
}

const PLATFORMS: readonly MachOPlatform[] = [
  'unknown',
  'macos',
  'ios',
  'tvos',
  'watchos',
  'bridgeos',
  'maccatalyst',
  'ios-simulator',
  'tvos-simulator',
  'watchos-simulator',
  'driverkit',
  'visionos',
  'visionos-simulator',
];
const VERSION_MIN_PLATFORMS: Readonly<Record<number, MachOPlatform>> = {
  36: 'macos',
  37: 'ios',
  47: 'tvos',
  48: 'watchos',
};
export const commandIds = { segment: 0x1, symbols: 0x2, segment64: 0x19, codeSignature: 0x1d } as const;
const LC_REQ_DYLD = 0x80000000;
/** LC_LOAD_DYLIB and its weak, re-export, lazy and upward kinds, without the LC_REQ_DYLD bit. */
const DYLIB_COMMANDS = new Set([0xc, 0x18, 0x1f, 0x20, 0x23]);
/** Others that hold one text: LC_ID_DYLIB, LC_LOAD_DYLINKER, LC_ID_DYLINKER, LC_RPATH, LC_DYLD_ENVIRONMENT. */
const NAMED_COMMANDS = new Set([0xd, 0xe, 0xf, 0x1c, 0x27]);
const COMMAND_HEADER_BYTES = 8;
/** Sections that take no room in the file: S_ZEROFILL, S_GB_ZEROFILL, S_THREAD_LOCAL_ZEROFILL. */
const ZEROFILL_TYPES = new Set([0x1, 0xc, 0x12]);
const MAX_NAME_BYTES = 4096;
/** Two in a zippered library; what has more was made to be in the way. */
const MAX_BUILDS = 8;

/** Commands that have one size only (<mach-o/loader.h>): LC_SYMTAB, LC_DYSYMTAB, LC_CODE_SIGNATURE. */
const FIXED_SIZES: ReadonlyMap<number, number> = new Map([
  [0x2, 24],
  [0xb, 80],
  [0x1d, 16],
]);

/** @throws MachOFault when a command reaches beyond its place */
export function parseLoadCommands(bytes: Buffer, header: MachHeader): LoadCommands {
  const draft: Draft = {
    segments: [],
    tables: [],
    builds: [],
    sdkVersions: [],
    dylibs: [],
    encrypted: false,
    firstSectionOffset: Number.POSITIVE_INFINITY,
  };
  const u32 = uint32Reader(header);
  for (const command of commandsIn(bytes, header, u32)) {
    if (draft.builds.length > MAX_BUILDS) throw new MachOFault('it names too many platforms');
    try {
      readCommand(command, draft, header, u32);
    } catch (error) {
      throw error instanceof RangeError ? new MachOFault('a load command is cut short') : error;
    }
  }
  return draft;
}

type ReadUint32 = (bytes: Buffer, at: number) => number;

export const uint32Reader =
  ({ littleEndian }: MachHeader): ReadUint32 =>
  (bytes, at) =>
    littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);

/** @throws MachOFault */
export function* commandsIn(bytes: Buffer, header: MachHeader, u32: ReadUint32): Generator<Command> {
  let at = 0;
  for (let i = 0; i < header.commandCount; i += 1) {
    if (at + 8 > bytes.length) throw new MachOFault('it announces more load commands than it has');
    const length = u32(bytes, at + 4);
    if (length < 8 || at + length > bytes.length)
      throw new MachOFault('a load command has an impossible size');
    yield { id: u32(bytes, at), at, bytes: bytes.subarray(at, at + length) };
    at += length;
  }
}

function readCommand({ id, bytes }: Command, draft: Draft, header: MachHeader, u32: ReadUint32): void {
  const size = FIXED_SIZES.get(id);
  if (size !== undefined && bytes.length !== size)
    throw new MachOFault(`a load command of the type ${id} has ${bytes.length} bytes, not ${size}`);
  const nameId = id >= LC_REQ_DYLD ? id - LC_REQ_DYLD : id;
  if (id === commandIds.segment || id === commandIds.segment64)
    readSegment(bytes, id === commandIds.segment64, draft, header, u32);
  else if (id === commandIds.codeSignature) readSignature(bytes, draft, u32);
  else if (id === commandIds.symbols) draft.tables.push(...symbolTables(bytes, header, u32));
  else if (id === 0x21 || id === 0x2c) draft.encrypted ||= u32(bytes, 16) !== 0;
  else if (id === 0x32) addBuild(draft, platformName(u32(bytes, 8)), u32(bytes, 12), u32(bytes, 16));
  else if (DYLIB_COMMANDS.has(nameId)) draft.dylibs.push(nameAt(bytes, u32(bytes, 8)));
  else if (NAMED_COMMANDS.has(nameId)) nameAt(bytes, u32(bytes, 8));
  else if (VERSION_MIN_PLATFORMS[id])
    addBuild(draft, versionMinPlatform(id, header), u32(bytes, 8), u32(bytes, 12));
}

function readSegment(bytes: Buffer, is64: boolean, draft: Draft, header: MachHeader, u32: ReadUint32): void {
  const word = (at: number) => (is64 ? wordAt(bytes, at, header) : u32(bytes, at));
  const name = name16(bytes, 8);
  const vmBytes = word(is64 ? 32 : 28);
  if (!Number.isSafeInteger(vmBytes))
    throw new MachOFault(`its segment ${JSON.stringify(name)} takes more memory than there is`);
  const isFirst = !draft.segments.some((segment) => segment.name === name);
  draft.segments.push({
    name,
    fileOffset: word(is64 ? 40 : 32),
    fileBytes: word(is64 ? 48 : 36),
    vmBytes,
  });
  const sectionBytes = is64 ? 80 : 68;
  const first = is64 ? 72 : 56;
  const count = u32(bytes, is64 ? 64 : 48);
  if (first + count * sectionBytes > bytes.length)
    throw new MachOFault('a segment announces more sections than it has');
  for (let at = first; at < first + count * sectionBytes; at += sectionBytes) {
    const offset = u32(bytes, at + (is64 ? 48 : 40));
    const type = u32(bytes, at + (is64 ? 64 : 56)) & 0xff;
    if (offset > 0 && !ZEROFILL_TYPES.has(type))
      draft.firstSectionOffset = Math.min(draft.firstSectionOffset, offset);
    // by the name of the segment around it, as codesign finds it; that in the section itself is not looked at
    if (isFirst && name === '__TEXT' && name16(bytes, at) === '__info_plist')
      draft.infoPlist ??= {
        offset,
        sizeBytes: is64 ? wordAt(bytes, at + 40, header) : u32(bytes, at + 36),
      };
  }
}

function readSignature(bytes: Buffer, draft: Draft, u32: ReadUint32): void {
  if (draft.signature) throw new MachOFault('it names two code signatures');
  draft.signature = { offset: u32(bytes, 8), sizeBytes: u32(bytes, 12) };
}

/** LC_SYMTAB: a table of entries of 12 or 16 bytes, and one of their names. */
const symbolTables = (bytes: Buffer, { is64 }: MachHeader, u32: ReadUint32): Extent[] => [
  { offset: u32(bytes, 8), sizeBytes: u32(bytes, 12) * (is64 ? 16 : 12) },
  { offset: u32(bytes, 16), sizeBytes: u32(bytes, 20) },
];

/** A name of a segment or section: sixteen bytes, filled with NUL. */
function name16(bytes: Buffer, at: number): string {
  const field = bytes.subarray(at, at + 16);
  const end = field.indexOf(0);
  const name = end < 0 ? field : field.subarray(0, end);
  if (!isUtf8(name)) throw new MachOFault('the name of a segment or section is no text');
  return name.toString('utf8');
}

const wordAt = (bytes: Buffer, at: number, { littleEndian }: MachHeader): number =>
  Number(littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));

function nameAt(bytes: Buffer, at: number): string {
  if (at < COMMAND_HEADER_BYTES || at >= bytes.length)
    throw new MachOFault('a name in its load commands lies outside of its command');
  const end = bytes.indexOf(0, at);
  const name = bytes.subarray(at, end < 0 ? bytes.length : end);
  if (!isUtf8(name)) throw new MachOFault('a name in its load commands is no text');
  return name.subarray(0, MAX_NAME_BYTES).toString('utf8');
}

const platformName = (id: number): MachOPlatform => PLATFORMS[id] ?? 'unknown';

/** Before LC_BUILD_VERSION a simulator's code was told apart by its processor alone. */
function versionMinPlatform(id: number, { architecture }: MachHeader): MachOPlatform {
  const platform = VERSION_MIN_PLATFORMS[id] ?? 'unknown';
  const isIntel = architecture === 'i386' || architecture.startsWith('x86_64');
  return isIntel && platform !== 'macos' ? (`${platform}-simulator` as MachOPlatform) : platform;
}

function addBuild(draft: Draft, platform: MachOPlatform, minimumOs: number, sdk: number): void {
  draft.builds.push({ platform, minimumOs: versionText(minimumOs), sdk: versionText(sdk) });
  draft.sdkVersions.push(sdk);
}

/** xxxx.yy.zz in nibbles; a patch level of 0 is left out. */
function versionText(packed: number): string {
  const [major, minor, patch] = [packed >>> 16, (packed >>> 8) & 0xff, packed & 0xff];
  return patch === 0 ? `${major}.${minor}` : `${major}.${minor}.${patch}`;
}
