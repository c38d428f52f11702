import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { nextInTurn, SMALL_FILE_BYTES } from '../disk/small-file.ts';
import { listTree, type TreeEntry } from '../disk/tree.ts';
import {
  type OnBytes,
  openListedFile,
  type PackedFile,
  packFile,
  packSmallFile,
  type Reading,
} from './pack-file.ts';
import {
  dataDescriptor,
  directoryRecord,
  endRecords,
  localHeader,
  toDosDateTime,
  type ZipRecord,
  type ZipSizes,
  zipMethods,
} from './zip-format.ts';

const [FOLDER, FILE, EXECUTABLE, LINK] = [0o040755, 0o100644, 0o100755, 0o120755] as const;
/** From here on a field of 32 bits is too small; deflate may make a file that does not shrink a little larger. */
const ZIP64_FROM_BYTES = 0xfff00000;
const ZIP64_FROM_ENTRIES = 0xffff;

export interface WriteIpaOptions {
  /** The bundle's folder on this host. */
  readonly appDir: string;
  /** Its name in the archive, `<name>.app`. */
  readonly appFolderName: string;
  /** The time of every entry, so that the same bundle gives the same bytes. */
  readonly sourceDate: Date;
  readonly signal: AbortSignal;
  /** Bytes of the bundle's files that are packed so far, and of all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Size from which an entry is written in the zip64 form; only tests need another. */
  readonly zip64FromBytes?: number;
  /** Folder that the app lies in, with a slash at its end; empty for a plain zip of the app. */
  readonly root?: string;
}

/**
 * Writes an .ipa (a zip with `Payload/<name>.app`) as a stream: folders, files with their executable bit, links as
 * links; in a fixed order with one date, so that the same bundle gives the same bytes on every host.
 *
 * The records are made here and not by yazl 3.3.1, because that gives stored entries no size in front of their
 * data, writes times in the zone of the host, and takes quadratic time over the number of entries.
 *
 * @throws ShipError BUNDLE_CHANGED when a file changes meanwhile · the signal's reason
 */
export async function* writeIpa({
  signal,
  onProgress,
  ...options
}: WriteIpaOptions): AsyncGenerator<Buffer, void> {
  const tree = await listTree(options.appDir);
  const writer = new IpaWriter(options);
  yield* writer.pack(tree, { signal, ...(onProgress && { onProgress }) });
  yield* writer.end();
}

export type IpaOptions = Omit<WriteIpaOptions, 'signal' | 'onProgress'>;
export interface PackOptions extends Pick<WriteIpaOptions, 'signal' | 'onProgress'> {
  /** Told the bytes of each file as they are packed, in their order. */
  readonly onBytes?: OnBytes;
}

/** Where items are on this host, and what their names in the archive begin with. */
interface Source {
  readonly dir: string;
  readonly prefix: string;
}

/** An .ipa in the making: one or more `pack`, one after the other, then `end`; all that they give is the file. */
export class IpaWriter {
  private offset = 0;
  private readonly directory: Buffer[] = [];
  private entryCount = 0;
  private needsZip64 = false;
  private readonly dosDateTime: number;
  private readonly options: IpaOptions;

  private readonly root: string;

  constructor(options: IpaOptions) {
    this.options = options;
    this.root = options.root ?? 'Payload/';
    this.dosDateTime = toDosDateTime(options.sourceDate);
  }

  /** Items of the bundle as they are now, folders before what is in them. */
  async *pack(
    entries: readonly TreeEntry[],
    { signal, onProgress, onBytes }: PackOptions,
  ): AsyncGenerator<Buffer, void> {
    const totalBytes = entries.reduce((sum, entry) => sum + fileBytes(entry), 0);
    let doneBytes = 0;
    yield* this.counted(this.top(), signal);
    const app = { dir: this.options.appDir, prefix: `${this.root}${this.options.appFolderName}/` };
    for (const entry of entries) {
      yield* this.counted(this.item(app, entry, { signal, onBytes }), signal);
      doneBytes += fileBytes(entry);
      if (entry.type === 'file') onProgress?.(doneBytes, totalBytes);
    }
  }

  /**
   * A folder beside `Payload`, with what is in it.
   *
   * @param dir - the folder on this host; its name stays
   * @param entries - what is packed of it
   */
  async *packBeside(
    dir: string,
    entries: readonly TreeEntry[],
    { signal }: Pick<PackOptions, 'signal'>,
  ): AsyncGenerator<Buffer, void> {
    const source = { dir, prefix: `${basename(dir)}/` };
    yield* this.counted(this.folder(source.prefix), signal);
    for (const entry of entries) yield* this.counted(this.item(source, entry, { signal }), signal);
  }

  private async *counted(chunks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer, void> {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      this.offset += chunk.length;
      yield chunk;
    }
  }

  private async *top(): AsyncGenerator<Buffer, void> {
    if (this.entryCount > 0) return;
    if (this.root !== '') yield* this.folder(this.root);
    yield* this.folder(`${this.root}${this.options.appFolderName}/`);
  }

  private item(source: Source, entry: TreeEntry, reading: Reading): AsyncGenerator<Buffer, void> {
    const name = `${source.prefix}${entry.path}`;
    if (entry.type === 'directory') return this.folder(`${name}/`);
    return entry.type === 'symlink'
      ? this.link(name, entry.linkTarget ?? '')
      : this.file(name, source.dir, entry, reading);
  }

  private folder(name: string): AsyncGenerator<Buffer, void> {
    return this.known(name, FOLDER, Buffer.alloc(0));
  }

  private link(name: string, target: string): AsyncGenerator<Buffer, void> {
    return this.known(name, LINK, Buffer.from(target));
  }

  private known(name: string, mode: number, data: Buffer): AsyncGenerator<Buffer, void> {
    const sizes = { crc32: crc32(data), packedBytes: data.length, unpackedBytes: data.length };
    return this.entry(name, mode, data.length, {
      method: zipMethods.stored,
      sizes,
      data: () => single(data, sizes),
    });
  }

  private async *file(
    name: string,
    dir: string,
    { path, sizeBytes, mode }: TreeEntry,
    reading: Reading,
  ): AsyncGenerator<Buffer, void> {
    const source = join(dir, path);
    const zipMode = (mode & 0o111) === 0 ? FILE : EXECUTABLE;
    if (sizeBytes <= SMALL_FILE_BYTES) {
      yield* this.entry(name, zipMode, sizeBytes, packSmallFile(source, path, sizeBytes, reading));
      await nextInTurn();
      return;
    }
    const file = await openListedFile(source, path, sizeBytes);
    try {
      const packed = await packFile(file, path, sizeBytes, reading);
      yield* this.entry(name, zipMode, sizeBytes, packed);
    } finally {
      await file.close();
    }
  }

  private async *entry(
    name: string,
    mode: number,
    sizeBytes: number,
    packed: PackedFile,
  ): AsyncGenerator<Buffer, void> {
    const offset = this.offset;
    const record = this.record(name, mode, sizeBytes, packed);
    yield localHeader(record, packed.sizes ?? { crc32: 0, packedBytes: 0, unpackedBytes: 0 });
    const sizes: ZipSizes = yield* packed.data();
    if (record.sizesFollow) yield dataDescriptor(record, sizes);
    this.directory.push(directoryRecord(record, sizes, offset));
    this.entryCount += 1;
  }

  private record(name: string, mode: number, sizeBytes: number, packed: PackedFile): ZipRecord {
    const zip64From = this.options.zip64FromBytes ?? ZIP64_FROM_BYTES;
    const zip64 = sizeBytes >= zip64From || this.offset >= zip64From;
    this.needsZip64 ||= zip64;
    const { method } = packed;
    const sizesFollow = packed.sizes === undefined;
    return { name: Buffer.from(name), method, mode, dosDateTime: this.dosDateTime, sizesFollow, zip64 };
  }

  /** The directory of the archive. */
  *end(): Generator<Buffer, void> {
    const sizeBytes = this.directory.reduce((sum, record) => sum + record.length, 0);
    const needsZip64 =
      this.needsZip64 || this.entryCount >= ZIP64_FROM_ENTRIES || this.offset + sizeBytes >= ZIP64_FROM_BYTES;
    yield* this.directory;
    yield endRecords({ entryCount: this.entryCount, startOffset: this.offset, sizeBytes }, needsZip64);
  }
}

const fileBytes = ({ type, sizeBytes }: TreeEntry): number => (type === 'file' ? sizeBytes : 0);

async function* single(data: Buffer, sizes: ZipSizes): AsyncGenerator<Buffer, ZipSizes> {
  if (data.length > 0) yield data;
  return sizes;
}
