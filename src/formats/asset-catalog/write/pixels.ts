import { gzipSync } from 'node:zlib';
import { tag, words } from './parts.ts';

/** Square, rows from the top, straight alpha; 3 bytes a pixel (RGB, opaque) or 4 (RGBA). */
export interface Picture {
  readonly edgePixels: number;
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
}

const ROW_ALIGNMENT = 32;
const COMPRESSED_BY_GZIP = 2;
/** Where a gzip member says on what system it was made (RFC 1952, 2.3). */
const GZIP_SYSTEM_AT = 9;
/** Higher ones save a hundredth of a drawing, and take twice as long for a photograph. */
const GZIP_LEVEL = 6;

/** Bytes of a row of 4 bytes a pixel. */
export const rowBytes = (edgePixels: number): number =>
  Math.ceil((edgePixels * 4) / ROW_ALIGNMENT) * ROW_ALIGNMENT;

/**
 * The pixels of a rendition: `MLEC`, flags, how they are compressed, how many bytes follow. The flags are 0 also for an
 * opaque picture: CoreUI takes them for a promise about chunks, which gzip has none of.
 *
 * @throws RangeError when the picture is not square, or has more or less data than its edge says
 */
export function pixelPayload(picture: Picture): Buffer {
  const compressed = gzipSync(premultipliedBgra(picture), { level: GZIP_LEVEL });
  compressed[GZIP_SYSTEM_AT] = 0;
  return Buffer.concat([tag('MLEC'), words(0, COMPRESSED_BY_GZIP, compressed.length), compressed]);
}

/** Blue, green, red, alpha, with the colours multiplied by alpha; what fills up a row is zero. */
export function premultipliedBgra({ edgePixels, channels, data }: Picture): Buffer {
  if (data.length !== edgePixels * edgePixels * channels)
    throw new RangeError(`${data.length} bytes are no square of ${edgePixels} pixels`);
  const stride = rowBytes(edgePixels);
  const rows = Buffer.alloc(stride * edgePixels);
  for (let y = 0; y < edgePixels; y += 1) {
    let from = y * edgePixels * channels;
    for (let to = y * stride; to < y * stride + edgePixels * 4; to += 4, from += channels) {
      const alpha = channels === 4 ? (data[from + 3] as number) : 255;
      rows[to] = multiplied(data[from + 2] as number, alpha);
      rows[to + 1] = multiplied(data[from + 1] as number, alpha);
      rows[to + 2] = multiplied(data[from] as number, alpha);
      rows[to + 3] = alpha;
    }
  }
  return rows;
}

const multiplied = (colour: number, alpha: number): number =>
  alpha === 255 ? colour : Math.round((colour * alpha) / 255);
