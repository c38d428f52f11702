import { Fields } from './fields.ts';
import { demand } from './malformed.ts';
import { budgeted, type CatalogSource } from './source.ts';

const HEADER_BYTES = 512;
/** Of a slot that a tool which thins apps has freed. */
const FREED = 0xffffffff;
/** The catalogs of the largest games have some ten thousand. */
const MAX_SLOTS = 400_000;
const MAX_VARIABLES = 64;

/** Where one block lies in the file. */
export interface Extent {
  readonly address: number;
  readonly length: number;
}

/**
 * The container of a compiled catalog, a `BOMStore` as in the receipts of installer packages: numbered blocks, and
 * variables that name some of them.
 */
export interface Store {
  /** What the header says; tools that thin apps free blocks and leave it. */
  readonly declaredBlocks: number;
  /** By number, 0 is none; free slots are absent. */
  readonly extents: ReadonlyMap<number, Extent>;
  /** Number of the block, by name, in the order of the file. */
  readonly variables: ReadonlyMap<string, number>;
  readonly index: Extent;
  readonly variableTable: Extent;
  extent(block: number, what: string): Extent;
  /** The first bytes of a block, or all of it when it has no more than `limit`. */
  head(block: number, what: string, limit: number): Buffer;
  /** A whole block. @throws ShipError when it has more than `limit` bytes */
  whole(block: number, what: string, limit: number): Buffer;
  /** A range of a block. */
  part(block: number, what: string, range: { readonly at: number; readonly length: number }): Buffer;
}

/** Reads header, index and variables. @throws ShipError ASSET_CATALOG_MALFORMED */
export function readStore(unlimited: CatalogSource): Store {
  const source = budgeted(unlimited);
  demand(source.sizeBytes >= HEADER_BYTES, `It has only ${source.sizeBytes} bytes.`);
  const header = new Fields(Buffer.from(source.read(0, 32)), 'the header', 'big');
  demand(header.bytes.toString('latin1', 0, 8) === 'BOMStore', 'It does not begin with "BOMStore".');
  demand(header.u32(8) === 1, () => `Its container has version ${header.u32(8)}; only 1 is known.`);
  const index = placed(source, { address: header.u32(16), length: header.u32(20) }, 'the index');
  const variableTable = placed(source, { address: header.u32(24), length: header.u32(28) }, 'the variables');
  const extents = readIndex(source, index);
  return {
    declaredBlocks: header.u32(12),
    extents,
    variables: readVariables(source, variableTable),
    index,
    variableTable,
    ...blockReaders(source, extents),
  };
}

function placed(source: CatalogSource, extent: Extent, what: string): Extent {
  const end = extent.address + extent.length;
  demand(
    end <= source.sizeBytes,
    () => `The end of ${what} is at ${end}, that of the file at ${source.sizeBytes}.`,
  );
  return extent;
}

function readIndex(source: CatalogSource, { address, length }: Extent): ReadonlyMap<number, Extent> {
  demand(length >= 4 && length <= 8 * MAX_SLOTS + 4096, `The index has ${length} bytes.`);
  const index = new Fields(Buffer.from(source.read(address, length)), 'the index', 'big');
  const slots = index.u32(0);
  index.range(4, slots * 8);
  const extents = new Map<number, Extent>();
  for (let block = 1; block < slots; block++) {
    const extent = { address: index.u32(4 + block * 8), length: index.u32(8 + block * 8) };
    const isFree = extent.length === 0 || extent.address === FREED;
    if (!isFree) extents.set(block, placed(source, extent, `block ${block}`));
  }
  return extents;
}

function readVariables(source: CatalogSource, { address, length }: Extent): ReadonlyMap<string, number> {
  demand(length <= MAX_VARIABLES * 300, `The table of variables has ${length} bytes.`);
  const table = new Fields(Buffer.from(source.read(address, length)), 'the table of variables', 'big');
  const count = table.u32(0);
  demand(count <= MAX_VARIABLES, `It names ${count} variables, more than ${MAX_VARIABLES}.`);
  const variables = new Map<string, number>();
  let at = 4;
  for (let left = count; left > 0; left--) {
    const nameBytes = table.u8(at + 4);
    const name = table.range(at + 5, nameBytes).toString('latin1');
    demand(!variables.has(name), () => `The variable ${JSON.stringify(name)} is there twice.`);
    variables.set(name, table.u32(at));
    at += 5 + nameBytes;
  }
  return variables;
}

function blockReaders(source: CatalogSource, extents: ReadonlyMap<number, Extent>) {
  const extent = (block: number, what: string): Extent => {
    const found = extents.get(block);
    demand(found !== undefined, () => `The block ${block} of ${what} is not in the index.`);
    return found;
  };
  // a copy, so that it outlives the next read
  const read = (from: number, length: number): Buffer => Buffer.from(source.read(from, length));
  return {
    extent,
    head: (block: number, what: string, limit: number) => {
      const { address, length } = extent(block, what);
      return read(address, Math.min(length, limit));
    },
    whole: (block: number, what: string, limit: number) => {
      const { address, length } = extent(block, what);
      demand(length <= limit, () => `The block ${block} of ${what} has ${length} bytes, more than ${limit}.`);
      return read(address, length);
    },
    part: (block: number, what: string, { at, length }: { at: number; length: number }) => {
      const found = extent(block, what);
      demand(
        at + length <= found.length,
        () => `${length} bytes at ${at} of ${what} lie outside the ${found.length} bytes of block ${block}.`,
      );
      return read(found.address + at, length);
    },
  };
}
