import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { listTree, type TreeEntry } from '../files/tree.ts';
import { openListedFile, type PackedFile, packFile } from './pack-file.ts';
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
export async function* writeIpa(options: WriteIpaOptions): AsyncGenerator<Buffer, void> {
  const tree = await listTree(options.appDir);
  yield* new IpaWriter(options, tree).run();
}

class IpaWriter {
  private offset = 0;
  private readonly directory: Buffer[] = [];
  private entryCount = 0;
  private needsZip64 = false;
  private doneBytes = 0;
  private readonly totalBytes: number;
  private readonly dosDateTime: number;
  private readonly options: WriteIpaOptions;
  private readonly tree: readonly TreeEntry[];

  constructor(options: WriteIpaOptions, tree: readonly TreeEntry[]) {
    this.options = options;
    this.tree = tree;
    this.dosDateTime = toDosDateTime(options.sourceDate);
    this.totalBytes = tree.reduce((sum, { type, sizeBytes }) => sum + (type === 'file' ? sizeBytes : 0), 0);
  }

  async *run(): AsyncGenerator<Buffer, void> {
    const app = `Payload/${this.options.appFolderName}`;
    for await (const chunk of this.entries(app)) {
      this.options.signal.throwIfAborted();
      this.offset += chunk.length;
      yield chunk;
    }
    yield* this.end();
  }

  private async *entries(app: string): AsyncGenerator<Buffer, void> {
    yield* this.folder('Payload/');
    yield* this.folder(`${app}/`);
    for (const entry of this.tree) {
      const name = `${app}/${entry.path}`;
      if (entry.type === 'directory') yield* this.folder(`${name}/`);
      else if (entry.type === 'symlink') yield* this.link(name, entry.linkTarget ?? '');
      else yield* this.file(name, entry);
    }
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

  private async *file(name: string, { path, sizeBytes, mode }: TreeEntry): AsyncGenerator<Buffer, void> {
    const file = await openListedFile(join(this.options.appDir, path), path, sizeBytes);
    try {
      const packed = await packFile(file, path, sizeBytes, this.options.signal);
      yield* this.entry(name, (mode & 0o111) === 0 ? FILE : EXECUTABLE, sizeBytes, packed);
    } finally {
      await file.close();
    }
    this.doneBytes += sizeBytes;
    this.options.onProgress?.(this.doneBytes, this.totalBytes);
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

  private *end(): Generator<Buffer, void> {
    const sizeBytes = this.directory.reduce((sum, record) => sum + record.length, 0);
    const needsZip64 =
      this.needsZip64 || this.entryCount >= ZIP64_FROM_ENTRIES || this.offset + sizeBytes >= ZIP64_FROM_BYTES;
    yield* this.directory;
    yield endRecords({ entryCount: this.entryCount, startOffset: this.offset, sizeBytes }, needsZip64);
  }
}

async function* single(data: Buffer, sizes: ZipSizes): AsyncGenerator<Buffer, ZipSizes> {
  if (data.length > 0) yield data;
  return sizes;
}
