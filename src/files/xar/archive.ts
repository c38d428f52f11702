import { createHash } from 'node:crypto';
import { createInflate, inflateSync } from 'node:zlib';
import { ShipError } from '../../errors.ts';
import { readXml, type XmlElement, XmlFault } from '../../formats/xml/tree.ts';
import { capitalized } from '../../text.ts';
import { throughZlib } from '../archive/through-zlib.ts';
import type { SignedFile } from '../code-signature/signed-file.ts';
import { type HeapRange, readTable, TableFault, type XarFile, type XarTable } from './table.ts';

/** A flat installer package is a xar archive: a header, a compressed table of contents, and a heap of bytes. */
export interface XarArchive {
  readonly file: SignedFile;
  readonly table: XarTable;
  /** The table as it lies in the file: what its checksum, and the signatures over that, stand for. */
  readonly compressedTable: Buffer;
  readonly headerChecksum: string;
  readonly heapStart: number;
}

const MAGIC = 0x78617221;
export const XAR_HEADER_BYTES = 28;
const MAX_HEADER_BYTES = 4096;
/** A package has some dozen files, which hold all others; 8 MiB are 10,000. */
const MAX_COMPRESSED_TABLE_BYTES = 4 * 1024 * 1024;
const MAX_TABLE_BYTES = 8 * 1024 * 1024;
/** Numbers of the header, https://github.com/apple-oss-distributions/xar/blob/main/xar/include/xar.h.in */
const CHECKSUMS: Readonly<Record<number, string>> = {
  0: 'none',
  1: 'sha1',
  2: 'md5',
  3: 'sha256',
  4: 'sha512',
};

export const looksLikeXar = (head: Buffer): boolean => head.length >= 4 && head.readUInt32BE(0) === MAGIC;

/** @throws ShipError PACKAGE_CORRUPT · SIGNED_FILE_UNREADABLE */
export async function readXar(file: SignedFile): Promise<XarArchive> {
  if (file.sizeBytes < XAR_HEADER_BYTES) throw corrupt(`it has only ${file.sizeBytes} bytes`);
  const header = await file.read(0, XAR_HEADER_BYTES);
  const headerBytes = header.readUInt16BE(4);
  const compressedBytes = Number(header.readBigUInt64BE(8));
  const tableBytes = Number(header.readBigUInt64BE(16));
  const heapStart = headerBytes + compressedBytes;
  if (!looksLikeXar(header) || header.readUInt16BE(6) !== 1)
    throw corrupt('it has no header of a known version');
  if (headerBytes < XAR_HEADER_BYTES || headerBytes > MAX_HEADER_BYTES)
    throw corrupt(`its header names ${headerBytes} bytes for itself`);
  if (
    compressedBytes > MAX_COMPRESSED_TABLE_BYTES ||
    tableBytes > MAX_TABLE_BYTES ||
    heapStart > file.sizeBytes
  )
    throw corrupt('its table of contents is too large, or leaves the file');
  const compressedTable = await file.read(headerBytes, compressedBytes);
  const headerChecksum = CHECKSUMS[header.readUInt32BE(24)] ?? 'unknown';
  return { file, table: tableOf(compressedTable, tableBytes), compressedTable, headerChecksum, heapStart };
}

/** Kinds of checksums that can be checked. */
export const DIGESTS: readonly string[] = ['sha1', 'md5', 'sha256', 'sha512'];

/** By which notarization tickets know a package; nothing when the table has no checksum of a known kind. */
export function digestOfTable({ table, compressedTable }: XarArchive): Buffer | undefined {
  const algorithm = table.checksum?.algorithm ?? '';
  return DIGESTS.includes(algorithm) ? createHash(algorithm).update(compressedTable).digest() : undefined;
}

const tableOf = (compressed: Buffer, sizeBytes: number): XarTable =>
  reading('its table of contents', () =>
    readTable(readXml(inflated(compressed, sizeBytes).toString('utf8'))),
  );

/** Exactly so many bytes, and nothing behind the compressed stream. */
function inflated(compressed: Buffer, sizeBytes: number): Buffer {
  const { buffer, engine } = inflateSync(compressed, {
    maxOutputLength: Math.max(sizeBytes, 1),
    info: true,
  }) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  if (buffer.length !== sizeBytes || engine.bytesWritten !== compressed.length)
    throw new TableFault('its length is not the one that was announced');
  return buffer;
}

/** What a small XML file of the archive says (`Distribution`, `PackageInfo`); nothing when there is none. */
export async function readXmlFile(
  { file, heapStart }: XarArchive,
  { path, data }: XarFile,
): Promise<XmlElement | undefined> {
  if (!data || data.sizeBytes > MAX_COMPRESSED_TABLE_BYTES || data.unpackedBytes > MAX_TABLE_BYTES)
    return undefined;
  const stored = await readRange(file, heapStart, data);
  return reading(`"${path}"`, () =>
    readXml((isPacked(data.encoding) ? inflated(stored, data.unpackedBytes) : stored).toString('utf8')),
  );
}

export async function readRange(file: SignedFile, heapStart: number, range: HeapRange): Promise<Buffer> {
  if (heapStart + range.offset + range.sizeBytes > file.sizeBytes)
    throw corrupt('a part of it leaves the file');
  return file.read(heapStart + range.offset, range.sizeBytes);
}

/** A file as it was put into the archive, which may have packed it; nothing when it leaves the heap. */
export async function* storedPieces(
  { file, heapStart }: Pick<XarArchive, 'file' | 'heapStart'>,
  { data }: XarFile,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  if (!data || heapStart + data.offset + data.sizeBytes > file.sizeBytes) return;
  const stored = copies(file.chunks(heapStart + data.offset, data.sizeBytes, signal));
  yield* isPacked(data.encoding) ? throughZlib(stored, createInflate(), { signal }) : stored;
}

const isPacked = (encoding: string): boolean => /gzip|zlib/.test(encoding);

/** A chunk of a file is only good until the next one, and zlib reads it later. */
async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const isFault = error instanceof XmlFault || error instanceof TableFault;
    throw corrupt(`${what} cannot be read${isFault ? `: ${error.message}` : ''}`, error);
  }
}

export const corrupt = (fact: string, cause?: unknown): ShipError =>
  new ShipError('PACKAGE_CORRUPT', {
    summary: 'The installer package is damaged, or not what it says it is.',
    reason: `${capitalized(fact)}.`,
    nextStep: 'Download or build the package again.',
    ...(cause !== undefined && { cause }),
  });
