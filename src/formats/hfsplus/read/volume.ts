import { demand } from '../../udif/read/findings.ts';
import { checkAllocation } from './allocation.ts';
import { readTree } from './b-tree.ts';
import { type Catalog, type CatalogItem, quoted, readCatalog } from './catalog.ts';
import { byAttribute, byBinaryName, byExtent, byFoldedName } from './compare.ts';
import {
  allExtents,
  attributeExtentsIn,
  attributeNamesIn,
  DATA_FORK,
  type OverflowExtents,
  readOverflow,
} from './extents.ts';
import type { LeafRecord } from './node.ts';
import type { Extent, VolumeHeader } from './volume-header.ts';

/** What of a volume must be in memory to check it: all but the contents of its files. */
export interface VolumeMetadata {
  readonly header: VolumeHeader;
  readonly volumeBytes: number;
  readonly bitmap: Buffer;
  readonly extents: Buffer;
  readonly catalog: Buffer;
  /** Empty when the volume has no attributes file. */
  readonly attributes: Buffer;
}

/** An item with its place: what a listing shows, and where its bytes are. */
export interface VolumeListing {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly sizeBytes: number;
  readonly extents: readonly Extent[];
  /** What an item can carry beside its bytes, each as a name: extended attributes, a resource fork, setuid. */
  readonly extras: readonly string[];
}

const ROOT_ID = 2;
const CASE_FOLDING = 0xcf;
const TYPE_MASK = 0o170000;
const SYMLINK = 0o120000;
/** macOS itself takes 1024 bytes. */
const MAX_PATH_UNITS = 8192;
/** As for the archives that bundles come in: every item repeats the path of its folder. */
const MAX_TOTAL_PATH_UNITS = 32 * 1024 * 1024;

export const overflowExtentsOf = (tree: Buffer): OverflowExtents =>
  readOverflow(readTree({ name: 'extents tree', bytes: tree, compare: byExtent }).records);

/**
 * Checks a whole volume the way Apple's fsck does and lists it, parents before children.
 *
 * @throws ShipError DMG_CORRUPT with the first finding
 */
export function readVolume(metadata: VolumeMetadata): { name: string; entries: VolumeListing[] } {
  const { header, volumeBytes, bitmap } = metadata;
  const overflow = overflowExtentsOf(metadata.extents);
  const catalog = readCatalogTree(metadata);
  checkCounts(header, catalog.items);
  const attributes = attributeRecords(metadata.attributes);
  const items = catalog.items;
  checkAllocation({
    ...{ header, volumeBytes, items, overflow, bitmap },
    attributes: attributeExtentsIn(attributes),
  });
  const names = attributeNamesIn(attributes);
  return listing(catalog, (item) => ({
    extents: item.data ? allExtents(item.data, item.id, DATA_FORK, overflow, header) : [],
    extras: [...(names.get(item.id) ?? []), ...extrasOf(item)],
  }));
}

const attributeRecords = (tree: Buffer): readonly LeafRecord[] =>
  tree.length === 0 ? [] : readTree({ name: 'attributes tree', bytes: tree, compare: byAttribute }).records;

const SPECIAL_BITS = 0o7000;

const extrasOf = ({ mode, resource }: CatalogItem): string[] => [
  ...((mode & SPECIAL_BITS) !== 0 ? [`mode ${(mode & 0o7777).toString(8)}`] : []),
  ...(resource && resource.sizeBytes > 0 ? ['resource fork'] : []),
];

function readCatalogTree({ header, catalog }: VolumeMetadata): Catalog {
  // Only an HFSX volume may compare names as they are, and says so in its tree.
  const isBinary = header.caseSensitive && catalog.length > 51 && catalog[51] !== CASE_FOLDING;
  const compare = isBinary ? byBinaryName : byFoldedName;
  const { records, keyCompare } = readTree({ name: 'catalog', bytes: catalog, compare });
  const agrees = header.caseSensitive || keyCompare === CASE_FOLDING || keyCompare === 0;
  demand(agrees, `The catalog compares names by method ${keyCompare}, which HFS+ has not.`);
  return readCatalog(records);
}

function checkCounts(header: VolumeHeader, items: readonly CatalogItem[]): void {
  const folders = items.filter(({ kind }) => kind === 'folder').length - 1;
  const files = items.length - folders - 1;
  demand(
    header.fileCount === files && header.folderCount === folders,
    `The volume header names ${header.fileCount} files and ${header.folderCount} folders; there are ${files} and ${folders}.`,
  );
  const highest = items.reduce((id, item) => Math.max(id, item.id), 15);
  demand(header.nextId > highest, `The next id is ${header.nextId}, but ${highest} is in use.`);
}

function listing(
  { items, byId }: Catalog,
  placeOf: (item: CatalogItem) => Pick<VolumeListing, 'extents' | 'extras'>,
): { name: string; entries: VolumeListing[] } {
  const root = byId.get(ROOT_ID);
  demand(root?.kind === 'folder' && root.parentId === 1, 'The volume has no root folder.');
  const children = groupByParent(items);
  const entries: VolumeListing[] = [];
  const waiting = [{ item: root, path: '' }];
  let pathUnits = 0;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { item, path } = next;
    pathUnits += path.length;
    demand(pathUnits <= MAX_TOTAL_PATH_UNITS, `All paths have more than ${MAX_TOTAL_PATH_UNITS} characters.`);
    if (item !== root) entries.push({ ...listed(item, path), ...placeOf(item) });
    const below = children.get(item.id) ?? [];
    checkFolder(item, below);
    for (const child of below.toReversed()) waiting.push({ item: child, path: joined(path, child.name) });
  }
  demand(entries.length === items.length - 1, 'The catalog has items that the root folder does not lead to.');
  return { name: root.name, entries };
}

function groupByParent(items: readonly CatalogItem[]): Map<number, CatalogItem[]> {
  const groups = new Map<number, CatalogItem[]>();
  for (const item of items) {
    const group = groups.get(item.parentId);
    if (group) group.push(item);
    else groups.set(item.parentId, [item]);
  }
  return groups;
}

function checkFolder(item: CatalogItem, below: readonly CatalogItem[]): void {
  const name = quoted(item.name);
  demand(item.kind === 'folder' || below.length === 0, `The file ${name} has items below it.`);
  demand(item.valence === below.length, `The folder ${name} counts ${item.valence}, holds ${below.length}.`);
  if (item.subfolders === undefined) return;
  const folders = below.filter(({ kind }) => kind === 'folder').length;
  demand(item.subfolders === folders, `${name} counts ${item.subfolders} folders, holds ${folders}.`);
}

/** As macOS shows a name of the disk: `/` as `:`, NUL as its picture. */
const joined = (folder: string, name: string): string => {
  const shown = name.replaceAll('/', ':').replaceAll('\0', '\u2400');
  const path = folder === '' ? shown : `${folder}/${shown}`;
  demand(path.length <= MAX_PATH_UNITS, () => `A path has more than ${MAX_PATH_UNITS} characters.`);
  return path;
};

function listed(item: CatalogItem, path: string): Omit<VolumeListing, 'extents' | 'extras'> {
  const isLink = (item.mode & TYPE_MASK) === SYMLINK;
  const type = item.kind === 'folder' ? 'directory' : isLink ? 'symlink' : 'file';
  return { path, type, mode: item.mode & 0o777, sizeBytes: item.data?.sizeBytes ?? 0 };
}
