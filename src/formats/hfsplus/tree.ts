import { ShipError } from '../../errors.ts';
import { foldName } from './case-fold.ts';
import { diskName } from './names.ts';
import { blocksFor, FIRST_USER_ID, ROOT_FOLDER_ID, ROOT_PARENT_ID } from './sizes.ts';

/** One item that goes onto the volume. */
export interface VolumeEntry {
  /** Relative to the volume, with `/` between the parts; its folder must be an entry too. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** The nine permission bits; more is dropped. */
  readonly mode: number;
  /** Bytes of a file; not looked at for folders and links. */
  readonly sizeBytes: number;
  readonly linkTarget?: string;
  /** Where the bytes of a file are read from; its meaning is the reader's. */
  readonly source?: string;
  /**
   * Its bytes lie before those of entries with a higher number, and of all without one, so that they can be packed
   * before those are known.
   */
  readonly packedAs?: number;
}

/** An entry with its place in the catalog. */
export interface VolumeItem {
  readonly entry: VolumeEntry;
  readonly name: string;
  readonly folded: string;
  readonly children: VolumeItem[];
  readonly contentBytes: number;
  id: number;
  parentId: number;
  /** Counted from the first block of file data. */
  firstBlock: number;
}

/**
 * Arranges entries as a tree and numbers them: the result depends on the set of entries, not on their order.
 *
 * @returns all items with the root first, in ascending order of id; children sorted as the catalog sorts them
 * @throws ShipError DMG_NAME_UNSUPPORTED · DMG_NAME_COLLISION · DMG_ENTRY_INVALID
 */
export function arrange(volumeName: string, entries: readonly VolumeEntry[]): VolumeItem[] {
  const root = itemOf({ path: '', type: 'directory', mode: 0o755, sizeBytes: 0 }, volumeName);
  const byPath = new Map<string, VolumeItem>([['', root]]);
  const items = entries.map((entry) => itemOf(entry, diskName(baseName(entry.path), entry.path)));
  for (const item of items) {
    const same = byPath.get(item.entry.path);
    if (same) throw collision(same, item);
    byPath.set(item.entry.path, item);
  }
  for (const item of items) folderOf(item, byPath).children.push(item);
  for (const item of byPath.values()) sortChildren(item);
  const ordered = numbered(root);
  placeContents(ordered);
  return ordered;
}

/** Items in the order in which their contents lie on the volume. */
export const inContentOrder = (items: readonly VolumeItem[]): VolumeItem[] =>
  items.toSorted(({ entry: one }, { entry: other }) => turnOf(one) - turnOf(other));

const turnOf = ({ packedAs = Number.MAX_SAFE_INTEGER }: VolumeEntry): number => packedAs;

function placeContents(items: readonly VolumeItem[]): void {
  let nextBlock = 0;
  for (const item of inContentOrder(items)) {
    item.firstBlock = nextBlock;
    nextBlock += blocksFor(item.contentBytes);
  }
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folderName = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

const itemOf = (entry: VolumeEntry, name: string): VolumeItem => ({
  entry,
  name,
  folded: foldName(name),
  children: [],
  contentBytes: contentBytes(entry),
  id: ROOT_FOLDER_ID,
  parentId: ROOT_PARENT_ID,
  firstBlock: 0,
});

function contentBytes(entry: VolumeEntry): number {
  if (entry.type === 'directory') return 0;
  if (entry.type === 'file') return entry.sizeBytes;
  if (!entry.linkTarget) throw invalid(entry, 'It is a link without a target.');
  return Buffer.byteLength(entry.linkTarget);
}

function folderOf(item: VolumeItem, byPath: ReadonlyMap<string, VolumeItem>): VolumeItem {
  const folder = byPath.get(folderName(item.entry.path));
  if (folder?.entry.type === 'directory') return folder;
  throw invalid(item.entry, 'The folder that it is in was not listed.');
}

function sortChildren({ children }: VolumeItem): void {
  children.sort((left, right) => (left.folded < right.folded ? -1 : left.folded > right.folded ? 1 : 0));
  for (const [index, item] of children.entries()) {
    const before = children[index - 1];
    if (before?.folded === item.folded) throw collision(before, item);
  }
}

function numbered(root: VolumeItem): VolumeItem[] {
  const ordered: VolumeItem[] = [];
  const waiting = [root];
  for (let item = waiting.pop(); item; item = waiting.pop()) {
    if (item !== root) item.id = FIRST_USER_ID + ordered.length - 1;
    for (const child of item.children) child.parentId = item.id;
    ordered.push(item);
    for (let index = item.children.length - 1; index >= 0; index--)
      waiting.push(item.children[index] ?? root);
  }
  return ordered;
}

/** Sorted, so that the text is the same for every order of listing. */
function collision(one: VolumeItem, other: VolumeItem): ShipError {
  const [first, second] = [one.entry.path, other.entry.path].sort().map((path) => JSON.stringify(path));
  return new ShipError('DMG_NAME_COLLISION', {
    summary: `${first} and ${second} cannot both be on a disk image.`,
    reason: 'The file system of the image does not tell upper and lower case apart: both are one name there.',
    nextStep: 'Rename one of them in the bundle and try again.',
  });
}

const invalid = (entry: VolumeEntry, reason: string): ShipError =>
  new ShipError('DMG_ENTRY_INVALID', {
    summary: `${JSON.stringify(entry.path)} cannot be put onto a disk image.`,
    reason,
    nextStep: 'Try again with a bundle that is complete.',
  });
