import { le32 } from './catalog-parts.ts';
import { iconCatalog } from './icon-catalog.ts';

const lzfseStored = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from('bvx-'), le32(bytes.length), bytes, Buffer.from('bvx$')]);

/** Literals and nothing else, 271 at most at a time. */
export function lzvnStored(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 271) {
    const part = bytes.subarray(at, at + 271);
    const code = part.length >= 16 ? [0xe0, part.length - 16] : [0xe0 | part.length];
    parts.push(Buffer.from(code), part);
  }
  return Buffer.concat([...parts, Buffer.from([6, 0, 0, 0, 0, 0, 0, 0])]);
}

const chunked = (rows: Buffer, sizePx: number, pack: (bytes: Buffer) => Buffer): Buffer => {
  const rowBytes = rows.length / sizePx;
  const first = Math.floor(sizePx / 3);
  return Buffer.concat(
    [
      [0, first],
      [first, sizePx - first],
    ].flatMap(([start = 0, count = 0]) => {
      const stored = pack(rows.subarray(start * rowBytes, (start + count) * rowBytes));
      return [Buffer.from('KCBC'), le32(0, 0, count, stored.length), stored];
    }),
  );
};

/** For each row its place, then one count and the pixels themselves; a row of one color becomes a run. */
export function runLengths(rows: Buffer, sizePx: number): Buffer {
  const rowBytes = rows.length / sizePx;
  const items = Array.from({ length: sizePx }, (_, row) => {
    const pixels = rows.subarray(row * rowBytes, row * rowBytes + sizePx * 4);
    const isRun = pixels.equals(Buffer.alloc(pixels.length, pixels.subarray(0, 4)));
    return Buffer.concat(isRun ? [le32(0x80000000 + sizePx), pixels.subarray(0, 4)] : [le32(sizePx), pixels]);
  });
  let place = 12 + 4 * sizePx;
  const places = items.map(({ length }) => {
    place += length;
    return place - length;
  });
  return Buffer.concat([le32(4, sizePx, sizePx, ...places), ...items]);
}

const SIZE = 24;

/** A catalog for each way in which pixels are stored. */
export const catalogKinds: Readonly<Record<string, Buffer>> = {
  zip: iconCatalog({ sizePx: SIZE }),
  uncompressed: iconCatalog({ sizePx: SIZE, stored: (rows) => [0, rows] }),
  rle: iconCatalog({ sizePx: SIZE, stored: (rows) => [1, runLengths(rows, SIZE)] }),
  lzvn: iconCatalog({ sizePx: SIZE, stored: (rows) => [3, lzvnStored(rows)] }),
  lzfse: iconCatalog({ sizePx: SIZE, stored: (rows) => [4, lzfseStored(rows)] }),
  'lzfse in chunks': iconCatalog({
    sizePx: SIZE,
    stored: (rows) => [4, chunked(rows, SIZE, lzfseStored), 3, 2],
  }),
};
