import type { Entry, LocalFileHeader } from 'yauzl';
import type { EntryKind } from './archive-entry.ts';
import { refuseEntry } from './refusals.ts';

/** Systems whose upper 16 bits of the external attributes are a Unix mode: Unix and macOS. */
const UNIX_HOSTS = [3, 19];
const SIZES_FOLLOW_THE_DATA = 1 << 3;
const ENCRYPTED = 1 << 0;
const ZIP64_MARK = 0xffffffff;

const kindsByFormat = new Map<number, EntryKind>([
  [0o10, 'file'],
  [0o04, 'directory'],
  [0o12, 'symlink'],
]);

const unixModeOf = (entry: Entry): number =>
  UNIX_HOSTS.includes(entry.versionMadeBy >>> 8) ? entry.externalFileAttributes >>> 16 : 0;

export const readsExecutable = (entry: Entry): boolean => (unixModeOf(entry) & 0o111) !== 0;

/**
 * A name that ends with a slash is a folder; the Unix mode, where there is one, has to agree and may say "link".
 *
 * @throws ShipError BUNDLE_ENTRY_UNSUPPORTED
 */
export function kindOfZipEntry(entry: Entry, name: string): EntryKind {
  const kindOfName = name.endsWith('/') ? 'directory' : 'file';
  const format = unixModeOf(entry) >>> 12;
  const kind = format === 0 ? kindOfName : kindsByFormat.get(format);
  if (kind === undefined) {
    const reason = 'It is a device, a pipe or a socket, which has no place in an app bundle.';
    throw refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', name, reason);
  }
  if ((kind === 'directory') !== (kindOfName === 'directory')) {
    throw refuseEntry(
      'BUNDLE_ENTRY_UNSUPPORTED',
      name,
      `Its name says ${kindOfName}, its mode says ${kind}.`,
    );
  }
  if (kind === 'directory' && entry.uncompressedSize > 0) {
    throw refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', name, 'It is a directory that has content.');
  }
  return kind;
}

/**
 * A reader that streams sees only local headers, one that seeks only the directory: both have to see the same.
 *
 * @throws ShipError BUNDLE_ENTRY_UNSUPPORTED
 */
export function assertSameHeader(entry: Entry, local: LocalFileHeader, name: string): void {
  const sizesFollow = (local.generalPurposeBitFlag & SIZES_FOLLOW_THE_DATA) !== 0;
  const isSame =
    local.fileName.equals(entry.fileNameRaw) &&
    local.compressionMethod === entry.compressionMethod &&
    (local.generalPurposeBitFlag & ENCRYPTED) === 0 &&
    (sizesFollow || sameSizes(entry, local));
  if (isSame) return;
  const reason = 'Its local header and the directory of the zip do not agree about its name, method or size.';
  throw refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', name, reason);
}

const sameSizes = (entry: Entry, local: LocalFileHeader): boolean =>
  local.crc32 === entry.crc32 &&
  (local.compressedSize === entry.compressedSize || local.compressedSize === ZIP64_MARK) &&
  (local.uncompressedSize === entry.uncompressedSize || local.uncompressedSize === ZIP64_MARK);
