import { chmodSync, constants, createReadStream, mkdirSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { hasMachOMagic } from '../../formats/macho/index.ts';
import { isScript } from '../../formats/script.ts';
import { createSmallFile, nextInTurn, readSmallFile, SMALL_FILE_BYTES } from '../disk/small-file.ts';
import { identityOf } from '../disk/tree.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import { policePath } from './entry-path.ts';
import type { UnpackLimits } from './limits.ts';
import { policeLinks, policeTarget, type SymbolicLink } from './link-policy.ts';
import { PathRegistry } from './path-registry.ts';
import { explainDiskError, refuseEntry, shown } from './refusals.ts';
import type { UnpackBudget } from './unpack-budget.ts';
import type { WriteWatch, WrittenItem } from './write-watch.ts';

/** Never opens what is there already, and never goes through a link. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const COPY_BYTES = 1024 * 1024;

interface WriterOptions {
  readonly limits: UnpackLimits;
  readonly budget: UnpackBudget;
  readonly watch?: WriteWatch | undefined;
}

/**
 * Puts the entries of an archive into an empty folder. Nothing can be written through a link, because the links
 * are made last: while files are written, no link exists in the folder. Owners, times and special bits of the
 * archive are not taken over; of a mode only whether a file may be executed.
 */
export class TreeWriter {
  entryCount = 0;
  fileBytes = 0;
  /** Files that begin like data, not like code or a script. */
  readonly dataFiles = new Set<string>();
  /** Targets by path. */
  private readonly links = new Map<string, string>();
  private readonly registry = new PathRegistry();
  private readonly destDir: string;
  private readonly limits: UnpackLimits;
  private readonly budget: UnpackBudget;
  private readonly watch: WriteWatch | undefined;

  private constructor(destDir: string, { limits, budget, watch }: WriterOptions) {
    this.destDir = destDir;
    this.limits = limits;
    this.budget = budget;
    this.watch = watch;
  }

  /** Makes the folder if it is missing; one that has something in it is an error of the caller. */
  static async into(destDir: string, options: WriterOptions): Promise<TreeWriter> {
    await mkdir(destDir, { recursive: true, mode: 0o755 });
    if ((await readdir(destDir)).length > 0)
      throw new Error(`The folder to unpack into is not empty: ${destDir}`);
    return new TreeWriter(destDir, options);
  }

  /** @throws ShipError BUNDLE_PATH_UNSAFE, BUNDLE_LINK_OUTSIDE, BUNDLE_NAME_COLLISION, BUNDLE_TOO_LARGE, DISK_FULL */
  async add(announced: ArchiveEntry, signal: AbortSignal): Promise<void> {
    const path = policePath(announced.name, announced.kind, this.limits);
    if (path === '') return this.budget.spendEntries(1); // `./`, the folder that is there already
    const entry = await this.withContent(announced, signal);
    const newFolders = this.registry.claim(path, entry.kind);
    this.budget.spendEntries(newFolders.length + (entry.kind === 'directory' ? 0 : 1));
    this.budget.spendPathBytes((newFolders.length + 1) * path.length + (entry.linkTarget?.length ?? 0));
    this.entryCount += 1;
    await this.write(path, entry, newFolders).catch((error) => {
      throw explainDiskError(error);
    });
  }

  /** Judges the links, now that all are known, and makes them. */
  async finish(): Promise<void> {
    await policeLinks([...this.links].map(([path, target]) => ({ path, target })));
    for (const [path, target] of this.links) await symlink(target, join(this.destDir, path));
  }

  /**
   * A hard link becomes a file of its own: signing one name must not change the other. That it costs the room of a
   * file is counted. One to a symbolic link becomes another link, which is judged by where it lies itself.
   */
  private async withContent(entry: ArchiveEntry, signal: AbortSignal): Promise<ArchiveEntry> {
    if (entry.hardLinkTo === undefined) return entry;
    const earlier = policePath(entry.hardLinkTo, 'file', this.limits);
    const linkTarget = this.links.get(earlier);
    if (linkTarget !== undefined) return { ...entry, kind: 'symlink', linkTarget };
    if (!this.registry.hasFile(earlier)) throw linkToNothing(entry, earlier);
    const source = join(this.destDir, earlier);
    const small = readSmallFile(source);
    const { size: sizeBytes, mode } = small?.stats ?? (await stat(source));
    this.budget.spendUnpackedBytes(sizeBytes);
    const content = () => (small ? inOnePiece(small.bytes) : fileChunks(source, signal));
    return { ...entry, sizeBytes, executable: (mode & 0o111) !== 0, content };
  }

  private async write(path: string, entry: ArchiveEntry, newFolders: readonly string[]): Promise<void> {
    for (const folder of newFolders) await this.makeFolder(folder);
    if (entry.kind === 'file') await this.writeFile(path, entry);
    if (entry.kind === 'symlink') this.keepLink({ path, target: entry.linkTarget ?? '' });
  }

  /** On this thread, as small files are. */
  private async makeFolder(path: string): Promise<void> {
    const mode = 0o755;
    mkdirSync(join(this.destDir, path));
    chmodSync(join(this.destDir, path), mode); // as for files: not what the umask of the daemon makes of it
    this.watch?.onItem({ path, type: 'directory', mode, sizeBytes: 0, writtenBytes: 0 });
    await nextInTurn();
  }

  private keepLink(link: SymbolicLink): void {
    policeTarget(link, this.limits.maxPathBytes);
    this.links.set(link.path, link.target);
  }

  private async writeFile(path: string, entry: ArchiveEntry): Promise<void> {
    const target = join(this.destDir, path);
    // the mode goes into the artifact, whatever the umask of the daemon is
    const mode = entry.executable ? 0o755 : 0o644;
    const start = await this.writeContent(
      target,
      { path, type: 'file', mode, sizeBytes: entry.sizeBytes },
      entry,
    );
    if (beginsLikeData(start)) this.dataFiles.add(path);
    await nextInTurn();
    this.fileBytes += entry.sizeBytes;
  }

  /** Answers with the first piece of it. */
  private async writeContent(
    target: string,
    item: Omit<WrittenItem, 'writtenBytes'>,
    entry: ArchiveEntry,
  ): Promise<Buffer | undefined> {
    if (item.sizeBytes > SMALL_FILE_BYTES)
      return writeLargeFile(target, { ...item, writtenBytes: 0 }, entry, this.watch);
    const chunks = await collected(entry);
    const stats = createSmallFile(target, item.mode, chunks);
    const written = { ...item, writtenBytes: item.sizeBytes, identity: identityOf(stats) };
    this.watch?.onItem(written, chunks);
    return chunks[0];
  }
}

async function* inOnePiece(bytes: Buffer): AsyncGenerator<Buffer, void> {
  if (bytes.length > 0) yield bytes;
}

/** Too short a piece tells nothing. */
const beginsLikeData = (start: Buffer | undefined): boolean =>
  start !== undefined && start.length >= 4 && !hasMachOMagic(start) && !isScript(start);

async function collected(entry: ArchiveEntry): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content()) chunks.push(chunk);
  return chunks;
}

async function writeLargeFile(
  path: string,
  item: WrittenItem,
  entry: ArchiveEntry,
  watch: WriteWatch | undefined,
): Promise<Buffer | undefined> {
  const file = await open(path, NEW_FILE, item.mode);
  let start: Buffer | undefined;
  try {
    await file.chmod(item.mode);
    watch?.onItem(item);
    for await (const chunk of entry.content()) {
      start ??= Buffer.from(chunk.subarray(0, 4));
      await writeAll(file, chunk);
      item.writtenBytes += chunk.length;
      watch?.onGrown();
    }
    item.identity = identityOf(await file.stat());
    return start;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await file.write(chunk, done, chunk.length - done)).bytesWritten;
  }
}

async function* fileChunks(path: string, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  yield* createReadStream(path, { highWaterMark: COPY_BYTES, signal });
}

const linkToNothing = ({ name }: ArchiveEntry, earlier: string): Error =>
  refuseEntry(
    'BUNDLE_ENTRY_UNSUPPORTED',
    name,
    `It is a hard link to ${shown(earlier)}, and no file of that name comes before it.`,
  );
