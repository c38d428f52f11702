import { expect, test } from 'vitest';
import { ShipError } from '../../src/errors.ts';
import { readCatalog } from '../../src/formats/asset-catalog/read/catalog.ts';
import { describeCatalog } from '../../src/formats/asset-catalog/read/describe.ts';
import { decodePixels } from '../../src/formats/asset-catalog/read/pixels.ts';
import { type CatalogSource, inMemory } from '../../src/formats/asset-catalog/read/source.ts';
import { damaged } from '../helpers/catalog-fuzz.ts';
import { catalogKinds } from '../helpers/catalog-kinds.ts';
import { seededRandom } from '../helpers/soak-random.ts';

const ROUNDS = 2000;

/** How a reading ended: with a catalog, or as what it is. */
function outcome(source: CatalogSource): 'read' | 'refused' {
  try {
    const catalog = readCatalog(source);
    describeCatalog(catalog);
    const budget = { bytes: 1_000_000 };
    for (const rendition of catalog.renditions.rows) decodePixels(catalog.store, rendition, budget);
    return 'read';
  } catch (error) {
    if (error instanceof ShipError && error.code === 'ASSET_CATALOG_MALFORMED') return 'refused';
    throw error;
  }
}

test('a damaged catalog is read, or refused as what it is, and never read more than a few times over', () => {
  const random = seededRandom(2026);
  const kinds = Object.values(catalogKinds);
  const counts = { read: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = damaged(random.pick(kinds), random);
    const source = inMemory(bytes);
    let bytesRead = 0;
    const counting: CatalogSource = {
      sizeBytes: source.sizeBytes,
      read: (offset, length) => {
        bytesRead += length;
        expect(offset >= 0 && length >= 0 && offset + length <= bytes.length).toBe(true);
        return source.read(offset, length);
      },
    };
    counts[outcome(counting)]++;
    expect(bytesRead).toBeLessThanOrEqual(3 * bytes.length + 1024 * 1024);
  }
  expect(counts.read).toBeGreaterThan(ROUNDS / 20);
  expect(counts.refused).toBeGreaterThan(ROUNDS / 4);
});
