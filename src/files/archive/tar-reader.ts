import type { ArchiveEntry } from './archive-entry.ts';
import { refuseEntry } from './refusals.ts';
import { ByteReader } from './tar-bytes.ts';
import {
  HARD_LINK,
  kindOf,
  OLD_SPARSE,
  overridesFromPax,
  parseGnuLongName,
  parsePaxRecords,
  parseTarHeader,
  TAR_BLOCK_BYTES,
  type TarHeader,
  type TarOverrides,
  VOLUME_LABEL,
} from './tar-headers.ts';
import {
  fillHoles,
  isSoundMap,
  type PaxSparse,
  readOldSparseMap,
  readSparseMap,
  type SparseMap,
} from './tar-sparse.ts';

/** Long names and, from a Mac, extended attributes; nothing that is needed is larger. */
const MAX_EXTENDED_HEADER_BYTES = 1024 * 1024;
const PIECE_BYTES = 1024 * 1024;

export interface TarReaderOptions {
  readonly onCorrupt: (reason: string) => Error;
  /** Told the size of each file and each extended header before its data is read; throws when it is too much. */
  readonly onSize: (bytes: number) => void;
  /** Told of bytes that come out without being in the tar: the holes of sparse files. */
  readonly onHole: (bytes: number) => void;
  /** Told each extended header and its size before it is read, so that endless ones cost something. */
  readonly onExtendedHeader: (bytes: number) => void;
}

/**
 * Reads the entries of a tar (POSIX ustar and pax, GNU long names, sparse files) while it streams in. Stricter than the usual
 * tools where two of them would see different entries: a wrong checksum, a broken extended header, a missing end
 * marker and data behind the marker end it.
 *
 * `tar` decodes the header blocks; the walk from block to block is here, because its `Parser` ignores broken
 * headers and everything behind the end marker, and keeps what it ignores in memory (7.5.23).
 */
export async function* readTar(
  chunks: AsyncIterable<Buffer>,
  options: TarReaderOptions,
): AsyncGenerator<ArchiveEntry, void> {
  const walk = new TarWalk(new ByteReader(chunks), options);
  try {
    for (;;) {
      const entry = await walk.nextEntry();
      if (!entry) return;
      yield entry;
    }
  } finally {
    await walk.bytes.close();
  }
}

class TarWalk {
  readonly bytes: ByteReader;
  private readonly options: TarReaderOptions;
  /** What is left of the data of the entry that was handed out last, and of the padding behind it. */
  private dataLeft = 0;
  private paddingLeft = 0;

  constructor(bytes: ByteReader, options: TarReaderOptions) {
    this.bytes = bytes;
    this.options = options;
  }

  async nextEntry(): Promise<ArchiveEntry | undefined> {
    let overrides: TarOverrides | undefined;
    for (;;) {
      const next = await this.nextHeader();
      if (!next) {
        if (overrides) throw this.options.onCorrupt('An extended header has no entry behind it.');
        return undefined;
      }
      const { header, block } = next;
      if (header.type === VOLUME_LABEL && !overrides) {
        this.options.onExtendedHeader(0);
        this.expectData(header.sizeBytes);
        continue;
      }
      const found = await this.extendedHeader(header);
      if (!found) return this.entry(header, overrides ?? {}, block);
      overrides = merge(overrides ?? {}, found, header.name);
    }
  }

  private async nextHeader(): Promise<{ header: TarHeader; block: Buffer } | undefined> {
    for await (const _ of this.data());
    const block = await this.block('at an entry or at the end marker');
    if (isZero(block)) {
      await this.expectZerosToTheEnd();
      return undefined;
    }
    const header = parseTarHeader(block);
    if (!header) throw this.options.onCorrupt('A header in its tar is damaged.');
    return { header, block };
  }

  private async entry(header: TarHeader, overrides: TarOverrides, block: Buffer): Promise<ArchiveEntry> {
    const name = overrides.sparse?.name ?? overrides.path ?? header.name;
    const storedBytes = overrides.size ?? header.sizeBytes;
    const kind = kindOf({ ...header, name, sizeBytes: storedBytes });
    this.expectData(storedBytes);
    const map = await this.sparseMap(header, overrides.sparse, block, name);
    const linkTarget = overrides.linkpath ?? header.linkTarget;
    return {
      name,
      kind,
      executable: header.executable,
      sizeBytes: map?.realSizeBytes ?? storedBytes,
      ...(kind === 'symlink' && { linkTarget }),
      ...(header.type === HARD_LINK && { hardLinkTo: linkTarget }),
      content: () => (map ? fillHoles(this.data(), map, this.options.onHole) : this.data()),
    };
  }

  /** Undefined for a file that is in the archive as a whole. */
  private async sparseMap(
    header: TarHeader,
    pax: PaxSparse | undefined,
    block: Buffer,
    name: string,
  ): Promise<SparseMap | undefined> {
    if (!pax && header.type !== OLD_SPARSE) return undefined;
    const isPlain = header.type === '0' || header.type === '\0';
    const map = header.type === OLD_SPARSE ? await this.oldMap(block) : pax && (await this.paxMap(pax));
    const isSound = map && (isPlain || !pax) && isSoundMap(map, this.dataLeft);
    if (!isSound) {
      const reason = 'It is a sparse file, and the map of its data makes no sense.';
      throw refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', name, reason);
    }
    this.options.onSize(map.realSizeBytes);
    return map;
  }

  /** Blocks of the map are no part of the size that the header gives. */
  private oldMap(header: Buffer): Promise<SparseMap | undefined> {
    return readOldSparseMap(header, () => this.block('inside the map of a sparse file'));
  }

  private async paxMap({ parts, realSizeBytes }: PaxSparse): Promise<SparseMap | undefined> {
    if (parts) return { parts, realSizeBytes };
    const map = await readSparseMap(async () => {
      if (this.dataLeft < TAR_BLOCK_BYTES) return undefined;
      this.dataLeft -= TAR_BLOCK_BYTES;
      return this.block('inside the map of a sparse file');
    });
    return map && { parts: map, realSizeBytes };
  }

  private async extendedHeader(header: TarHeader): Promise<TarOverrides | undefined> {
    const { type } = header;
    if (type !== 'x' && type !== 'g' && type !== 'L' && type !== 'K') return undefined;
    const body = await this.extendedBody(header.sizeBytes);
    if (type === 'L') return { path: parseGnuLongName(body) };
    if (type === 'K') return { linkpath: parseGnuLongName(body) };
    const records = parsePaxRecords(body);
    if (!records) throw this.options.onCorrupt('An extended header in its tar is damaged.');
    const overrides = overridesFromPax(records);
    if (type === 'g' && Object.keys(overrides).length > 0) {
      const reason = 'It is a global header that gives every entry the same path or size.';
      throw refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', header.name, reason);
    }
    return overrides;
  }

  private async extendedBody(sizeBytes: number): Promise<Buffer> {
    if (sizeBytes > MAX_EXTENDED_HEADER_BYTES) {
      const reason = `It is an extended header of ${sizeBytes} bytes; at most ${MAX_EXTENDED_HEADER_BYTES} are read.`;
      throw refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', '(extended header)', reason);
    }
    this.options.onExtendedHeader(sizeBytes);
    this.expectData(sizeBytes);
    const pieces: Buffer[] = [];
    for await (const piece of this.data()) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  private expectData(sizeBytes: number): void {
    this.options.onSize(sizeBytes);
    this.dataLeft = sizeBytes;
    this.paddingLeft = (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
  }

  private async *data(): AsyncGenerator<Buffer, void> {
    while (this.dataLeft > 0) {
      const piece = await this.bytes.some(Math.min(this.dataLeft, PIECE_BYTES));
      if (!piece) throw this.cutShort('inside a file');
      this.dataLeft -= piece.length;
      yield piece;
    }
    const padding = await this.bytes.exactly(this.paddingLeft);
    if (padding.length < this.paddingLeft) throw this.cutShort('behind a file');
    this.paddingLeft = 0;
  }

  private async block(where: string): Promise<Buffer> {
    const block = await this.bytes.exactly(TAR_BLOCK_BYTES);
    if (block.length < TAR_BLOCK_BYTES) throw this.cutShort(where);
    return block;
  }

  private cutShort(where: string): Error {
    return this.options.onCorrupt(`Its tar is cut short ${where}.`);
  }

  private async expectZerosToTheEnd(): Promise<void> {
    for (let piece = await this.bytes.some(PIECE_BYTES); piece; piece = await this.bytes.some(PIECE_BYTES)) {
      if (!isZero(piece)) throw this.options.onCorrupt('There is data behind the end marker of its tar.');
    }
  }
}

/** Two headers that name the same thing leave open which one counts. */
function merge(earlier: TarOverrides, later: TarOverrides, name: string): TarOverrides {
  if (earlier.sparse && later.sparse)
    throw refuseEntry('BUNDLE_ENTRY_UNSUPPORTED', name, 'Its extended headers give two maps of its data.');
  for (const key of ['path', 'linkpath', 'size'] as const) {
    if (earlier[key] !== undefined && later[key] !== undefined && earlier[key] !== later[key]) {
      throw refuseEntry(
        'BUNDLE_ENTRY_UNSUPPORTED',
        name,
        `Its extended headers give two values for its ${key}.`,
      );
    }
  }
  return { ...earlier, ...later };
}

const zeros = Buffer.alloc(64 * 1024);

function isZero(bytes: Buffer): boolean {
  for (let start = 0; start < bytes.length; start += zeros.length) {
    const part = bytes.subarray(start, start + zeros.length);
    if (!part.equals(zeros.subarray(0, part.length))) return false;
  }
  return true;
}
