import {
  type Appearance,
  type Facet,
  type Named,
  readAppearances,
  readFacets,
  readUsedValues,
  type UsedValues,
} from './facets.ts';
import {
  type CatalogHeader,
  type CatalogMetadata,
  namedBlock,
  readCatalogHeader,
  readKeyFormat,
  readMetadata,
} from './header.ts';
import { type Renditions, readRenditions } from './rendition.ts';
import type { CatalogSource } from './source.ts';
import { readStore, type Store } from './store.ts';

/** A compiled asset catalog (`Assets.car`), without the pixels. */
export interface Catalog {
  readonly store: Store;
  readonly header: CatalogHeader;
  readonly metadata?: CatalogMetadata;
  readonly keyFormat: readonly number[];
  readonly facets?: Named<Facet>;
  readonly appearances?: Named<Appearance>;
  /** By their numbers in rendition keys. */
  readonly appearanceNames: ReadonlyMap<number, string>;
  readonly usedValues?: Named<UsedValues>;
  readonly renditions: Renditions;
}

/**
 * Reads a catalog, fresh from actool or rewritten by a tool that thins apps: what belongs together is found by the
 * index, never by its order in the file.
 *
 * @throws ShipError ASSET_CATALOG_MALFORMED
 */
export function readCatalog(source: CatalogSource): Catalog {
  const store = readStore(source);
  const header = readCatalogHeader(store);
  const keyFormat = readKeyFormat(store);
  const [metadata, facets] = [readMetadata(store), readFacets(store)];
  const [appearances, usedValues] = [readAppearances(store), readUsedValues(store)];
  return {
    store,
    header,
    keyFormat,
    ...(metadata && { metadata }),
    ...(facets && { facets }),
    ...(appearances && { appearances }),
    appearanceNames: new Map(appearances?.rows.map(({ id, name }) => [id, name])),
    ...(usedValues && { usedValues }),
    renditions: readRenditions(store, namedBlock(store, 'RENDITIONS'), keyFormat),
  };
}
