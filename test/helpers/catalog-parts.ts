/**
 * Compiled asset catalogs, made up piece by piece for the tests of the reader. It knows nothing of the compiler in
 * `src`: what it writes was compared with files of actool, and a test may bend every part of it.
 */

export const le32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, index * 4);
  return bytes;
};

export const be32 = (...values: readonly number[]): Buffer => le32(...values).swap32();

export const le16 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(value, index * 2);
  return bytes;
};

const be16 = (...values: readonly number[]): Buffer => le16(...values).swap16();

export const padded = (text: string, length: number): Buffer =>
  Buffer.concat([Buffer.from(text), Buffer.alloc(length)], length);

const filled = (bytes: Buffer, length: number): Buffer =>
  Buffer.concat([bytes, Buffer.alloc(Math.max(0, length - bytes.length))]);

/** Blocks are numbered from 1 as they are added. */
export class StoreParts {
  readonly blocks: Buffer[] = [];
  readonly variables: [name: string, block: number][] = [];

  add(bytes: Buffer): number {
    return this.blocks.push(bytes);
  }

  name(name: string, block: number): void {
    this.variables.push([name, block]);
  }

  /** Adds header, root and entries of a tree with one leaf, in the order of actool. */
  tree(name: string, entries: readonly (readonly [key: Buffer, value: Buffer])[], pageBytes = 4096): void {
    const header = this.add(Buffer.alloc(29));
    const root = this.add(Buffer.alloc(0));
    const pairs = entries.map(([key, value]) => [this.add(key), this.add(value)] as const);
    const lengths = new Set(entries.map(([key]) => key.length));
    const keyBytes = lengths.size === 1 ? (entries[0]?.[0].length ?? 0) : 0xffffffff;
    const words = pairs.flatMap(([key, value]) => [value, key]);
    const copies = lengths.size === 1 ? [be32(0), ...entries.map(([key]) => key)] : [];
    const node = Buffer.concat([be16(1, entries.length), be32(0, 0, ...words), ...copies]);
    const nodeBytes = pageBytes + (lengths.size === 1 ? entries.length * keyBytes : 0);
    this.blocks[root - 1] = filled(node, nodeBytes);
    this.blocks[header - 1] = treeHeader({ root, pageBytes, entries: entries.length, inline: 0, keyBytes });
    this.name(name, header);
  }

  inlineTree(name: string, entries: readonly (readonly [key: number, value: Buffer])[]): void {
    const header = this.add(Buffer.alloc(29));
    const root = this.add(Buffer.alloc(0));
    const words = entries.flatMap(([key, value]) => [this.add(value), key]);
    this.blocks[root - 1] = filled(Buffer.concat([be16(1, entries.length), be32(0, 0, ...words)]), 1024);
    this.blocks[header - 1] = treeHeader({
      root,
      pageBytes: 1024,
      entries: entries.length,
      inline: 1,
      keyBytes: 0,
    });
    this.name(name, header);
  }

  /** Header, blocks on multiples of 16, variables, index. */
  bytes(): Buffer {
    const parts: Buffer[] = [Buffer.alloc(512)];
    let length = 512;
    const put = (bytes: Buffer): number => {
      const gap = -length & 15;
      parts.push(Buffer.alloc(gap), bytes);
      length += gap + bytes.length;
      return length - bytes.length;
    };
    const slots = Math.max(256, (this.blocks.length + 8) & ~7);
    const places = this.blocks.flatMap((block) => [put(block), block.length]);
    const variables = Buffer.concat([
      be32(this.variables.length),
      ...this.variables.flatMap(([name, block]) => [
        be32(block),
        Buffer.from([name.length]),
        Buffer.from(name),
      ]),
    ]);
    const variablesAt = put(variables);
    const index = filled(be32(slots, 0, 0, ...places), 4 + slots * 8 + 20);
    const indexAt = put(index);
    const header = [1, this.blocks.length, indexAt, index.length, variablesAt, variables.length];
    parts[0] = filled(Buffer.concat([Buffer.from('BOMStore'), be32(...header)]), 512);
    return Buffer.concat(parts);
  }
}

interface TreeHeaderParts {
  readonly root: number;
  readonly pageBytes: number;
  readonly entries: number;
  readonly inline: number;
  readonly keyBytes: number;
}

export const treeHeader = ({ root, pageBytes, entries, inline, keyBytes }: TreeHeaderParts): Buffer =>
  Buffer.concat([
    Buffer.from('tree'),
    be32(1, root, pageBytes, entries),
    Buffer.from([inline]),
    be32(keyBytes, 0),
  ]);

export const carHeader = (renditions: number): Buffer =>
  Buffer.concat([
    Buffer.from('RATC'),
    le32(970, 17, 0, renditions),
    padded('@(#)PROGRAM:CoreUI  PROJECT:CoreUI-970.1', 128),
    padded('Xcode 26.0 (17A324) via AssetCatalogSimulatorAgent', 256),
    Buffer.alloc(16),
    le32(0, 2, 1, 2),
  ]);

export const metadata = (minimumOs: string, platform: string): Buffer =>
  Buffer.concat([
    Buffer.from('META'),
    padded('', 256),
    padded(minimumOs, 256),
    padded(platform, 256),
    padded('test', 256),
  ]);

export interface RecordParts {
  readonly width: number;
  readonly height: number;
  readonly scalePercent?: number;
  readonly pixelFormat?: string;
  readonly colorSpaceId?: number;
  readonly layout: number;
  readonly name: string;
  readonly properties: readonly (readonly [type: number, data: Buffer])[];
  readonly payload: Buffer;
}

export function record(parts: RecordParts): Buffer {
  const { width, height, scalePercent = 0, pixelFormat = '', colorSpaceId = 0, layout, name } = parts;
  const properties = Buffer.concat(
    parts.properties.flatMap(([type, data]) => [le32(type, data.length), data]),
  );
  return Buffer.concat([
    Buffer.from('ISTC'),
    le32(1, 0, width, height, scalePercent),
    padded(pixelFormat, 4),
    le32(colorSpaceId, 0),
    le16(layout, 0),
    padded(name, 128),
    le32(properties.length, 1, 0, parts.payload.length),
    properties,
    parts.payload,
  ]);
}

/** The properties of a picture whose rows are as long as this. */
export const pictureProperties = (
  width: number,
  height: number,
  rowBytes: number,
): RecordParts['properties'] => [
  [1001, le32(1, 0, 0, width, height)],
  [1003, le32(1, 0, 0, 0, 0, width, height)],
  [1004, le32(0, 0x3f800000)],
  [1006, le32(1)],
  [1007, le32(rowBytes)],
];

/** The header of pixels, and what follows it. @param count - of chunks, for those that are divided */
export const pixels = (compression: number, stored: Buffer, flags = 0, count = stored.length): Buffer =>
  Buffer.concat([Buffer.from('MLEC'), le32(flags, compression, count), stored]);

export const iconSizes = (
  sizes: readonly (readonly [width: number, height: number, index: number])[],
): Buffer =>
  record({
    width: 0,
    height: 0,
    layout: 1010,
    name: 'AppIcon',
    properties: [
      [1004, le32(0, 0)],
      [1006, le32(1)],
    ],
    payload: Buffer.concat([Buffer.from('SISM'), le32(1, sizes.length, ...sizes.flat())]),
  });
