import { MAX_HEADER_BYTES, parseMachHeader } from './header.ts';
import { commandsIn, uint32Reader } from './load-commands.ts';
import type { ByteSource, MachOSlice } from './types.ts';

/** Undefined symbols of one program; the largest have some ten thousand. */
const MAX_SYMBOLS = 100_000;
const SYMBOLS_PER_READ = 4_096;
/** Names of undefined symbols lie close together: a few reads find them all. */
const WINDOW_BYTES = 256 * 1024;
const MAX_WINDOWS = 64;
const MAX_COMMAND_BYTES = 1024 * 1024;
const LC_SYMTAB = 0x2;
const LC_DYSYMTAB = 0xb;
const CLASS = '_OBJC_CLASS_$_';
/** Longer ones are none that is looked for; symbols may share one long name, each from another place in it. */
const MAX_NAME_BYTES = 256;

interface SymbolTables {
  readonly entriesAt: number;
  readonly entryBytes: number;
  readonly count: number;
  readonly stringsAt: number;
  readonly stringsBytes: number;
}

/**
 * Names of the Objective-C classes that one slice takes from libraries, read off its table of undefined symbols
 * (<mach-o/nlist.h>), which linkers keep even in stripped programs.
 *
 * @param budget - symbols that may still be read, of this and other slices; counted down
 * @returns undefined when the file has no such table, or one that makes no sense or is too much
 */
export async function importedClasses(
  source: ByteSource,
  slice: Pick<MachOSlice, 'offset' | 'sizeBytes'>,
  budget: { symbols: number } = { symbols: MAX_SYMBOLS },
): Promise<ReadonlySet<string> | undefined> {
  try {
    const tables = await findTables(source, slice);
    if (!tables || tables.count === 0 || tables.count > budget.symbols) return undefined;
    budget.symbols -= tables.count;
    const names = await namesAt(source, tables, await nameOffsets(source, tables));
    return new Set(names);
  } catch {
    return undefined;
  }
}

async function findTables(
  source: ByteSource,
  { offset, sizeBytes }: Pick<MachOSlice, 'offset' | 'sizeBytes'>,
): Promise<SymbolTables | undefined> {
  const header = parseMachHeader(await source.read(offset, Math.min(MAX_HEADER_BYTES, sizeBytes)));
  if (!header?.littleEndian || header.commandBytes > MAX_COMMAND_BYTES) return undefined;
  const u32 = uint32Reader(header);
  const bytes = await source.read(offset + header.headerBytes, header.commandBytes);
  const commands = [...commandsIn(bytes, header, u32)];
  const symtab = commands.find(({ id }) => id === LC_SYMTAB)?.bytes;
  const dysymtab = commands.find(({ id }) => id === LC_DYSYMTAB)?.bytes;
  if (!symtab || !dysymtab) return undefined;
  const entryBytes = header.is64 ? 16 : 12;
  return {
    entriesAt: offset + u32(symtab, 8) + u32(dysymtab, 24) * entryBytes,
    entryBytes,
    count: Math.min(u32(dysymtab, 28), MAX_SYMBOLS),
    stringsAt: offset + u32(symtab, 16),
    stringsBytes: u32(symtab, 20),
  };
}

async function nameOffsets(source: ByteSource, tables: SymbolTables): Promise<number[]> {
  const { entriesAt, entryBytes, count, stringsBytes } = tables;
  const offsets: number[] = [];
  for (let done = 0; done < count; done += SYMBOLS_PER_READ) {
    const here = Math.min(SYMBOLS_PER_READ, count - done);
    const entries = await source.read(entriesAt + done * entryBytes, here * entryBytes);
    for (let at = 0; at + entryBytes <= entries.length; at += entryBytes)
      offsets.push(entries.readUInt32LE(at));
  }
  return offsets.filter((offset) => offset < stringsBytes).sort((a, b) => a - b);
}

async function namesAt(
  source: ByteSource,
  { stringsAt, stringsBytes }: SymbolTables,
  offsets: readonly number[],
): Promise<string[]> {
  const names: string[] = [];
  const prefix = Buffer.from(CLASS);
  let index = 0;
  for (let window = 0; window < MAX_WINDOWS && index < offsets.length; window += 1) {
    const start = offsets[index] ?? 0;
    const length = Math.min(WINDOW_BYTES, stringsBytes - start, source.sizeBytes - stringsAt - start);
    const bytes = await source.read(stringsAt + start, length);
    const first = index;
    for (; index < offsets.length; index += 1) {
      const at = (offsets[index] ?? 0) - start;
      const name = bytes.subarray(at, at + MAX_NAME_BYTES);
      const end = name.indexOf(0);
      if (at >= bytes.length || (end < 0 && name.length < MAX_NAME_BYTES)) break;
      if (end > 0 && name.subarray(0, prefix.length).equals(prefix))
        names.push(name.toString('latin1', prefix.length, end));
    }
    // a name without an end: the table is cut short
    if (index === first) index += 1;
  }
  return names;
}
