import { describe, expect, test } from 'vitest';
import { hasAppIcon } from '../../src/formats/asset-catalog/read/app-icon.ts';
import { type Catalog, readCatalog } from '../../src/formats/asset-catalog/read/catalog.ts';
import { identifierOf } from '../../src/formats/asset-catalog/read/facets.ts';
import { propertyOf } from '../../src/formats/asset-catalog/read/rendition.ts';
import { inMemory } from '../../src/formats/asset-catalog/read/source.ts';
import { be32, le32, StoreParts, treeHeader } from '../helpers/catalog-parts.ts';
import { type IconScene, iconCatalog } from '../helpers/icon-catalog.ts';

const read = (bytes: Buffer): Catalog => readCatalog(inMemory(bytes));
const has = (scene: IconScene, name = 'AppIcon'): boolean => hasAppIcon(inMemory(iconCatalog(scene)), name);

describe('a catalog as actool writes it', () => {
  test('says for what it was compiled', () => {
    const { header, metadata, keyFormat } = read(iconCatalog());
    expect(header).toMatchObject({
      coreUiVersion: 970,
      storageVersion: 17,
      renditionCount: 4,
      keySemantics: 2,
    });
    expect(metadata).toMatchObject({ minimumOs: '15.1', platform: 'ios', thinningArguments: '' });
    expect(keyFormat).toEqual([7, 13, 12, 15, 16, 9, 17, 1, 2]);
  });

  test('has its names, appearances and used values', () => {
    const { facets, appearances, usedValues } = read(iconCatalog());
    expect(facets?.rows).toEqual([{ name: 'AppIcon', element: 85, part: 220, identifier: 6849 }]);
    expect(appearances?.rows).toEqual([{ name: 'UIAppearanceAny', id: 0 }]);
    const all = 0xffffffff;
    expect(usedValues?.rows).toEqual([{ identifier: 6849, masks: [all, 1, 2, 6, 1, 3, all, all, all] }]);
  });

  test('has one record for each form of an asset', () => {
    const { rows } = read(iconCatalog()).renditions;
    expect(rows.map(({ layout, name, width, pixelFormat }) => [layout, name, width, pixelFormat])).toEqual([
      [1010, 'AppIcon', 0, ''],
      [12, 'icon.png', 24, 'BGRA'],
      [1010, 'AppIcon', 0, ''],
      [12, 'icon.png', 24, 'BGRA'],
    ]);
    expect(rows[1] && propertyOf(rows[1], 1007)?.readUInt32LE(0)).toBe(96);
  });
});

describe('an app icon', () => {
  test('is there when its name leads to a list of sizes and a picture', () => {
    expect(has({})).toBe(true);
  });
  test('is not there under another name', () => {
    expect(has({}, 'Icon')).toBe(false);
  });
  test('is not there without a list of its sizes', () => {
    expect(has({ withSizes: false })).toBe(false);
  });
  test('is not there when its name leads to no record', () => {
    expect(has({ identifier: 1 })).toBe(false);
  });
});

test.each([
  ['AppIcon', 6849],
  ['LaunchImage', 36251],
  ['SplashImage', 46352],
  ['AppIcon_Assets/Color-1', 27972],
  ['icon_edit', 19777],
  ['anz', 55224],
  ['en', 6677],
])('the name %s stands for %i, as in files of actool', (name, identifier) => {
  expect(identifierOf(name)).toBe(identifier);
});

describe('a tree of several nodes', () => {
  const leaf = (next: number, previous: number, ...words: number[]): Buffer =>
    Buffer.concat([
      Buffer.from([0, 1, 0, words.length / 2]),
      be32(next, previous, ...words),
      Buffer.alloc(4096),
    ]);

  /** Replaces the one leaf of the tree by a node with two leaves below it; the last child has no key. */
  const split = (store: StoreParts, lastChild = (second: number) => second): void => {
    const [, header = 0] = store.variables.find(([name]) => name === 'RENDITIONS') ?? [];
    const root = header + 1;
    const words = Array.from(
      { length: 8 },
      (_, index) => store.blocks[root - 1]?.readUInt32BE(12 + index * 4) ?? 0,
    );
    const second = store.blocks.length + 2;
    store.add(leaf(second, 0, ...words.slice(0, 4)));
    store.add(leaf(0, second - 1, ...words.slice(4)));
    const node = Buffer.concat([
      Buffer.from([0, 0, 0, 1]),
      be32(0, 0, second - 1, words[3] ?? 0, lastChild(second)),
      Buffer.alloc(4096),
    ]);
    store.blocks[root - 1] = node;
    store.blocks[header - 1] = treeHeader({ root, pageBytes: 4096, entries: 4, inline: 0, keyBytes: 18 });
  };

  test('is read to its last leaf', () => {
    expect(read(iconCatalog({ change: split })).renditions.rows).toHaveLength(4);
  });
  test('that leads back to itself is refused', () => {
    const loop = iconCatalog({ change: (store) => split(store, (second) => second - 1) });
    expect(() => read(loop)).toThrow('The compiled asset catalog cannot be read.');
  });
});

test('a record whose block a tool has freed is said, and the others are read', () => {
  const freed = iconCatalog({
    change: (store) => {
      const [, header = 0] = store.variables.find(([name]) => name === 'RENDITIONS') ?? [];
      store.blocks[header]?.writeUInt32BE(250, 12);
    },
  });
  const { rows, unreadable } = read(freed).renditions;
  expect(rows).toHaveLength(3);
  expect(unreadable).toEqual(['The block 250 of a rendition is not in the index.']);
});

test.each([
  ['is no catalog', Buffer.alloc(1000)],
  ['is a container of something else', new StoreParts().bytes()],
  ['ends in its index', iconCatalog().subarray(0, -100)],
  ['has another header', iconCatalog({ change: ({ blocks }) => blocks[0]?.fill(1) })],
  ['has a key format that is too long', iconCatalog({ change: (store) => tooManyAttributes(store) })],
])('what %s is refused', (_, bytes) => {
  expect(() => read(bytes)).toThrow('The compiled asset catalog cannot be read.');
});

function tooManyAttributes(store: StoreParts): void {
  const [, block = 0] = store.variables.find(([name]) => name === 'KEYFORMAT') ?? [];
  store.blocks[block - 1] = Buffer.concat([Buffer.from('tmfk'), le32(0, 1000)]);
}
