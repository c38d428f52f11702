import { Fields } from './fields.ts';
import { demand } from './malformed.ts';
import type { Store } from './store.ts';

const HEADER_BYTES = 436;
const METADATA_BYTES = 1028;
const MAX_ATTRIBUTES = 64;

/** What the catalog says of itself, in the block `CARHEADER`. */
export interface CatalogHeader {
  readonly coreUiVersion: number;
  readonly storageVersion: number;
  readonly renditionCount: number;
  readonly mainVersion: string;
  readonly version: string;
  readonly schemaVersion: number;
  readonly colorSpaceId: number;
  /** 1 on macOS, 2 on iOS. */
  readonly keySemantics: number;
}

/** For what the catalog was compiled; older catalogs do not say it. */
export interface CatalogMetadata {
  readonly thinningArguments: string;
  readonly minimumOs: string;
  readonly platform: string;
  readonly authoringTool: string;
}

/** The block that a variable names. @throws ShipError when the catalog has no such variable */
export function namedBlock(store: Store, name: string): number {
  const block = store.variables.get(name);
  demand(block !== undefined, `It has no ${name}.`);
  return block;
}

export function readCatalogHeader(store: Store): CatalogHeader {
  const what = 'the header of the catalog';
  const fields = new Fields(store.head(namedBlock(store, 'CARHEADER'), what, HEADER_BYTES), what);
  demand(
    fields.tag(0) === 'RATC',
    () => `The block of ${what} begins with ${JSON.stringify(fields.tag(0))}.`,
  );
  return {
    coreUiVersion: fields.u32(4),
    storageVersion: fields.u32(8),
    renditionCount: fields.u32(16),
    mainVersion: fields.text(20, 128).trimEnd(),
    version: fields.text(148, 256).trimEnd(),
    schemaVersion: fields.u32(424),
    colorSpaceId: fields.u32(428),
    keySemantics: fields.u32(432),
  };
}

export function readMetadata(store: Store): CatalogMetadata | undefined {
  const block = store.variables.get('EXTENDED_METADATA');
  if (block === undefined) return undefined;
  const what = 'the extended metadata';
  const fields = new Fields(store.head(block, what, METADATA_BYTES), what);
  demand(
    fields.tag(0) === 'META',
    () => `The block of ${what} begins with ${JSON.stringify(fields.tag(0))}.`,
  );
  return {
    thinningArguments: fields.text(4, 256),
    minimumOs: fields.text(260, 256),
    platform: fields.text(516, 256),
    authoringTool: fields.text(772, 256),
  };
}

/** The attributes of a rendition key, in the order of its numbers. */
export function readKeyFormat(store: Store): readonly number[] {
  const what = 'the key format';
  const block = namedBlock(store, 'KEYFORMAT');
  const fields = new Fields(store.head(block, what, 12 + MAX_ATTRIBUTES * 4), what);
  demand(
    fields.tag(0) === 'tmfk',
    () => `The block of ${what} begins with ${JSON.stringify(fields.tag(0))}.`,
  );
  const count = fields.u32(8);
  demand(count > 0 && count <= MAX_ATTRIBUTES, `The key format names ${count} attributes.`);
  return fields.u32s(12, count);
}
