import { demand, unsupported } from '../../udif/read/findings.ts';
import type { LeafRecord } from './node.ts';
import { type Fork, parseFork } from './volume-header.ts';

/** A file, link or folder as its catalog record says. */
export interface CatalogItem {
  readonly id: number;
  readonly parentId: number;
  /** As stored: decomposed, with `/` for the `:` of Unix. */
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** All 16 bits, with the type. */
  readonly mode: number;
  /** Direct children of a folder, as its record says. */
  readonly valence: number;
  /** Direct subfolders, where the record keeps count of them. */
  readonly subfolders?: number;
  readonly data?: Fork;
  readonly resource?: Fork;
}

interface Thread {
  readonly kind: 'file' | 'folder';
  readonly parentId: number;
  readonly name: string;
}

export interface Catalog {
  readonly items: readonly CatalogItem[];
  readonly byId: ReadonlyMap<number, CatalogItem>;
}

const HAS_FOLDER_COUNT = 0x0010;
const HAS_THREAD = 0x0002;
const FILE_TYPES = new Set([0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000, 0o140000]);
/** In the owner flags: the bytes are kept compressed in an extended attribute. */
const COMPRESSED = 0x20;
const HARD_LINK = 'hlnkhfs+';
const ROOT_ID = 2;

export const parentOf = (key: Buffer): number => key.readUInt32BE(0);
export const nameOf = (key: Buffer): string => nameAt(key, 4);

function nameAt(bytes: Buffer, at: number): string {
  const units = bytes.length >= at + 2 ? bytes.readUInt16BE(at) : Number.NaN;
  const end = at + 2 + 2 * units;
  demand(units <= 255 && end <= bytes.length, `A name of the catalog has ${units} units, which do not fit.`);
  return Buffer.from(bytes.subarray(at + 2, end))
    .swap16()
    .toString('utf16le');
}

/** Reads the records of the catalog; every item must have its thread, and every thread its item. */
export function readCatalog(records: readonly LeafRecord[]): Catalog {
  const byId = new Map<number, CatalogItem>();
  const threads = new Map<number, Thread>();
  for (const { key, data } of records) {
    const type = data.length >= 8 ? data.readUInt16BE(0) : 0;
    demand(type >= 1 && type <= 4, `The catalog has a record of type ${type}.`);
    if (type > 2) {
      threads.set(parentOf(key), readThread(key, data, type));
      continue;
    }
    const item = type === 1 ? readFolder(key, data) : readFile(key, data);
    demand(!byId.has(item.id), `Two items of the catalog have the id ${item.id}.`);
    byId.set(item.id, item);
  }
  checkThreads(byId, threads);
  const items = [...byId.values()];
  for (const item of items) checkItem(item);
  return { items, byId };
}

function readThread(key: Buffer, data: Buffer, type: number): Thread {
  demand(nameOf(key) === '', 'A thread of the catalog stands under a name.');
  return { kind: type === 3 ? 'folder' : 'file', parentId: data.readUInt32BE(4), name: nameAt(data, 8) };
}

function readFolder(key: Buffer, data: Buffer): CatalogItem {
  demand(data.length === 88, `A folder record of the catalog has ${data.length} bytes, not 88.`);
  const counts = (data.readUInt16BE(2) & HAS_FOLDER_COUNT) !== 0;
  return {
    ...commonFields(key, data),
    kind: 'folder',
    valence: data.readUInt32BE(4),
    ...(counts && { subfolders: data.readUInt32BE(84) }),
  };
}

function readFile(key: Buffer, data: Buffer): CatalogItem {
  demand(data.length === 248, `A file record of the catalog has ${data.length} bytes, not 248.`);
  const name = nameOf(key);
  demand((data.readUInt16BE(2) & HAS_THREAD) !== 0, () => `The file ${quoted(name)} says it has no thread.`);
  if (((data[41] ?? 0) & COMPRESSED) !== 0)
    throw unsupported(`The file ${quoted(name)} is stored compressed.`);
  if (data.toString('latin1', 48, 56) === HARD_LINK) throw unsupported(`${quoted(name)} is a hard link.`);
  return {
    ...commonFields(key, data),
    kind: 'file',
    valence: 0,
    data: parseFork(data.subarray(88)),
    resource: parseFork(data.subarray(168)),
  };
}

const commonFields = (key: Buffer, data: Buffer): Pick<CatalogItem, 'id' | 'parentId' | 'name' | 'mode'> => ({
  id: data.readUInt32BE(8),
  parentId: parentOf(key),
  name: nameOf(key),
  mode: data.readUInt16BE(42),
});

function checkThreads(items: ReadonlyMap<number, CatalogItem>, threads: ReadonlyMap<number, Thread>): void {
  for (const { id, parentId, name, kind } of items.values()) {
    const thread = threads.get(id);
    demand(thread !== undefined, () => `The item ${quoted(name)} has no thread.`);
    const same = thread.parentId === parentId && thread.name === name && thread.kind === kind;
    demand(same, () => `The thread of ${quoted(name)} says ${quoted(thread.name)} in ${thread.parentId}.`);
  }
  for (const id of threads.keys()) demand(items.has(id), `The thread of id ${id} has no item.`);
}

function checkItem({ id, name, mode, kind }: CatalogItem): void {
  const type = mode & 0o170000;
  // Folders that macOS keeps for itself have a mode of zero.
  const known = mode === 0 || (FILE_TYPES.has(type) && (type === 0o040000) === (kind === 'folder'));
  demand(known, () => `The mode of ${quoted(name)} is ${mode.toString(8)}, which is not that of a ${kind}.`);
  const usable = name !== '' && name !== '.' && name !== '..' && !name.includes(':');
  demand(usable, () => `The item ${id} has the name ${quoted(name)}.`);
  demand(id === ROOT_ID || id >= 16, () => `The item ${quoted(name)} has the reserved id ${id}.`);
}

export const quoted = (name: string): string => JSON.stringify(name.slice(0, 120));
