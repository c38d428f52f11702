import { join } from 'node:path';
import { Cksum } from '../../formats/bom/cksum.ts';
import type { Bom, BomItem } from '../../formats/bom/write.ts';
import { odcHeader, odcTrailer } from '../../formats/cpio/odc.ts';
import { cpuSizes } from '../../formats/macho/index.ts';
import { refuseSize, shown } from '../archive/refusals.ts';
import { nextInTurn } from '../disk/small-file.ts';
import { listTree, type TreeEntry } from '../disk/tree.ts';
import { listedContent } from './listed-content.ts';

export interface PayloadOptions {
  /** The bundle's folder on this host. */
  readonly appDir: string;
  /** Its name where it is installed, `<name>.app`. */
  readonly folderName: string;
  /** The time of every item, so that the same bundle gives the same bytes. */
  readonly sourceDate: Date;
  readonly signal: AbortSignal;
  /** Bytes of the bundle's files that are packed so far, and of all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

const TYPE_BITS = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;
/** What APFS says that a folder takes for each of its links, which the Installer counts with. */
const FOLDER_BYTES = 32;
/** A bill of materials has 32 bits for the size of a file. */
const MAX_FILE_BYTES = 0xffffffff;

/**
 * What a package installs, as a cpio archive, and the bill of materials of it, which is complete when the archive has
 * been read to its end. Everything belongs to root, and everybody may read it: the store refuses what only root can.
 */
export class Payload {
  readonly #options: PayloadOptions;
  readonly #entries: readonly TreeEntry[];
  readonly #links: ReadonlyMap<string, number>;
  readonly #codeBytes = new Map<number, number>();
  #machOBytes = 0;
  readonly #items: BomItem[] = [];
  readonly #totalBytes: number;
  #doneBytes = 0;
  #inode = 0;
  #writtenBytes = 0;

  private constructor(options: PayloadOptions, entries: readonly TreeEntry[]) {
    this.#options = options;
    this.#entries = entries;
    this.#links = linksOf(entries);
    this.#totalBytes = entries.reduce(
      (sum, { type, sizeBytes }) => sum + (type === 'file' ? sizeBytes : 0),
      0,
    );
  }

  /** @throws ShipError BUNDLE_TOO_LARGE when a file has 4 GiB · BUNDLE_PATH_UNSAFE */
  static async of(options: PayloadOptions): Promise<Payload> {
    const { appDir, folderName } = options;
    const below = (await listTree(appDir)).map((entry) => ({
      ...entry,
      path: `${folderName}/${entry.path}`,
    }));
    const tooLarge = below.find(({ sizeBytes }) => sizeBytes > MAX_FILE_BYTES);
    if (tooLarge)
      throw refuseSize(`${shown(tooLarge.path)} has 4 GiB or more, which no installer package holds.`);
    const app: TreeEntry = { path: folderName, type: 'directory', mode: 0o755, sizeBytes: 0 };
    return new Payload(options, [app, ...below]);
  }

  /**
   * The archive, in pieces that are good only until the next one.
   *
   * @throws ShipError BUNDLE_CHANGED · the signal's reason
   */
  async *cpio(): AsyncGenerator<Buffer> {
    const root = { path: '', type: 'directory', mode: 0o755, sizeBytes: 0 } as const;
    yield this.#counted(this.#header(root));
    for (const entry of this.#entries) {
      this.#options.signal.throwIfAborted();
      yield this.#counted(this.#header(entry));
      const sum = new Cksum();
      for await (const piece of this.#content(entry)) {
        sum.update(piece);
        yield this.#counted(piece);
      }
      this.#items.push(this.#item(entry, sum));
      await nextInTurn();
    }
    yield odcTrailer(this.#inode, this.#writtenBytes);
  }

  /** Of what has been read. */
  get bom(): Bom {
    return { items: this.#items, codeBytes: this.#codeBytes, machOBytes: this.#machOBytes };
  }

  #counted(bytes: Buffer): Buffer {
    this.#writtenBytes += bytes.length;
    return bytes;
  }

  #header({ path, type, mode, sizeBytes }: TreeEntry): Buffer {
    const inode = this.#inode;
    this.#inode += 1;
    return odcHeader({
      path: path === '' ? '.' : `./${path}`,
      mode: TYPE_BITS[type] | readableByAll(mode),
      links: this.#links.get(path) ?? 1,
      modifiedSeconds: this.#modifiedSeconds,
      sizeBytes,
      inode,
    });
  }

  #item({ path, type, mode, sizeBytes, linkTarget }: TreeEntry, sum: Cksum): BomItem {
    return {
      path,
      type,
      mode: TYPE_BITS[type] | readableByAll(mode),
      modifiedSeconds: this.#modifiedSeconds,
      sizeBytes: type === 'directory' ? FOLDER_BYTES * (this.#links.get(path) ?? 0) : sizeBytes,
      checksum: type === 'directory' ? 0 : sum.digest(),
      ...(linkTarget !== undefined && { linkTarget }),
    };
  }

  get #modifiedSeconds(): number {
    return Math.floor(this.#options.sourceDate.getTime() / 1000);
  }

  async *#content({ path, type, sizeBytes, linkTarget = '' }: TreeEntry): AsyncGenerator<Buffer> {
    if (type === 'directory') return;
    if (type === 'symlink') {
      yield Buffer.from(linkTarget);
      return;
    }
    const { appDir, folderName, onProgress } = this.#options;
    const source = join(appDir, path.slice(folderName.length + 1));
    let isFirst = true;
    for await (const piece of listedContent(source, path, sizeBytes)) {
      if (isFirst) this.#countCode(piece, sizeBytes);
      isFirst = false;
      this.#doneBytes += piece.length;
      onProgress?.(this.#doneBytes, this.#totalBytes);
      yield piece;
    }
  }

  #countCode(head: Buffer, sizeBytes: number): void {
    const sizes = cpuSizes(head, sizeBytes);
    if (!sizes) return;
    this.#machOBytes += sizeBytes;
    for (const { cpuType, sizeBytes: bytes } of sizes)
      this.#codeBytes.set(cpuType, (this.#codeBytes.get(cpuType) ?? 0) + bytes);
  }
}

/** As productbuild is made to pack files: the store refuses what only root can read. */
export const readableByAll = (mode: number): number => mode | (mode & 0o111 ? 0o555 : 0o444);

/** Of folders: themselves, their entry in the one above, and the folders and files in them, as APFS counts. */
function linksOf(entries: readonly TreeEntry[]): ReadonlyMap<string, number> {
  const links = new Map([['', 2]]);
  for (const { path, type } of entries) {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    links.set(folder, (links.get(folder) ?? 2) + 1);
    if (type === 'directory') links.set(path, 2);
  }
  return links;
}
