import { ShipError } from '../../../errors.ts';
import { Fields } from './fields.ts';
import { attempt, demand, malformed } from './malformed.ts';
import type { Store } from './store.ts';
import { readTree, type Tree } from './tree.ts';

const HEADER_BYTES = 184;
/** More than a tool leaves behind that takes out some. */
const MAX_UNREADABLE = 1000;
const MAX_PROPERTY_BYTES = 64 * 1024;

/** Values of `layout` that are told apart here. */
const LAYOUT_EFFECT = 7;
export const LAYOUT_IMAGE = 12;
export const LAYOUT_LINK = 1003;
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

/** Type of the property that says how long a row of pixels is. */
export const PROPERTY_BYTES_PER_ROW = 1007;

/** The numbers that tell the forms of assets apart, one for each attribute of the key format. */
export class RenditionKey {
  readonly #places: ReadonlyMap<number, number>;
  readonly bytes: Buffer;

  /** @param places - of each attribute in the key */
  constructor(places: ReadonlyMap<number, number>, bytes: Buffer) {
    this.#places = places;
    this.bytes = bytes;
  }

  /** Nothing when the key format does not have this attribute. */
  get(attribute: number): number | undefined {
    const place = this.#places.get(attribute);
    return place === undefined ? undefined : this.bytes.readUInt16LE(place * 2);
  }
}

/** A range of a block. */
export interface Payload {
  readonly block: number;
  readonly at: number;
  readonly length: number;
}

/** One form of an asset: what the record says, and where its payload lies. */
export interface Rendition {
  readonly key: RenditionKey;
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
  /** A list of types, lengths and data. */
  readonly properties: Buffer;
  readonly payload: Payload;
}

export interface Renditions {
  readonly tree: Tree;
  readonly rows: readonly Rendition[];
  /** Why an entry could not be read; tools that rewrite catalogs leave some whose blocks are gone. */
  readonly unreadable: readonly string[];
}

/** Reads all records, without their payloads. @throws ShipError ASSET_CATALOG_MALFORMED */
export function readRenditions(store: Store, block: number, keyFormat: readonly number[]): Renditions {
  const tree = readTree(store, 'RENDITIONS', block);
  demand(!tree.inlineKeys, 'The tree RENDITIONS has numbers for keys.');
  const places = new Map(keyFormat.map((attribute, place) => [attribute, place]));
  const rows: Rendition[] = [];
  const unreadable: string[] = [];
  for (const { key, valueBlock } of tree.entries) {
    const row = attempt(() => {
      const bytes = store.whole(key, 'a rendition key', keyFormat.length * 2);
      demand(bytes.length === keyFormat.length * 2, () => `A rendition key has ${bytes.length} bytes.`);
      return readRendition(store, valueBlock, new RenditionKey(places, bytes));
    });
    if (!(row instanceof ShipError)) rows.push(row);
    else if (unreadable.push(row.failure.reason) > MAX_UNREADABLE)
      throw malformed(`More than ${MAX_UNREADABLE} of its renditions cannot be read. ${row.failure.reason}`);
  }
  return { tree, rows, unreadable };
}

function readRendition(store: Store, block: number, key: RenditionKey): Rendition {
  const what = 'a rendition';
  const header = new Fields(store.head(block, what, HEADER_BYTES), what);
  demand(header.tag(0) === 'ISTC', () => `A rendition begins with ${JSON.stringify(header.tag(0))}.`);
  const propertyBytes = header.u32(168);
  demand(propertyBytes <= MAX_PROPERTY_BYTES, `A rendition has ${propertyBytes} bytes of properties.`);
  const properties = store.part(block, what, { at: HEADER_BYTES, length: propertyBytes });
  propertyIn(properties, undefined);
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

/** The data of the first property of a type. @throws ShipError ASSET_CATALOG_MALFORMED */
export const propertyOf = ({ properties }: Rendition, type: number): Buffer | undefined =>
  propertyIn(properties, type);

function propertyIn(properties: Buffer, wanted: number | undefined): Buffer | undefined {
  const list = new Fields(properties, 'the properties of a rendition');
  for (let at = 0; at < list.length; ) {
    const data = list.range(at + 8, list.u32(at + 4));
    if (list.u32(at) === wanted) return data;
    at += 8 + data.length;
  }
  return undefined;
}
