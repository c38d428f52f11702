import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import type { ArchiveEntry } from './archive-entry.ts';
import { inflateRawSmall, inflateRawStrictly } from './inflate.ts';
import { refuseEntry } from './refusals.ts';
import { endOfZip } from './zip-end.ts';
import { assertSameHeader, kindOfZipEntry, readsExecutable } from './zip-entry.ts';
import { ZipFileReader } from './zip-file.ts';

const READ_BYTES = 256 * 1024;
/** An entry that is no larger, packed and unpacked, is done in one piece. */
const SMALL_BYTES = 64 * 1024;
/** A link's target longer than any path. */
const MAX_TARGET_BYTES = 4096;
const [STORED, DEFLATED] = [0, 8] as const;

export interface ZipReaderOptions {
  readonly signal: AbortSignal;
  readonly onCorrupt: (reason: string, cause?: unknown) => Error;
  /** Told the declared size of each file before its data is read; throws when it is too much. */
  readonly onSize: (bytes: number) => void;
}

/**
 * Reads the entries that the central directory of a zip lists, in its order. yauzl reads the directory; the data
 * is read here, so that every checksum is compared and each local header has to say what the directory says.
 * Refused: encryption, methods other than stored and deflated, entries whose data overlaps, a directory that goes on
 * behind its last counted entry.
 */
export async function* readZip(path: string, options: ZipReaderOptions): AsyncGenerator<ArchiveEntry, void> {
  const { signal, onCorrupt } = options;
  const file = await open(path, 'r');
  try {
    const reader = new ZipFileReader(file);
    const zip = await openDirectory(reader, (await file.stat()).size, onCorrupt);
    yield* new ZipWalk(zip, reader, options).entries();
    signal.throwIfAborted();
  } finally {
    await file.close();
  }
}

async function openDirectory(
  reader: ZipFileReader,
  sizeBytes: number,
  onCorrupt: ZipReaderOptions['onCorrupt'],
): Promise<ZipFile> {
  try {
    // Names stay bytes: whether they are UTF-8 is not for a flag to say.
    const options = { autoClose: false, decodeStrings: false };
    const endBytes = await endOfZip(reader, sizeBytes);
    return await yauzl.fromRandomAccessReaderPromise(reader, endBytes, options);
  } catch (error) {
    throw onCorrupt(`Its zip directory cannot be read: ${(error as Error).message}.`, error);
  }
}

class ZipWalk {
  private readonly ranges: [start: number, end: number][] = [];
  private readonly zip: ZipFile;
  private readonly reader: ZipFileReader;
  private readonly options: ZipReaderOptions;

  constructor(zip: ZipFile, reader: ZipFileReader, options: ZipReaderOptions) {
    this.zip = zip;
    this.reader = reader;
    this.options = options;
  }

  async *entries(): AsyncGenerator<ArchiveEntry, void> {
    for await (const entry of this.directory()) {
      this.options.signal.throwIfAborted();
      yield await this.describe(entry);
    }
    await this.assertDirectoryEnds();
    this.assertNoOverlap();
  }

  private async *directory(): AsyncGenerator<Entry, void> {
    try {
      yield* this.zip.eachEntry();
    } catch (error) {
      throw this.options.onCorrupt(`Its zip directory is damaged: ${(error as Error).message}.`, error);
    }
  }

  private async describe(entry: Entry): Promise<ArchiveEntry> {
    const name = nameOf(entry);
    assertReadable(entry, name);
    const kind = kindOfZipEntry(entry, name);
    const dataStart = await this.dataStartOf(entry, name);
    this.options.onSize(entry.uncompressedSize);
    const content = () => this.content(entry, name, dataStart);
    return {
      name,
      kind,
      executable: readsExecutable(entry),
      sizeBytes: entry.uncompressedSize,
      ...(kind === 'symlink' && { linkTarget: await linkTarget(entry, name, content) }),
      content,
    };
  }

  private async dataStartOf(entry: Entry, name: string): Promise<number> {
    const local = await this.zip.readLocalFileHeaderPromise(entry).catch((error) => {
      throw this.options.onCorrupt(`The local header of an entry is damaged: ${error.message}.`, error);
    });
    assertSameHeader(entry, local, name);
    this.ranges.push([entry.relativeOffsetOfLocalHeader, local.fileDataStart + entry.compressedSize]);
    return local.fileDataStart;
  }

  private async *content(entry: Entry, name: string, dataStart: number): AsyncGenerator<Buffer, void> {
    const { signal, onCorrupt } = this.options;
    let checksum = 0;
    let bytesLeft = entry.uncompressedSize;
    for await (const chunk of this.unpacked(entry, dataStart)) {
      signal.throwIfAborted();
      checksum = crc32(chunk, checksum);
      bytesLeft -= chunk.length;
      if (bytesLeft < 0) break;
      yield chunk;
    }
    if (bytesLeft !== 0)
      throw onCorrupt(`The entry ${JSON.stringify(name)} has not the size that it declares.`);
    if (checksum !== entry.crc32)
      throw onCorrupt(`The checksum of the entry ${JSON.stringify(name)} is wrong.`);
  }

  private async *unpacked(entry: Entry, dataStart: number): AsyncGenerator<Buffer, void> {
    const { signal, onCorrupt } = this.options;
    const packed = this.range(dataStart, dataStart + entry.compressedSize);
    if (entry.compressionMethod === STORED) yield* packed;
    else if (Math.max(entry.compressedSize, entry.uncompressedSize) > SMALL_BYTES) {
      yield* inflateRawStrictly(packed, { signal, onCorrupt });
    } else {
      const whole = await this.reader.bytes(dataStart, entry.compressedSize);
      yield inflateRawSmall(whole, entry.uncompressedSize, onCorrupt);
    }
  }

  private async *range(start: number, end: number): AsyncGenerator<Buffer, void> {
    for (let position = start; position < end; ) {
      const bytes = await this.reader.bytes(position, Math.min(READ_BYTES, end - position));
      if (bytes.length === 0) throw this.options.onCorrupt('Its zip is cut short inside a file.');
      position += bytes.length;
      yield bytes;
    }
  }

  /** Behind the last counted entry comes an end record, or entries have been left out of the count. */
  private async assertDirectoryEnds(): Promise<void> {
    const next = await this.reader.bytes(Number(this.zip.readEntryCursor), 4);
    if (!['504b0506', '504b0606', '504b0505'].includes(next.toString('hex'))) {
      throw this.options.onCorrupt('Its zip directory does not end where it should.');
    }
  }

  private assertNoOverlap(): void {
    const sorted = this.ranges.sort(([a], [b]) => a - b);
    const overlaps = sorted.some(([start], i) => start < (sorted[i - 1]?.[1] ?? 0));
    if (overlaps) throw this.options.onCorrupt('Two entries of its zip share the same bytes.');
  }
}

/** With `decodeStrings: false` yauzl gives the raw bytes. */
function nameOf(entry: Entry): string {
  const raw = entry.fileNameRaw;
  const shownName = raw.toString('latin1');
  if (!isUtf8(raw)) throw refuseEntry('BUNDLE_PATH_UNSAFE', shownName, 'It is not UTF-8 text.');
  const unicodePath = entry.extraFields.find(({ id }) => id === 0x7075)?.data.subarray(5);
  if (unicodePath && !unicodePath.equals(raw)) {
    throw refuseEntry('BUNDLE_PATH_UNSAFE', shownName, 'It has a second name that is not the same.');
  }
  return raw.toString('utf8');
}

function assertReadable(entry: Entry, name: string): void {
  const refuse = (reason: string) => refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', name, reason);
  if (entry.isEncrypted()) throw refuse('It is encrypted.');
  const method = entry.compressionMethod;
  if (method !== STORED && method !== DEFLATED) {
    throw refuse(`It is compressed by method ${method}; only stored (0) and deflated (8) are read.`);
  }
}

async function linkTarget(entry: Entry, name: string, content: () => AsyncIterable<Buffer>): Promise<string> {
  if (entry.uncompressedSize > MAX_TARGET_BYTES) {
    throw refuseEntry(
      'BUNDLE_LINK_OUTSIDE',
      name,
      `The target of the link has ${entry.uncompressedSize} bytes.`,
    );
  }
  const pieces: Buffer[] = [];
  for await (const piece of content()) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
