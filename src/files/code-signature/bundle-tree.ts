import { join } from 'node:path';
import { listTree, type TreeEntry } from '../disk/tree.ts';
import { unreadable, withSignedFile } from './signed-file.ts';

/** Info.plist and CodeResources are small; one that is not is left to the caller as absent. */
const MAX_SMALL_FILE_BYTES = 32 * 1024 * 1024;

interface Listing {
  readonly entries: readonly TreeEntry[];
  readonly special: readonly string[];
  /** By path on the disk. */
  readonly identities: ReadonlyMap<string, string>;
}

/**
 * Everything below one folder, listed once: what is decided about a path is decided about this listing. Names are
 * composed (NFC): HFS+ keeps them decomposed and a seal has them as they were typed, and for a Mac both are one name.
 */
export class BundleTree {
  readonly root: string;
  readonly #entries: ReadonlyMap<string, TreeEntry>;
  /** Paths as they are on the disk, where these differ. */
  readonly #onDisk = new Map<string, string>();
  readonly #children = new Map<string, TreeEntry[]>();

  readonly #identities: ReadonlyMap<string, string>;

  /** Paths of sockets, devices and pipes, which no seal covers and no archive holds. */
  readonly special: readonly string[];

  private constructor(root: string, { entries, special, identities }: Listing) {
    this.root = root;
    this.special = special;
    this.#identities = identities;
    const taken = new Set(entries.map(({ path }) => path));
    const composed = entries.map((entry) => this.#composed(entry, taken));
    this.#entries = new Map(composed.map((entry) => [entry.path, entry]));
    for (const entry of composed) {
      const folder = parentOf(entry.path);
      const siblings = this.#children.get(folder);
      if (siblings) siblings.push(entry);
      else this.#children.set(folder, [entry]);
    }
  }

  /** A second item under the same name keeps its own: no Mac can have it, so nothing can have sealed it. */
  #composed(entry: TreeEntry, taken: Set<string>): TreeEntry {
    const path = entry.path.normalize('NFC');
    if (taken.has(path)) return entry;
    taken.add(path);
    this.#onDisk.set(path, entry.path);
    return { ...entry, path };
  }

  static async read(root: string): Promise<BundleTree> {
    const special: string[] = [];
    const identities = new Map<string, string>();
    const entries = await listTree(root, {
      onSpecial: (path) => special.push(path),
      onIdentity: (path, identity) => identities.set(path, identity),
    }).catch((error: unknown) => {
      throw unreadable(root, error);
    });
    return new BundleTree(root, { entries, special, identities });
  }

  get entries(): Iterable<TreeEntry> {
    return this.#entries.values();
  }

  entry(path: string): TreeEntry | undefined {
    return this.#entries.get(path);
  }

  /** Of a file, as it was when the folder was listed: see `TreeWatch.onIdentity`. */
  identity(path: string): string | undefined {
    return this.#identities.get(this.#onDisk.get(path) ?? path);
  }

  /** Only a file that lies there itself: links on the way, or in its place, do not count. */
  isFile(path: string): boolean {
    return this.#entries.get(path)?.type === 'file';
  }

  isFolder(path: string): boolean {
    return path === '' || this.#entries.get(path)?.type === 'directory';
  }

  /** The items directly in a folder; the root is the empty text. */
  children(folder: string): readonly TreeEntry[] {
    return this.#children.get(folder) ?? [];
  }

  absolute(path: string): string {
    return join(this.root, this.#onDisk.get(path) ?? path);
  }

  /** The bytes of a small file; nothing when it is no file, or is too large for what it should be. */
  async readSmall(path: string): Promise<Buffer | undefined> {
    const entry = this.#entries.get(path);
    if (entry?.type !== 'file' || entry.sizeBytes > MAX_SMALL_FILE_BYTES) return undefined;
    return withSignedFile(this.absolute(path), (file) => file.read(0, file.sizeBytes));
  }
}

export const below = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
