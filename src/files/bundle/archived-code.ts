import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchivedCode, ArchivedCodeScan, BundleSurvey } from '../../domain/bundle/index.ts';
import { ShipError } from '../../errors.ts';
import { hasMachOMagic } from '../../formats/macho/index.ts';
import type { ArchiveEntry } from '../archive/archive-entry.ts';
import { makeFolder } from '../disk/make-folder.ts';
import { nextInTurn, readStart } from '../disk/small-file.ts';
import { type ArchiveFormat, archiveFormat, readEntries, START_BYTES, startOf } from './archive-entries.ts';
import { lacksOf } from './notary-lacks.ts';
import { readMachO } from './read-macho.ts';

/** Archives in archives; a wheel in a zip in a jar is the deepest that was seen. */
const MAX_DEPTH = 4;
/** Of all archives of one bundle together; the largest Java apps have some 200,000 entries. */
const MAX_ENTRIES = 500_000;
const MAX_BYTES = 4 * 1024 * 1024 * 1024;
const MAX_FOUND = 500;
const MAX_NAME_CHARACTERS = 1000;
/** Begins like a universal Mach-O file. */
const JAVA_CLASS = /\.class$/i;

interface ScanOptions {
  /** For what has to be looked at as a file; made, and removed again. */
  readonly scratchDir: string;
  readonly signal: AbortSignal;
}

/**
 * Looks for code inside of the archives of a bundle, as Apple's notary service does. An archive that cannot be read, or
 * goes beyond what is looked at, is named; it is no error by itself.
 */
export async function findArchivedCode(
  appPath: string,
  { files, code }: Pick<BundleSurvey, 'files' | 'code'>,
  options: ScanOptions,
): Promise<ArchivedCodeScan> {
  const search = new Search(options);
  await makeFolder(options.scratchDir, 0o700);
  try {
    for (const path of files) {
      options.signal.throwIfAborted();
      if (code.has(path)) continue;
      const hostPath = join(appPath, path);
      const format = archiveFormat(readStart(hostPath, START_BYTES).bytes);
      await nextInTurn();
      if (format) await search.archive(hostPath, path, format, 1);
    }
    return search.found;
  } finally {
    await rm(options.scratchDir, { recursive: true, force: true });
  }
}

class Search {
  readonly found = { code: [] as ArchivedCode[], unread: [] as string[] };
  private entriesLeft = MAX_ENTRIES;
  private bytesLeft = MAX_BYTES;
  private readonly options: ScanOptions;

  constructor(options: ScanOptions) {
    this.options = options;
  }

  async archive(hostPath: string, name: string, format: ArchiveFormat, depth: number): Promise<void> {
    const { signal } = this.options;
    const reading = { signal, onCorrupt: (reason: string) => new Unread(reason), onBytes: this.spendBytes };
    try {
      for await (const entry of readEntries(hostPath, format, reading)) {
        signal.throwIfAborted();
        this.spendEntry();
        if (entry.kind === 'file') await this.entry(entry, nameIn(name, entry), depth);
      }
    } catch (error) {
      // encrypted, damaged, or of a kind that is not read: Apple does not look into it either, or has the last word
      if (!(error instanceof Unread || error instanceof ShipError)) throw error;
      if (this.found.unread.length < MAX_FOUND) this.found.unread.push(name);
    }
  }

  private async entry(entry: ArchiveEntry, name: string, depth: number): Promise<void> {
    if (JAVA_CLASS.test(name) || entry.sizeBytes < 4) return;
    const content = entry.content();
    try {
      const { start, stream } = await startOf(content);
      const format = archiveFormat(start);
      const isCode = hasMachOMagic(start);
      if (!isCode && (!format || depth >= MAX_DEPTH)) return;
      await this.asFile(stream, (path) =>
        format ? this.archive(path, name, format, depth + 1) : this.code(path, name),
      );
    } finally {
      await content.return();
    }
  }

  private async asFile(stream: AsyncIterable<Buffer>, use: (path: string) => Promise<void>): Promise<void> {
    const path = join(this.options.scratchDir, randomUUID());
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        for await (const chunk of stream) {
          this.spendBytes(chunk.length);
          await file.appendFile(chunk);
        }
      } finally {
        await file.close();
      }
      await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  private async code(path: string, name: string): Promise<void> {
    const macho = await readMachO(path, { name }).catch(unlessDamaged);
    if (!macho || this.found.code.length >= MAX_FOUND) return;
    this.found.code.push({ path: name, slices: macho.slices, lacks: await lacksOf(path) });
  }

  private spendEntry(): void {
    this.entriesLeft -= 1;
    if (this.entriesLeft < 0) throw new Unread('too many entries');
  }

  private readonly spendBytes = (count: number): void => {
    this.bytesLeft -= count;
    if (this.bytesLeft < 0) throw new Unread('too many bytes');
  };
}

/** Through the archives; as long as anybody reads. */
const nameIn = (archive: string, { name }: ArchiveEntry): string =>
  (name === '' ? archive : `${archive}/${name}`).slice(0, MAX_NAME_CHARACTERS);

/** Why an archive is not looked at to its end. */
class Unread extends Error {}

function unlessDamaged(error: unknown): undefined {
  if (!(error instanceof ShipError)) throw error;
}
