import { ShipError } from '../../../errors.ts';
import { Fields } from './fields.ts';
import { demand } from './malformed.ts';
import type { Store } from './store.ts';
import { readTree, type Tree } from './tree.ts';

const HEADER_BYTES = 184;
const MAX_PROPERTY_BYTES = 1024 * 1024;
const MAX_PROPERTIES = 256;

/** Values of `layout` that are told apart here. */
const LAYOUT_EFFECT = 7;
export const LAYOUT_IMAGE = 12;
export const LAYOUT_LINK = 1003;
export const LAYOUT_ATLAS = 1004;
export const LAYOUT_MULTI_SIZE = 1010;

const LAYOUTS: Readonly<Record<number, string>> = {
  7: 'effect',
  9: 'vector',
  10: 'image of fixed size',
  11: 'tile',
  12: 'image',
  1000: 'data',
  1001: 'external link',
  1002: 'layer stack',
  1003: 'link into an atlas',
  1004: 'atlas',
  1007: 'texture',
  1009: 'color',
  1010: 'list of icon sizes',
  1017: 'symbol',
  1019: 'icon stack',
  1020: 'icon group',
  1021: 'gradient',
};

export const layoutName = (layout: number): string => LAYOUTS[layout] ?? `layout ${layout}`;

/** Types of properties that are read here. */
export const PROPERTY_SLICES = 1001;
export const PROPERTY_METRICS = 1003;
export const PROPERTY_BYTES_PER_ROW = 1007;
export const PROPERTY_LINK = 1010;

/** A range of a block. */
export interface Payload {
  readonly block: number;
  readonly at: number;
  readonly length: number;
}

/** One form of an asset: what the record says, and where its payload lies. */
export interface Rendition {
  /** The numbers of its key, by attribute. */
  readonly key: ReadonlyMap<number, number>;
  readonly version: number;
  readonly flags: number;
  readonly width: number;
  readonly height: number;
  /** 100 for 1x; 0 when it has none. */
  readonly scalePercent: number;
  /** Four letters, `BGRA` for most, empty for what is no picture. */
  readonly pixelFormat: string;
  readonly colorSpaceId: number;
  readonly layout: number;
  readonly name: string;
  readonly bitmapCount: number;
  readonly properties: ReadonlyMap<number, Buffer>;
  readonly payload: Payload;
}

export interface Renditions {
  readonly tree: Tree;
  /** As stored, in the order of the tree. */
  readonly keys: readonly Buffer[];
  readonly rows: readonly Rendition[];
  /** Why an entry could not be read; tools that rewrite catalogs leave some whose blocks are gone. */
  readonly unreadable: readonly string[];
}

/** Reads all records, without their payloads. @throws ShipError ASSET_CATALOG_MALFORMED */
export function readRenditions(store: Store, block: number, keyFormat: readonly number[]): Renditions {
  const tree = readTree(store, 'RENDITIONS', block);
  demand(!tree.inlineKeys, 'The tree RENDITIONS has numbers for keys.');
  const keys: Buffer[] = [];
  const rows: Rendition[] = [];
  const unreadable: string[] = [];
  for (const { key, valueBlock } of tree.entries) {
    const row = attempt(() => {
      const bytes = store.whole(key, 'a rendition key', keyFormat.length * 2);
      keys.push(bytes);
      return readRendition(store, valueBlock, numbersOf(bytes, keyFormat));
    });
    if (typeof row === 'string') unreadable.push(row);
    else rows.push(row);
  }
  return { tree, keys, rows, unreadable };
}

function numbersOf(bytes: Buffer, keyFormat: readonly number[]): ReadonlyMap<number, number> {
  const fields = new Fields(bytes, 'a rendition key');
  return new Map(keyFormat.map((attribute, place) => [attribute, fields.u16(place * 2)]));
}

function attempt<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ShipError)) throw error;
    return error.failure.reason;
  }
}

function readRendition(store: Store, block: number, key: ReadonlyMap<number, number>): Rendition {
  const what = 'a rendition';
  const header = new Fields(store.head(block, what, HEADER_BYTES), what);
  demand(header.tag(0) === 'ISTC', () => `A rendition begins with ${JSON.stringify(header.tag(0))}.`);
  const propertyBytes = header.u32(168);
  demand(propertyBytes <= MAX_PROPERTY_BYTES, `A rendition has ${propertyBytes} bytes of properties.`);
  const properties = readProperties(store.part(block, what, { at: HEADER_BYTES, length: propertyBytes }));
  const at = HEADER_BYTES + propertyBytes;
  // an effect counts the whole block as its payload
  const length = header.u16(36) === LAYOUT_EFFECT ? store.extent(block, what).length - at : header.u32(180);
  const end = store.extent(block, what).length;
  demand(at + length <= end, () => `A rendition ends at byte ${at + length}, its block at ${end}.`);
  return { key, ...describe(header), properties, payload: { block, at, length } };
}

const describe = (header: Fields) => ({
  version: header.u32(4),
  flags: header.u32(8),
  width: header.u32(12),
  height: header.u32(16),
  scalePercent: header.u32(20),
  pixelFormat: letters(header.range(24, 4)),
  colorSpaceId: header.u32(28) & 0xf,
  layout: header.u16(36),
  name: header.text(40, 128),
  bitmapCount: header.u32(172),
});

/** As they stand in the file: `BGRA`, ` 8AG` for gray with alpha. */
const letters = (four: Buffer): string =>
  four.every((byte) => byte === 0) ? '' : four.toString('latin1').trim();

function readProperties(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const list = new Fields(bytes, 'the properties of a rendition');
  const properties = new Map<number, Buffer>();
  for (let at = 0; at < list.length; ) {
    demand(properties.size < MAX_PROPERTIES, `A rendition has more than ${MAX_PROPERTIES} properties.`);
    const [type, length] = [list.u32(at), list.u32(at + 4)];
    properties.set(type, list.range(at + 8, length));
    at += 8 + length;
  }
  return properties;
}
