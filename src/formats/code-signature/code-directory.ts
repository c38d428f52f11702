import { Bytes } from './bytes.ts';
import { digestOf, type HashKind, hashKind } from './hash-kind.ts';
import { malformed } from './malformed.ts';

/**
 * A CodeDirectory: the list of digests that a signature signs. One digest for each page of code, and "special
 * slots" for what lies outside the code (Info.plist, requirements, CodeResources, entitlements).
 * @see https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h
 */
export interface CodeDirectory {
  readonly version: number;
  readonly flags: number;
  readonly flagNames: readonly string[];
  readonly identifier: string;
  readonly teamId?: string;
  readonly hash: HashKind;
  /** Bytes of code under one digest; 0 when all code is one page (disk images). */
  readonly pageSizeBytes: number;
  readonly codeSlotCount: number;
  readonly specialSlotCount: number;
  /** Code is signed from the start of the file (slice) up to this offset. */
  readonly codeLimit: number;
  readonly executableSegment?: { readonly base: number; readonly limit: number; readonly flags: number };
  /** `major.minor.patch` of the SDK that the hardened runtime follows. */
  readonly runtimeVersion?: string;
  /** The whole blob, as signed by the CMS signature. */
  readonly blob: Buffer;
  /** The whole digest of the blob; the cdhash is its first 20 bytes. */
  readonly digest: Buffer;
  readonly cdHash: Buffer;
}

export const codeFlags = { adHoc: 0x2, runtime: 0x10000, linkerSigned: 0x20000 } as const;

const flagNames: ReadonlyArray<readonly [number, string]> = [
  [0x1, 'host'],
  [codeFlags.adHoc, 'adhoc'],
  [0x100, 'hard'],
  [0x200, 'kill'],
  [0x400, 'expires'],
  [0x800, 'restrict'],
  [0x1000, 'enforcement'],
  [0x2000, 'library'],
  [codeFlags.runtime, 'runtime'],
  [codeFlags.linkerSigned, 'linker-signed'],
];

const CDHASH_BYTES = 20;
/** From which version each group of fields exists. */
const since = {
  scatter: 0x20100,
  team: 0x20200,
  codeLimit64: 0x20300,
  execSegment: 0x20400,
  runtime: 0x20500,
};
const MAX_SPECIAL_SLOTS = 64;

export function parseCodeDirectory(blob: Buffer): CodeDirectory {
  const bytes = new Bytes(blob, 'CodeDirectory');
  const version = bytes.u32(8);
  if (version < 0x20001 || version > 0x2ffff)
    throw malformed('CodeDirectory', `its version 0x${version.toString(16)} is not known`);
  if (version >= since.scatter && bytes.u32(44) !== 0)
    throw malformed('CodeDirectory', 'it uses scatter vectors, which no current tool writes');
  const flags = bytes.u32(12);
  const kind = hashKind(bytes.u8(37), bytes.u8(36));
  const digest = digestOf({ ...kind, sizeBytes: fullSize(kind) }, blob);
  const directory: CodeDirectory = {
    version,
    flags,
    flagNames: flagNames.filter(([bit]) => flags & bit).map(([, name]) => name),
    identifier: bytes.text(bytes.u32(20)),
    ...teamOf(bytes, version),
    hash: kind,
    pageSizeBytes: pageSize(bytes.u8(39)),
    codeSlotCount: bytes.u32(28),
    specialSlotCount: bytes.u32(24),
    codeLimit: codeLimitOf(bytes, version),
    ...executableSegmentOf(bytes, version),
    ...runtimeOf(bytes, version),
    blob,
    digest,
    cdHash: digest.subarray(0, CDHASH_BYTES),
  };
  checkSlotRange(bytes, directory);
  return directory;
}

/** The digest of one page of code, counted from 0. */
export function codeSlot(directory: CodeDirectory, page: number): Buffer {
  const { blob, hash } = directory;
  return new Bytes(blob, 'CodeDirectory').range(
    blob.readUInt32BE(16) + page * hash.sizeBytes,
    hash.sizeBytes,
  );
}

/** The digest in special slot 1, 2, …; nothing when the directory does not reach so far or has zeros there. */
export function specialSlot(directory: CodeDirectory, slot: number): Buffer | undefined {
  if (slot > directory.specialSlotCount) return undefined;
  const digest = codeSlot(directory, -slot);
  return digest.every((byte) => byte === 0) ? undefined : digest;
}

const fullSize = (kind: HashKind): number => (kind.name === 'sha256-truncated' ? 32 : kind.sizeBytes);

function pageSize(exponent: number): number {
  if (exponent === 0) return 0;
  if (exponent < 9 || exponent > 24) throw malformed('CodeDirectory', `its page size is 2^${exponent}`);
  return 2 ** exponent;
}

function codeLimitOf(bytes: Bytes, version: number): number {
  const wide = version >= since.codeLimit64 ? bytes.u64(56) : 0;
  return wide === 0 ? bytes.u32(32) : wide;
}

function teamOf(bytes: Bytes, version: number): { teamId?: string } {
  const offset = version >= since.team ? bytes.u32(48) : 0;
  return offset === 0 ? {} : { teamId: bytes.text(offset) };
}

function executableSegmentOf(bytes: Bytes, version: number): Pick<CodeDirectory, 'executableSegment'> {
  if (version < since.execSegment) return {};
  const [base, limit] = [bytes.u64(64), bytes.u64(72)];
  return { executableSegment: { base, limit, flags: bytes.u64(80) } };
}

function runtimeOf(bytes: Bytes, version: number): { runtimeVersion?: string } {
  const packed = version >= since.runtime ? bytes.u32(88) : 0;
  return packed === 0 ? {} : { runtimeVersion: versionText(packed) };
}

/** `major.minor.patch` of 16, 8 and 8 bits. */
export const versionText = (packed: number): string =>
  `${packed >>> 16}.${(packed >>> 8) & 0xff}.${packed & 0xff}`;

function checkSlotRange(bytes: Bytes, directory: CodeDirectory): void {
  const { pageSizeBytes, codeLimit, codeSlotCount, specialSlotCount, hash } = directory;
  const pages = pageSizeBytes === 0 ? Math.min(codeLimit, 1) : Math.ceil(codeLimit / pageSizeBytes);
  if (pages !== codeSlotCount)
    throw malformed('CodeDirectory', `it has ${codeSlotCount} code digests for ${pages} pages`);
  if (specialSlotCount > MAX_SPECIAL_SLOTS)
    throw malformed('CodeDirectory', `it has ${specialSlotCount} special slots`);
  const start = bytes.u32(16) - specialSlotCount * hash.sizeBytes;
  bytes.range(start, (specialSlotCount + codeSlotCount) * hash.sizeBytes);
}
