import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  type CatalogImage,
  type IconCatalog,
  type Picture,
  writeIconCatalog,
} from '../../../src/formats/asset-catalog/write/index.ts';

/** What is in a BOMStore, found through its index and its table of names alone. */
function opened(bytes: Buffer) {
  const u32 = (at: number) => bytes.readUInt32BE(at);
  const index = u32(16);
  const block = (id: number) => {
    const at = index + 4 + 8 * id;
    return bytes.subarray(u32(at), u32(at) + u32(at + 4));
  };
  const names = new Map<string, number>();
  let at = u32(24) + 4;
  for (let left = u32(u32(24)); left > 0; left -= 1) {
    const length = bytes.readUInt8(at + 4);
    names.set(bytes.toString('latin1', at + 5, at + 5 + length), u32(at));
    at += 5 + length;
  }
  const named = (name: string) => block(names.get(name) ?? 0);
  const tree = (name: string) => {
    const header = named(name);
    const leaf = block(header.readUInt32BE(8));
    const isInline = header[20] === 1;
    const pairs = Array.from({ length: leaf.readUInt16BE(2) }, (_, i) => ({
      value: block(leaf.readUInt32BE(12 + 8 * i)),
      key: isInline ? leaf.readUInt32BE(16 + 8 * i) : block(leaf.readUInt32BE(16 + 8 * i)),
    }));
    return { header, leaf, pairs };
  };
  return { index, block, names, named, tree };
}

const picture = (edgePixels: number, channels: 3 | 4 = 3): Picture => ({
  edgePixels,
  channels,
  data: Buffer.alloc(edgePixels * edgePixels * channels, 0x40),
});

const image = (
  idiom: CatalogImage['idiom'],
  points: number,
  scale: 1 | 2 | 3 = 1,
  appearance: CatalogImage['appearance'] = 'any',
): CatalogImage => ({
  name: `icon-${points * scale}.png`,
  idiom,
  appearance,
  points,
  scale,
  picture: picture(points * scale),
});

const ios = (...images: CatalogImage[]): IconCatalog => ({
  name: 'AppIcon',
  platform: 'ios',
  minimumOs: '17.0',
  images,
});
const macos = (...images: CatalogImage[]): IconCatalog => ({ ...ios(...images), platform: 'macos' });

const written = (catalog: IconCatalog) => opened(writeIconCatalog(catalog));
const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
/** Numbers of 32 bits, little-endian. */
const le = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
const keysOf = (catalog: IconCatalog) =>
  written(catalog)
    .tree('RENDITIONS')
    .pairs.map(({ key }) => [...new Uint16Array(Uint8Array.from(key as Buffer).buffer)]);

/** As many as wanted, each in a place of its own, for one device. */
const images = (count: number): CatalogImage[] =>
  Array.from({ length: count }, (_, i) => ({
    ...image('iphone', 1 + (i % 31), (1 + (Math.floor(i / 31) % 3)) as 1 | 2 | 3),
    ...(i >= 93 && { appearance: i >= 186 ? ('tinted' as const) : ('dark' as const) }),
    ...(i >= 279 && { idiom: 'ipad' as const, appearance: i >= 372 ? ('dark' as const) : ('any' as const) }),
    ...(i >= 465 && { appearance: 'tinted' as const }),
  }));

const single = ios(image('iphone', 64), image('ipad', 64), image('ios-marketing', 64));
const classic = ios(
  ...[2, 3].flatMap((scale) => [20, 29, 40, 60].map((points) => image('iphone', points, scale as 2))),
  ...[1, 2].flatMap((scale) => [20, 29, 40, 76].map((points) => image('ipad', points, scale as 2))),
  image('ipad', 83.5, 2),
  image('ios-marketing', 1024),
);

describe('the container', () => {
  const bytes = writeIconCatalog(single);
  const catalog = opened(bytes);

  test('has a header of 512 bytes, the number of its blocks, and two tables at its end', () => {
    expect(bytes.toString('latin1', 0, 8)).toBe('BOMStore');
    const [version, blocks, index, indexBytes, variables, variablesBytes] = Array.from(
      { length: 6 },
      (_, i) => bytes.readUInt32BE(8 + 4 * i),
    ) as [number, number, number, number, number, number];
    expect({ version, indexBytes, end: index + indexBytes }).toEqual({
      version: 1,
      indexBytes: 24 + 8 * 256,
      end: bytes.length,
    });
    expect(bytes.readUInt32BE(index)).toBe(256);
    expect(bytes.subarray(32, 512).every((byte) => byte === 0)).toBe(true);
    expect(index).toBe(Math.ceil((variables + variablesBytes) / 16) * 16);
    // header, 6 renditions, facet, appearance, key format, metadata, masks
    expect(blocks).toBe(1 + (2 + 2 * 6) + (2 + 2) + (2 + 2) + 1 + 1 + (2 + 1));
  });

  test('begins each block at a multiple of 16, in the order of their numbers, with nothing between', () => {
    let end = 512;
    for (let id = 1; id <= bytes.readUInt32BE(12); id += 1) {
      const at = bytes.readUInt32BE(catalog.index + 4 + 8 * id);
      expect(at).toBe(Math.ceil(end / 16) * 16);
      end = at + bytes.readUInt32BE(catalog.index + 8 + 8 * id);
    }
  });

  test('names the blocks that a device looks for, in the order of actool', () => {
    expect([...catalog.names.keys()]).toEqual([
      'CARHEADER',
      'RENDITIONS',
      'FACETKEYS',
      'APPEARANCEKEYS',
      'KEYFORMAT',
      'EXTENDED_METADATA',
      'BITMAPKEYS',
    ]);
  });

  test('has more than the 256 slots that every index has, when there are more blocks', () => {
    const large = writeIconCatalog(ios(...images(150)));
    const blocks = large.readUInt32BE(12);
    expect(blocks).toBeGreaterThan(300);
    expect(large.readUInt32BE(large.readUInt32BE(16))).toBe(Math.ceil((blocks + 1) / 8) * 8);
  });
});

describe('the trees', () => {
  const catalog = written(single);

  test('have headers of 29 bytes with page, count, kind and size of their keys', () => {
    const header = (name: string) => catalog.tree(name).header;
    const root = (name: string) => (catalog.names.get(name) ?? 0) + 1;
    const at = (name: string) => Buffer.from([0, 0, 0, root(name)]).toString('hex');
    expect(header('RENDITIONS')).toEqual(
      hex(`74726565 00000001 ${at('RENDITIONS')} 00001000 00000006 00 00000012 00000000`),
    );
    expect(header('FACETKEYS')).toEqual(
      hex(`74726565 00000001 ${at('FACETKEYS')} 00001000 00000001 00 00000007 00000000`),
    );
    expect(header('APPEARANCEKEYS')).toEqual(
      hex(`74726565 00000001 ${at('APPEARANCEKEYS')} 00001000 00000001 00 0000000f 00000000`),
    );
    expect(header('BITMAPKEYS')).toEqual(
      hex(`74726565 00000001 ${at('BITMAPKEYS')} 00000400 00000001 01 00000000 00000000`),
    );
  });

  test('say that keys differ in length, and then copy none', () => {
    const { header, leaf } = written(
      ios(image('iphone', 8), { ...image('iphone', 8), appearance: 'dark' }),
    ).tree('APPEARANCEKEYS');
    expect(header.subarray(20)).toEqual(hex('00 ffffffff 00000000'));
    expect(leaf.length).toBe(4096);
  });

  test('repeat keys of one length behind the pairs, in a leaf that is longer than its page by them', () => {
    const { leaf, pairs } = catalog.tree('RENDITIONS');
    expect(leaf.length).toBe(4096 + 6 * 18);
    expect(leaf.subarray(0, 12)).toEqual(hex('0001 0006 00000000 00000000'));
    const copies = 12 + 8 * 6 + 4;
    expect(leaf.subarray(copies - 4, copies)).toEqual(Buffer.alloc(4));
    expect(leaf.subarray(copies, copies + 6 * 18)).toEqual(
      Buffer.concat(pairs.map(({ key }) => key as Buffer)),
    );
  });

  test('number the block of a key before that of its value, from behind the leaf on', () => {
    const { leaf } = catalog.tree('RENDITIONS');
    const first = (catalog.names.get('RENDITIONS') ?? 0) + 2;
    const ids = Array.from({ length: 12 }, (_, i) => leaf.readUInt32BE(12 + 4 * i));
    expect(ids).toEqual(Array.from({ length: 6 }, (_, i) => [first + 2 * i + 1, first + 2 * i]).flat());
  });

  test('are in the order of the bytes of their keys', () => {
    const keys = catalog.tree('RENDITIONS').pairs.map(({ key }) => key as Buffer);
    expect([...keys].sort(Buffer.compare)).toEqual(keys);
  });

  test('refuse more than one leaf holds', () => {
    expect(() => writeIconCatalog(ios(...images(508)))).not.toThrow();
    expect(() => writeIconCatalog(ios(...images(509)))).toThrow('several leaves');
  });

  test('refuse two pictures for one place', () => {
    expect(() => writeIconCatalog(ios(image('iphone', 8), image('iphone', 8)))).toThrow('twice');
  });
});

describe('the blocks', () => {
  test('CARHEADER claims CoreUI 970, storage 17, schema 2, and what its keys mean', () => {
    const header = written(single).named('CARHEADER');
    expect(header.length).toBe(436);
    expect(header.subarray(0, 20)).toEqual(Buffer.concat([Buffer.from('RATC'), le(970, 17, 0, 6)]));
    expect(header.toString('latin1', 20, 60)).toBe('@(#)PROGRAM:CoreUI  PROJECT:CoreUI-970.1');
    expect(header.subarray(404)).toEqual(Buffer.concat([Buffer.alloc(16), le(0, 2, 1, 2)]));
    const mac = written(macos(image('mac', 16))).named('CARHEADER');
    expect(mac.subarray(420)).toEqual(le(0, 2, 1, 1));
  });

  test('EXTENDED_METADATA has four texts of 256 bytes', () => {
    const metadata = written(single).named('EXTENDED_METADATA');
    expect(metadata.length).toBe(1028);
    const texts = [4, 260, 516, 772].map((at) =>
      metadata.toString('latin1', at, at + 256).replaceAll('\0', ''),
    );
    expect(metadata.toString('latin1', 0, 4)).toBe('META');
    expect(texts).toEqual(['', '17.0', 'ios', 'perry-ship']);
    expect(
      written(macos(image('mac', 16)))
        .named('EXTENDED_METADATA')
        .toString('latin1', 516, 523),
    ).toBe('macosx\0');
  });

  test.each([
    ['ios', single, [7, 13, 12, 15, 16, 9, 17, 1, 2]],
    ['macos', macos(image('mac', 16)), [7, 13, 1, 2, 3, 17, 9, 11, 12]],
  ] as const)('KEYFORMAT of %s is that of Xcode 26', (_, catalog, attributes) => {
    expect(written(catalog).named('KEYFORMAT')).toEqual(
      Buffer.concat([Buffer.from('tmfk'), le(0, attributes.length, ...attributes)]),
    );
  });

  test('FACETKEYS leads from the name to element 85, part 220 and the identifier', () => {
    const [facet, ...rest] = written(single).tree('FACETKEYS').pairs;
    expect(rest).toEqual([]);
    expect(facet?.key).toEqual(Buffer.from('AppIcon'));
    expect(facet?.value).toEqual(hex('0000 0000 0300 0100 5500 0200 dc00 1100 c11a'));
  });

  test.each([
    ['AppIcon', 6849],
    ['LaunchImage', 36251],
    ['SplashImage', 46352],
    ['AppIcon_Assets/Color-1', 27972],
    ['icon_edit', 19777],
    ['anz', 55224],
    ['en', 6677],
  ])('the identifier of %s is %i, as CoreUI computes it', (name, identifier) => {
    const [row] = written({ ...single, name }).tree('BITMAPKEYS').pairs;
    expect(row?.key).toBe(identifier);
  });

  test('APPEARANCEKEYS names the appearances that are there', () => {
    const rows = (catalog: IconCatalog) =>
      written(catalog)
        .tree('APPEARANCEKEYS')
        .pairs.map(({ key, value }) => [String(key), value.readUInt16LE()]);
    expect(rows(single)).toEqual([['UIAppearanceAny', 0]]);
    expect(rows(macos(image('mac', 16)))).toEqual([['NSAppearanceNameSystem', 0]]);
    expect(
      rows(ios(image('iphone', 8), image('iphone', 8, 1, 'dark'), image('iphone', 8, 1, 'tinted'))),
    ).toEqual([
      ['ISAppearanceTintable', 10],
      ['UIAppearanceAny', 0],
      ['UIAppearanceDark', 1],
    ]);
  });

  test('BITMAPKEYS tells the values that are used, a bit each', () => {
    const [row] = written(ios(image('iphone', 8), image('ipad', 8))).tree('BITMAPKEYS').pairs;
    const all = 0xffffffff;
    expect(row?.value).toEqual(le(1, 0, 40, 9, all, 1, 2, 6, 1, 3, all, all, all));
    const [mac] = written(macos(image('mac', 16, 1), image('mac', 16, 2))).tree('BITMAPKEYS').pairs;
    expect(mac?.value).toEqual(le(1, 0, 40, 9, all, 1, all, all, 1, all, 3, 1, 6));
  });
});

describe('the renditions', () => {
  test('of one size are found under every device, and for the store', () => {
    expect(keysOf(single)).toEqual(
      [1, 2, 6].flatMap((idiom) => [
        [0, 0, 1, idiom, 0, 0, 6849, 85, 218],
        [0, 0, 1, idiom, 0, 1, 6849, 85, 220],
      ]),
    );
  });

  test('of an icon with three appearances are told apart by the first attribute', () => {
    const catalog = ios(image('iphone', 8), image('iphone', 8, 1, 'dark'), image('iphone', 8, 1, 'tinted'));
    expect(keysOf(catalog)).toEqual([
      [0, 0, 1, 1, 0, 0, 6849, 85, 218],
      [0, 0, 1, 1, 0, 1, 6849, 85, 220],
      [1, 0, 1, 1, 0, 1, 6849, 85, 220],
      [10, 0, 1, 1, 0, 1, 6849, 85, 220],
    ]);
  });

  test('of macOS know no device, and count their sizes from 1', () => {
    const sizes = [16, 32, 128, 256, 512];
    const keys = keysOf(
      macos(...sizes.flatMap((points) => [image('mac', points, 1), image('mac', points, 2)])),
    );
    const expected = [
      [0, 0, 85, 218, 0, 6849, 0, 0, 1],
      ...[1, 2, 3, 4, 5].flatMap((index) => [
        [0, 0, 85, 220, 0, 6849, index, 0, 1],
        [0, 0, 85, 220, 0, 6849, index, 0, 2],
      ]),
    ];
    expect(keys.map(String).sort()).toEqual(expected.map(String).sort());
  });

  /** Name in a field of 128 bytes. */
  const named = (name: string) => Buffer.concat([Buffer.from(name), Buffer.alloc(128 - name.length)]);

  test('that tell sizes have the layout 1010 and no pixels', () => {
    const records = written(classic)
      .tree('RENDITIONS')
      .pairs.filter(({ key }) => (key as Buffer).readUInt16LE(16) === 218);
    const record = (...sizes: number[]) =>
      Buffer.concat([
        ...[Buffer.from('ISTC'), le(1, 0, 0, 0, 0, 0, 0, 0, 1010), named('AppIcon')],
        le(28, 1, 0, 12 + 4 * sizes.length),
        le(1004, 8, 0, 0, 1006, 4, 1),
        ...[Buffer.from('SISM'), le(1, sizes.length / 3, ...sizes)],
      ]);
    expect(records.map(({ value }) => value)).toEqual([
      record(20, 20, 1, 29, 29, 2, 40, 40, 3, 60, 60, 4),
      record(20, 20, 1, 29, 29, 2, 40, 40, 3, 76, 76, 5, 83, 83, 6),
      record(1024, 1024, 7),
    ]);
  });

  test.each([
    [180, 3, 736],
    [76, 1, 320],
    [29, 1, 128],
    [1024, 1, 4096],
  ] as const)('of %i pixels at %i× have rows of %i bytes', (edge, scale, rowBytes) => {
    const { pairs } = written(ios(image('iphone', edge / scale, scale))).tree('RENDITIONS');
    const record = pairs[1]?.value ?? Buffer.alloc(0);
    const payload = record.subarray(288);
    const opacity = 0x3f800000;
    expect(record.subarray(0, 288)).toEqual(
      Buffer.concat([
        ...[Buffer.from('ISTC'), le(1, 0, edge, edge, scale * 100), Buffer.from('BGRA')],
        ...[le(1, 0, 12), named(`icon-${edge}.png`), le(104, 1, 0, payload.length)],
        le(1001, 20, 1, 0, 0, edge, edge),
        le(1003, 28, 1, 0, 0, 0, 0, edge, edge),
        le(1004, 8, 0, opacity, 1006, 4, 1, 1007, 4, rowBytes),
      ]),
    );
    expect(payload.subarray(0, 16)).toEqual(
      Buffer.concat([Buffer.from('MLEC'), le(0, 2, payload.length - 16)]),
    );
    expect(payload.subarray(16, 26)).toEqual(hex('1f8b 08 00 00000000 00 00'));
    const rows = gunzipSync(payload.subarray(16));
    const row = Buffer.concat([Buffer.alloc(edge * 4, hex('404040ff')), Buffer.alloc(rowBytes - edge * 4)]);
    expect(rows.equals(Buffer.alloc(rowBytes * edge, row))).toBe(true);
  });

  test('hold blue before green before red, multiplied by alpha', () => {
    const data = Buffer.from([255, 128, 0, 255, 255, 128, 0, 128, 10, 20, 30, 0, 1, 2, 3, 255]);
    const mixed: CatalogImage = { ...image('mac', 2), picture: { edgePixels: 2, channels: 4, data } };
    const { pairs } = written(macos(mixed)).tree('RENDITIONS');
    const record = pairs.find(({ value }) => value.toString('latin1', 288, 292) === 'MLEC');
    const rows = gunzipSync(record?.value.subarray(304) ?? Buffer.alloc(0));
    expect(rows.subarray(0, 8)).toEqual(hex('0080ffff 00408080'));
    expect(rows.subarray(32, 40)).toEqual(hex('00000000 030201ff'));
  });
});

describe('the writer', () => {
  test('makes equal bytes of equal icons', () => {
    expect(writeIconCatalog(classic).equals(writeIconCatalog(classic))).toBe(true);
  });

  test.each([
    [
      'that is not square',
      { ...image('iphone', 8), picture: { ...picture(8), data: Buffer.alloc(8 * 7 * 3) } },
    ],
    ['of another size than it is said to have', { ...image('iphone', 8), picture: picture(16) }],
  ])('refuses a picture %s', (_, wrong) => {
    expect(() => writeIconCatalog(ios(wrong))).toThrow(RangeError);
  });

  test('refuses an appearance that icons of macOS do not have', () => {
    expect(() => writeIconCatalog(macos({ ...image('mac', 16), appearance: 'dark' }))).toThrow(RangeError);
  });
});
