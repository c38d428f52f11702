import { isUtf8 } from 'node:buffer';
import { Header } from 'tar';
import { withoutTrailing } from '../../text.ts';
import type { EntryKind } from './archive-entry.ts';
import { refuseEntry } from './refusals.ts';
import { type PaxSparse, paxSparse, wholeNumber } from './tar-sparse.ts';

export const TAR_BLOCK_BYTES = 512;

/** What extended headers say about the entry that follows them, instead of its own header. */
export interface TarOverrides {
  path?: string;
  linkpath?: string;
  size?: number;
  sparse?: PaxSparse;
}

/** One header block with its checksum verified; `type` is the letter of POSIX ustar and GNU tar. */
export interface TarHeader {
  readonly type: string;
  readonly name: string;
  readonly linkTarget: string;
  readonly sizeBytes: number;
  readonly executable: boolean;
}

/** @returns undefined when the block is no header: wrong checksum, or numbers that are none */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  const header = decode(block);
  const type = String.fromCharCode(block[TYPE_AT] ?? 0);
  // GNU tar leaves the size of a label empty
  const sizeBytes = type === VOLUME_LABEL ? (header?.size ?? 0) : header?.size;
  if (!header?.cksumValid || sizeBytes === undefined || !Number.isSafeInteger(sizeBytes)) return undefined;
  return {
    type,
    name: header.path ?? '',
    linkTarget: header.linkpath ?? '',
    sizeBytes,
    executable: ((header.mode ?? 0) & 0o111) !== 0,
  };
}

function decode(block: Buffer): Header | undefined {
  try {
    return new Header(block);
  } catch {
    return undefined;
  }
}

const unsupportedTypes: Record<string, string> = {
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a named pipe',
};

const TYPE_AT = 156;
/** The name of the whole archive (`tar --label` of GNU); no entry, and passed over by every tar. */
export const VOLUME_LABEL = 'V';
/** Another name of a file that came before. */
export const HARD_LINK = '1';
/** A file that old systems kept in one piece; POSIX lets it be read like any other. */
const CONTIGUOUS = '7';
/** A file without its holes, in the form of GNU tar before pax. */
export const OLD_SPARSE = 'S';

/** @throws ShipError BUNDLE_ENTRY_UNSUPPORTED for everything that is no file, folder or symbolic link */
export function kindOf({ type, name, sizeBytes }: TarHeader): EntryKind {
  const kind = plainKind(type, name);
  if (kind === undefined) {
    const found = unsupportedTypes[type] ?? `of the tar type ${JSON.stringify(type)}`;
    throw refuseEntry(
      'BUNDLE_ENTRY_UNSUPPORTED',
      name,
      `It is ${found}, which has no place in an app bundle.`,
    );
  }
  if ((kind !== 'file' || type === HARD_LINK) && sizeBytes > 0) {
    const said = type === HARD_LINK ? 'hard link' : kind;
    throw refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', name, `It is a ${said} that has content.`);
  }
  return kind;
}

function plainKind(type: string, name: string): EntryKind | undefined {
  if (type === '5') return 'directory';
  if (type === '2') return 'symlink';
  if (type === HARD_LINK || type === OLD_SPARSE || type === CONTIGUOUS) return 'file';
  // Before ustar a folder was a file with a slash behind its name.
  if (type === '0' || type === '\0') return name.endsWith('/') ? 'directory' : 'file';
  return undefined;
}

/** bsdtar says `BINARY` of all that is not ASCII in the locale "C"; each name has to prove that it is UTF-8. */
const KNOWN_CHARSETS: ReadonlySet<string> = new Set(['ISO-IR 10646 2000 UTF-8', 'BINARY']);

type PaxRecord = readonly [key: string, value: string];

/**
 * Reads the records of a pax extended header: `<length> <key>=<value>\n`, the length in bytes and including itself.
 *
 * @returns undefined when the text is not made of such records to its end
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (pax Extended Header)
 */
export function parsePaxRecords(body: Buffer): PaxRecord[] | undefined {
  const records: PaxRecord[] = [];
  for (let start = 0; start < body.length; ) {
    const space = body.indexOf(0x20, start);
    const digits = space < 0 ? '' : body.toString('latin1', start, space);
    const end = start + Number(digits);
    if (!/^[1-9]\d{0,8}$/.test(digits) || end > body.length || body[end - 1] !== 0x0a) return undefined;
    const equals = body.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) return undefined;
    records.push([body.toString('utf8', space + 1, equals), textOf(body.subarray(equals + 1, end - 1))]);
    start = end;
  }
  return records;
}

/** Values that are no text (extended attributes) are never used; as a path they are refused later. */
const textOf = (bytes: Buffer): string => (isUtf8(bytes) ? bytes.toString('utf8') : '\ufffd');

/** @throws ShipError BUNDLE_ENTRY_UNSUPPORTED for records that would change what the data of an entry means */
export function overridesFromPax(records: readonly PaxRecord[]): TarOverrides {
  const sparse = paxSparse(records);
  if (sparse === 'broken') throw refusePax('GNU.sparse', 'a sparse file, and its map makes no sense');
  const overrides: TarOverrides = sparse ? { sparse } : {};
  for (const [key, value] of records) {
    if (key === 'SCHILY.realsize') throw refusePax(key, 'a sparse file of star');
    if (key === 'hdrcharset' && !KNOWN_CHARSETS.has(value)) throw refusePax(key, 'names that are not UTF-8');
    if (key === 'path' || key === 'linkpath') overrides[key] = value;
    if (key === 'size') overrides.size = paxSize(value);
  }
  return overrides;
}

function paxSize(value: string): number {
  const size = wholeNumber(value);
  if (size === undefined) throw refusePax('size', 'a size that is no number');
  return size;
}

const refusePax = (key: string, meaning: string): Error =>
  refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', `(pax header) ${key}`, `It stands for ${meaning}.`);

/** The text of a GNU `L` or `K` header: one string that ends with NUL. */
export const parseGnuLongName = (body: Buffer): string => withoutTrailing(body.toString('utf8'), '\0');
