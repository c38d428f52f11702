import { Fields } from './fields.ts';
import { demand } from './malformed.ts';

const HEADER_BYTES = 12;
/** Of the count before one pixel that is repeated. */
const REPEATED = 0x80000000;

/** What stands before the run lengths, by the bytes of a pixel: of color with alpha, and of gray with alpha. */
const KINDS: Readonly<Record<number, number>> = { 4: 4, 2: 3 };

/** Where the rows of a picture go. */
export interface RowTarget {
  readonly width: number;
  readonly height: number;
  readonly bytesPerPixel: number;
  readonly rowBytes: number;
}

/** Decodes the run lengths of CoreUI: the place of each row, then counts, each with one pixel or with that many. */
export function decodeRunLengths(stored: Buffer, target: RowTarget): Buffer {
  const { width, height, bytesPerPixel, rowBytes } = target;
  const fields = new Fields(stored, 'the run lengths of a rendition');
  const [kind, ...sides] = [fields.u32(0), fields.u32(4), fields.u32(8)];
  demand(
    kind === KINDS[bytesPerPixel],
    () => `Run lengths of the kind ${kind} have ${bytesPerPixel} bytes a pixel.`,
  );
  demand(
    sides[0] === width && sides[1] === height,
    () => `Run lengths for ${sides.join(' by ')} pixels stand in a picture of ${width} by ${height}.`,
  );
  const rows = Buffer.alloc(rowBytes * height);
  const places = fields.u32s(HEADER_BYTES, height);
  for (const [row, place] of places.entries())
    decodeRow(
      fields,
      place,
      rows.subarray(row * rowBytes, row * rowBytes + width * bytesPerPixel),
      bytesPerPixel,
    );
  return rows;
}

function decodeRow(fields: Fields, place: number, row: Buffer, bytesPerPixel: number): void {
  let at = place;
  for (let done = 0; done < row.length; ) {
    const item = fields.u32(at);
    const isRun = item >= REPEATED;
    const length = (isRun ? item - REPEATED : item) * bytesPerPixel;
    demand(length > 0 && done + length <= row.length, 'A run of pixels does not fit its row.');
    const pixels = fields.range(at + 4, isRun ? bytesPerPixel : length);
    if (isRun) row.fill(pixels, done, done + length);
    else pixels.copy(row, done);
    at += 4 + pixels.length;
    done += length;
  }
}
