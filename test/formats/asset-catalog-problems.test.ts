import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readCatalog } from '../../src/formats/asset-catalog/read/catalog.ts';
import { describeCatalog } from '../../src/formats/asset-catalog/read/describe.ts';
import { inMemory } from '../../src/formats/asset-catalog/read/source.ts';
import { carHeader, le16, type StoreParts } from '../helpers/catalog-parts.ts';
import { type IconScene, iconCatalog } from '../helpers/icon-catalog.ts';

const problemsOf = (scene: IconScene, bend: (bytes: Buffer) => void = () => {}): readonly string[] => {
  const bytes = iconCatalog(scene);
  bend(bytes);
  return describeCatalog(readCatalog(inMemory(bytes))).problems;
};
const problemsWith = (change: (store: StoreParts) => void): readonly string[] => problemsOf({ change });

const blockOf = (store: StoreParts, name: string): number =>
  store.variables.find(([variable]) => variable === name)?.[1] ?? 0;
/** The one leaf of a tree. */
const leafOf = (store: StoreParts, name: string): Buffer => store.blocks[blockOf(store, name)] as Buffer;
const headerOf = (store: StoreParts, name: string): Buffer =>
  store.blocks[blockOf(store, name) - 1] as Buffer;

test('a sound catalog has no problems', () => {
  expect(problemsOf({})).toEqual([]);
});

describe('a catalog that disagrees with itself', () => {
  test('counts other renditions than it has', () => {
    const found = problemsWith((store) => {
      store.blocks[0] = carHeader(7);
    });
    expect(found).toEqual(['Its header counts 7 renditions, and it has 4.']);
  });

  test('counts other entries of a tree than it has', () => {
    const found = problemsWith((store) => headerOf(store, 'FACETKEYS').writeUInt32BE(3, 16));
    expect(found).toEqual(['The tree FACETKEYS counts 3 entries, and has 1.']);
  });

  test('has a node that is shorter than its page', () => {
    const found = problemsWith((store) => {
      const block = blockOf(store, 'BITMAPKEYS');
      store.blocks[block] = leafOf(store, 'BITMAPKEYS').subarray(0, 100);
    });
    expect(found).toEqual(['A node of the tree BITMAPKEYS is shorter than its page of 1024 bytes.']);
  });

  test('has keys out of order', () => {
    const found = problemsWith((store) => {
      const leaf = leafOf(store, 'RENDITIONS');
      const [first, second] = [Buffer.from(leaf.subarray(12, 20)), Buffer.from(leaf.subarray(20, 28))];
      second.copy(leaf, 12);
      first.copy(leaf, 20);
    });
    expect(found).toContain('The keys of the tree RENDITIONS are out of order.');
    expect(found).toContain('A leaf of the tree RENDITIONS does not repeat its keys.');
  });

  test('leaves the repeated keys empty, so that every search finds the same', () => {
    const found = problemsWith((store) => leafOf(store, 'RENDITIONS').fill(0, 12 + 4 * 8));
    expect(found).toEqual(['A leaf of the tree RENDITIONS does not repeat its keys.']);
  });

  test('has leaves that are not linked', () => {
    const found = problemsWith((store) => leafOf(store, 'RENDITIONS').writeUInt32BE(9, 4));
    expect(found).toEqual(['The leaves of the tree RENDITIONS are not linked to each other.']);
  });

  test('has a mask without the values of its renditions', () => {
    const found = problemsWith((store) => {
      const row = store.blocks.findIndex((block) => block.length === 52 && block.readUInt32LE(8) === 40);
      store.blocks[row]?.writeUInt32LE(2, 16 + 3 * 4);
    });
    expect(found).toEqual(['The table of used values leaves out renditions of "AppIcon".']);
  });

  test('has blocks over each other', () => {
    const found = problemsOf({}, (bytes) => {
      const index = bytes.readUInt32BE(16);
      bytes.writeUInt32BE(bytes.readUInt32BE(index + 12) + 1000, index + 16);
    });
    expect(found).toContain('Some of its blocks lie over each other.');
  });

  test('has an identifier that the name does not stand for, and no rendition of it', () => {
    expect(problemsOf({ identifier: 5 })).toEqual([
      'No rendition belongs to "AppIcon".',
      'The identifier is not the one that the name stands for: "AppIcon".',
    ]);
  });
});

describe('an app icon', () => {
  test('without a list of its sizes is said', () => {
    expect(problemsOf({ withSizes: false })).toEqual([
      'The app icon "AppIcon" has no list of its sizes, so that the system does not find it.',
    ]);
  });

  /** Changes the list of sizes, which phone and pad share. */
  const withList = (index: number, points: number) => (store: StoreParts) => {
    const list = store.blocks.find((block) => block.includes('SISM'));
    list?.writeUInt32LE(points, list.indexOf('SISM') + 12);
    list?.writeUInt32LE(points, list.indexOf('SISM') + 16);
    list?.writeUInt32LE(index, list.indexOf('SISM') + 20);
  };

  test('without a picture that its list names is said, unless the catalog was thinned', () => {
    expect(problemsWith(withList(3, 24))).toEqual([
      'The app icon "AppIcon" has no picture of 24 by 24 points (phone), which its list names.',
      'The app icon "AppIcon" has no picture of 24 by 24 points (pad), which its list names.',
    ]);
    const thinned = problemsWith((store) => {
      withList(3, 24)(store);
      store.blocks[blockOf(store, 'EXTENDED_METADATA') - 1]?.write('optimized <idiom 1>', 4);
    });
    expect(thinned).toEqual([]);
  });

  test('of another size than its list says is said', () => {
    expect(problemsWith(withList(1, 60))).toEqual([
      'The app icon "AppIcon" has a picture of 24 by 24 pixels for 60 by 60 points (phone) at 1x.',
      'The app icon "AppIcon" has a picture of 24 by 24 pixels for 60 by 60 points (pad) at 1x.',
    ]);
  });

  test('with a list of sizes that cannot be read is said, and the rest is read', () => {
    const [first, ...others] = problemsWith((store) => {
      const list = store.blocks.find((block) => block.includes('SISM'));
      list?.writeUInt32LE(60, list.indexOf('SISM') + 8);
    });
    expect(first).toMatch(
      /^The app icon "AppIcon" has a list of its sizes \(phone\) that cannot be read\. 720 bytes/,
    );
    expect(others).toHaveLength(1);
  });

  test('with transparent pixels for iOS is said', () => {
    const transparent = (rows: Buffer) => [2, gzipSync(rows.fill(0, 0, 4))] as const;
    const found = problemsOf({ stored: transparent });
    expect(found).toHaveLength(2);
    expect(found[0]).toBe(
      'The app icon "AppIcon" has a picture of 24 by 24 pixels with transparent pixels, which the App Store refuses for iOS.',
    );
  });

  test('whose pixels do not decode is said', () => {
    const broken = (rows: Buffer) => [2, gzipSync(rows.subarray(4))] as const;
    const [first] = problemsOf({ stored: broken });
    expect(first).toContain('has a picture of 24 by 24 pixels that cannot be read. Pixels of 2304 bytes');
  });

  test('in a form that is not read here is named, and nothing is said of it', () => {
    const { facts, problems } = describeCatalog(
      readCatalog(inMemory(iconCatalog({ stored: (rows) => [99, rows] }))),
    );
    expect(problems).toEqual([]);
    expect(facts.encodings).toEqual({ 'list of icon sizes': 2, 'compression 99': 2 });
  });
});

test('one identifier for two names is said', () => {
  const found = problemsWith((store) => {
    const facets = leafOf(store, 'FACETKEYS');
    const value = Buffer.concat([le16(0, 0, 3), le16(1, 85, 2, 181, 17, 6849)]);
    facets.writeUInt16BE(2, 2);
    facets.writeUInt32BE(store.add(value), 20);
    facets.writeUInt32BE(store.add(Buffer.from('Other')), 24);
    headerOf(store, 'FACETKEYS').writeUInt32BE(2, 16);
    headerOf(store, 'FACETKEYS').writeUInt32BE(0xffffffff, 21);
  });
  expect(found).toEqual([
    'One identifier stands for several names: "Other".',
    'The identifier is not the one that the name stands for: "Other".',
  ]);
});
