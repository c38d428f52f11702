import { MAC_ICONS, pixelsOf } from './sizes.ts';

/** Type codes of the entries that hold PNG, by points and scale; both 32 px and both 256 px files have one each. */
const ENTRY_TYPES: Readonly<Record<string, string>> = {
  '16@1': 'icp4',
  '16@2': 'ic11',
  '32@1': 'icp5',
  '32@2': 'ic12',
  '128@1': 'ic07',
  '128@2': 'ic13',
  '256@1': 'ic08',
  '256@2': 'ic14',
  '512@1': 'ic09',
  '512@2': 'ic10',
};

/**
 * Writes an Apple icon image: `icns`, the whole length, then type, length and PNG of each entry, all big-endian; the
 * ten entries that `iconutil` makes out of a complete `.iconset`.
 *
 * @param pngOf - the PNG of an edge length in pixels: 16, 32, 64, 128, 256, 512 and 1024
 */
export function buildIcns(pngOf: (pixels: number) => Buffer): Buffer {
  const entries = MAC_ICONS.map((size) =>
    chunk(ENTRY_TYPES[`${size.points}@${size.scale}`] ?? '', pngOf(pixelsOf(size))),
  );
  return chunk('icns', Buffer.concat(entries));
}

function chunk(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(content.length + 8, 4);
  return Buffer.concat([head, content]);
}
