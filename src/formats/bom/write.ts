import { BILL_FORM, BomStore, uint32 } from './store.ts';
import { addTree, type BomPair } from './tree.ts';

/** One item of a bill of materials: owned by root. */
export interface BomItem {
  /** Relative, with `/` between the parts. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Type and permissions as in `st_mode`. */
  readonly mode: number;
  readonly modifiedSeconds: number;
  /** Below 4 GiB. */
  readonly sizeBytes: number;
  /** Of a file, or of the target of a link, as `Cksum` gives it. */
  readonly checksum: number;
  readonly linkTarget?: string;
}

export interface Bom {
  /** Everything that is installed, without the root. */
  readonly items: readonly BomItem[];
  /** Bytes of code by CPU type, of all Mach-O files. */
  readonly codeBytes: ReadonlyMap<number, number>;
  /** Bytes of all Mach-O files, universal headers and padding included. */
  readonly machOBytes: number;
}

interface Numbered {
  readonly id: number;
  readonly parentId: number;
  readonly name: Buffer;
  /** The root has none. */
  readonly item?: BomItem;
}

const TYPES = { file: 1, directory: 2, symlink: 3 } as const;
/** Zeros behind the record of an item. */
const RESERVED_BYTES = { file: 4, directory: 0, symlink: 8 } as const;
const [HARD_LINKS_NODE_BYTES, VIEWS_NODE_BYTES] = [64, 128] as const;

/**
 * A bill of materials, which tells Apple's Installer what a package installs, in the form that pkgbuild writes.
 *
 * @returns the file, in pieces
 * @see https://github.com/hogliux/bomutils (its structures)
 */
export function writeBom(bom: Bom): Buffer[] {
  const store = new BomStore(BILL_FORM);
  const numbered = [...inOrderOfIds(bom.items)];
  const info = store.add(bomInfo(bom, numbered.length));
  const records: number[] = [];
  const paths = numbered
    .toSorted((a, b) => a.parentId - b.parentId || a.id - b.id)
    .map((entry): BomPair => {
      const record = store.add(recordOf(entry.item));
      records.push(record);
      const value = store.add(uint32(entry.id, record));
      return { value, key: store.add(Buffer.concat([uint32(entry.parentId), entry.name, Buffer.alloc(1)])) };
    });
  store.name('BomInfo', info);
  store.name('Paths', addTree(store, paths));
  store.name(
    'HLIndex',
    addTree(
      store,
      records.map((record) => withoutHardLinks(store, record)),
    ),
  );
  store.name(
    'VIndex',
    store.add(Buffer.concat([uint32(1, addTree(store, [], VIEWS_NODE_BYTES)), Buffer.alloc(5)])),
  );
  store.name('Size64', addTree(store, []));
  return store.pieces();
}

/** Folders before what is in them, siblings in the order of their decomposed names: so Apple's mkbom counts. */
function* inOrderOfIds(items: readonly BomItem[]): Generator<Numbered> {
  const inside = byFolder(items);
  yield { id: 1, parentId: 0, name: Buffer.from('.') };
  const waiting = (inside.get('') ?? []).map((item) => ({ item, parentId: 1 }));
  let id = 1;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    id += 1;
    const [{ item, parentId }, folderId] = [next, id];
    yield { id, parentId, name: Buffer.from(lastPart(item.path)), item };
    for (const child of inside.get(item.path) ?? []) waiting.push({ item: child, parentId: folderId });
  }
}

/** The last sibling first. */
function byFolder(items: readonly BomItem[]): ReadonlyMap<string, readonly BomItem[]> {
  const inside = new Map<string, { readonly item: BomItem; readonly order: Buffer }[]>();
  for (const item of items) {
    const [folder, name] = [folderOf(item.path), lastPart(item.path)];
    const siblings = inside.get(folder) ?? [];
    siblings.push({ item, order: Buffer.from(name.normalize('NFD')) });
    inside.set(folder, siblings);
  }
  return new Map(
    [...inside].map(([folder, siblings]) => [
      folder,
      siblings.sort((a, b) => Buffer.compare(b.order, a.order)).map(({ item }) => item),
    ]),
  );
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** How much of what is installed is for which processor; 0 stands for everything that is no code. */
function bomInfo({ items, codeBytes, machOBytes }: Bom, count: number): Buffer {
  const totalBytes = items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const sizes = [[0, totalBytes - machOBytes] as const, ...[...codeBytes].sort(([a], [b]) => a - b)];
  return uint32(1, count + 1, sizes.length, ...sizes.flatMap(([cpuType, bytes]) => [cpuType, 0, bytes, 0]));
}

/** The root has nothing but its type. */
function recordOf(item: BomItem | undefined): Buffer {
  const type = item?.type ?? 'directory';
  const target = item?.linkTarget === undefined ? Buffer.alloc(0) : Buffer.from(`${item.linkTarget}\0`);
  const head = Buffer.from([
    TYPES[type],
    1,
    0,
    item ? 0x0f : 0x01,
    (item?.mode ?? 0) >> 8,
    (item?.mode ?? 0) & 0xff,
  ]);
  return Buffer.concat([
    head,
    // user and group: root
    uint32(0, 0, item?.modifiedSeconds ?? 0, item?.sizeBytes ?? 0),
    Buffer.from([1]),
    uint32(item?.checksum ?? 0, target.length),
    target,
    Buffer.alloc(RESERVED_BYTES[type]),
  ]);
}

/** An index of other names of the same file has an entry for every record, each with an empty tree. */
function withoutHardLinks(store: BomStore, record: number): BomPair {
  const none = addTree(store, [], HARD_LINKS_NODE_BYTES);
  const value = store.add(uint32(none));
  return { value, key: store.add(uint32(record)) };
}
