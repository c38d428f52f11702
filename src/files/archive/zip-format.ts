/**
 * The records of a zip file, as functions from values to bytes.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (6.3.10; sections 4.3 and 4.5.3)
 */

export const zipMethods = { stored: 0, deflated: 8 } as const;

export interface ZipRecord {
  readonly name: Buffer;
  readonly method: (typeof zipMethods)[keyof typeof zipMethods];
  /** Unix mode with the bits of the file's type. */
  readonly mode: number;
  readonly dosDateTime: number;
  /** The local header does not know them: they come in a descriptor behind the data. */
  readonly sizesFollow: boolean;
  /** Sizes and offset are written with 64 bits. */
  readonly zip64: boolean;
}

export interface ZipSizes {
  readonly crc32: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
}

const NAMES_ARE_UTF8 = 1 << 11;
const SIZES_FOLLOW = 1 << 3;
const MADE_BY_UNIX = 3 << 8;
const [VERSION_PLAIN, VERSION_ZIP64] = [20, 45] as const;
const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;
const DOS_FOLDER = 0x10;

const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >>> 8]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

/** Date and time of DOS, in UTC so that the host's time zone changes nothing; 1980 to 2107, steps of 2 seconds. */
export function toDosDateTime(date: Date): number {
  const year = Math.min(Math.max(date.getUTCFullYear(), 1980), 2107);
  const day = ((year - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  return ((day << 16) | time) >>> 0;
}

const versionOf = (record: ZipRecord): number => (record.zip64 ? VERSION_ZIP64 : VERSION_PLAIN);

/** What local header and directory have in common: version to name length, with the sizes that a reader shall see. */
const commonFields = (
  record: ZipRecord,
  { crc32, packedBytes, unpackedBytes }: ZipSizes,
  extra: Buffer,
): Buffer =>
  Buffer.concat([
    u16(versionOf(record)),
    u16(NAMES_ARE_UTF8 | (record.sizesFollow ? SIZES_FOLLOW : 0)),
    u16(record.method),
    u32(record.dosDateTime),
    u32(crc32),
    u32(record.zip64 ? MAX_32 : packedBytes),
    u32(record.zip64 ? MAX_32 : unpackedBytes),
    u16(record.name.length),
    u16(extra.length),
  ]);

const zip64Extra = (values: readonly number[]): Buffer =>
  Buffer.concat([u16(0x0001), u16(values.length * 8), ...values.map(u64)]);

const unknown: ZipSizes = { crc32: 0, packedBytes: 0, unpackedBytes: 0 };

export function localHeader(record: ZipRecord, sizes: ZipSizes): Buffer {
  const known = record.sizesFollow ? unknown : sizes;
  const extra = record.zip64 ? zip64Extra([known.unpackedBytes, known.packedBytes]) : Buffer.alloc(0);
  return Buffer.concat([u32(0x04034b50), commonFields(record, known, extra), record.name, extra]);
}

export function dataDescriptor(
  { zip64 }: ZipRecord,
  { crc32, packedBytes, unpackedBytes }: ZipSizes,
): Buffer {
  const size = zip64 ? u64 : u32;
  return Buffer.concat([u32(0x08074b50), u32(crc32), size(packedBytes), size(unpackedBytes)]);
}

export function directoryRecord(record: ZipRecord, sizes: ZipSizes, offset: number): Buffer {
  const extra = record.zip64 ? zip64Extra([sizes.unpackedBytes, sizes.packedBytes, offset]) : Buffer.alloc(0);
  const isFolder = record.mode >>> 12 === 0o04;
  return Buffer.concat([
    u32(0x02014b50),
    u16(MADE_BY_UNIX | versionOf(record)),
    commonFields(record, sizes, extra),
    u16(0), // comment
    u16(0), // disk
    u16(0), // internal attributes
    u32(((record.mode << 16) | (isFolder ? DOS_FOLDER : 0)) >>> 0),
    u32(record.zip64 ? MAX_32 : offset),
    record.name,
    extra,
  ]);
}

export interface ZipDirectory {
  readonly entryCount: number;
  readonly startOffset: number;
  readonly sizeBytes: number;
}

export function endRecords({ entryCount, startOffset, sizeBytes }: ZipDirectory, zip64: boolean): Buffer {
  const capped16 = zip64 ? MAX_16 : entryCount;
  const end = Buffer.concat([
    u32(0x06054b50),
    u32(0), // this disk, and the one the directory starts on
    u16(capped16),
    u16(capped16),
    u32(zip64 ? MAX_32 : sizeBytes),
    u32(zip64 ? MAX_32 : startOffset),
    u16(0), // comment
  ]);
  return zip64 ? Buffer.concat([zip64EndRecords(entryCount, startOffset, sizeBytes), end]) : end;
}

function zip64EndRecords(entryCount: number, startOffset: number, sizeBytes: number): Buffer {
  const bytesBehindSize = 44;
  const record = [
    u32(0x06064b50),
    u64(bytesBehindSize),
    u16(MADE_BY_UNIX | VERSION_ZIP64),
    u16(VERSION_ZIP64),
  ];
  const disks = [u32(0), u32(0)];
  const counts = [u64(entryCount), u64(entryCount), u64(sizeBytes), u64(startOffset)];
  const locator = [u32(0x07064b50), u32(0), u64(startOffset + sizeBytes), u32(1)];
  return Buffer.concat([...record, ...disks, ...counts, ...locator]);
}
