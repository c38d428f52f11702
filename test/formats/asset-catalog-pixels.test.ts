import { describe, expect, test } from 'vitest';
import { readCatalog } from '../../src/formats/asset-catalog/read/catalog.ts';
import { readPixelHeader } from '../../src/formats/asset-catalog/read/pixel-data.ts';
import { decodePixels, type Pixels } from '../../src/formats/asset-catalog/read/pixels.ts';
import { inMemory } from '../../src/formats/asset-catalog/read/source.ts';
import { catalogKinds } from '../helpers/catalog-kinds.ts';
import { le32 } from '../helpers/catalog-parts.ts';
import { type IconScene, iconCatalog, rowsOf } from '../helpers/icon-catalog.ts';

const pixelsOf = (bytes: Buffer, budgetBytes = 1e6) => {
  const { store, renditions } = readCatalog(inMemory(bytes));
  const [picture] = renditions.rows.filter(({ layout }) => layout === 12);
  if (!picture) throw new Error('there is no picture');
  return {
    data: readPixelHeader(store, picture.payload),
    decode: () => decodePixels(store, picture, { bytes: budgetBytes }),
  };
};
const decode = (stored: IconScene['stored']) => () =>
  pixelsOf(iconCatalog({ ...(stored && { stored }) })).decode();

describe('the pixels of a picture', () => {
  test.each(Object.entries(catalogKinds))('stored as %s', (name, bytes) => {
    const { data, decode: all } = pixelsOf(bytes);
    expect(data?.encoding).toBe(name.split(' ')[0]);
    expect(data?.opaque).toBe(name === 'lzfse in chunks');
    const pixels = all() as Pixels;
    expect(pixels).toMatchObject({
      width: 24,
      height: 24,
      rowBytes: 96,
      bytesPerPixel: 4,
      pixelFormat: 'BGRA',
    });
    expect(pixels.rows.equals(rowsOf(24))).toBe(true);
  });

  test('stored in a form that nobody has described are named, not refused', () => {
    expect(decode((rows) => [11, rows])()).toBe('deepmap2');
    expect(decode((rows) => [77, rows])()).toBe('compression 77');
  });

  test.each<[string, IconScene['stored'], string]>([
    ['of too few bytes', (rows) => [0, rows.subarray(4)], 'Pixels of 2304 bytes decode to 2300.'],
    ['that are no gzip', () => [2, Buffer.from('no gzip')], 'The pixels of a rendition are no gzip stream'],
    ['that are no LZFSE', () => [4, Buffer.from('no lzfse')], 'A block of the kind "no l" is not known.'],
    [
      'of more chunks than there are',
      () => [4, Buffer.alloc(0), 1, 2],
      'The chunks of a rendition end too early.',
    ],
    ['of a chunk without its tag', () => [4, Buffer.alloc(40), 1, 1], 'A chunk of pixels begins with'],
    [
      'of chunks with more rows than the picture',
      () => [4, Buffer.concat([Buffer.from('KCBC'), le32(0, 0, 25, 0)]), 1, 1],
      'The chunks of a picture have more rows than the picture.',
    ],
    ['in runs of another size', () => [1, le32(4, 24, 23)], 'Run lengths for 24 by 23 pixels'],
    ['in runs that go past their row', () => [1, longRun()], 'A run of pixels does not fit its row.'],
    ['in runs of nothing', () => [1, longRun(0x80000000)], 'A run of pixels does not fit its row.'],
  ])('%s are refused', (_, stored, fact) => {
    expect(decode(stored)).toThrow(
      expect.objectContaining({
        failure: expect.objectContaining({ reason: expect.stringContaining(fact) }),
      }),
    );
  });

  test('are decoded up to the budget of all pictures together', () => {
    const { decode: all } = pixelsOf(iconCatalog(), 24 * 96 - 1);
    expect(all).toThrow('The compiled asset catalog cannot be read.');
  });
});

const longRun = (count = 0x80000019): Buffer =>
  le32(4, 24, 24, ...Array.from({ length: 24 }, () => 12 + 24 * 4), count, 0);
