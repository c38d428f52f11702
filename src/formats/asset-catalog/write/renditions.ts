import { field, halfWords, tag, words } from './parts.ts';
import { rowBytes } from './pixels.ts';

const VERSION = 1;
const LAYOUTS = { image: 12, multiSize: 1010 } as const;
const SRGB = 1;
/** The bits of the number 1 with a fraction, of 32 bits. */
const FULLY_OPAQUE = 0x3f800000;

/** Numbers of the entries of the list between header and payload. */
const LISTED = { slices: 1001, metrics: 1003, blend: 1004, orientation: 1006, rowBytes: 1007 } as const;

export interface ImageRecord {
  /** Of the file that it was made of; only shown. */
  readonly name: string;
  readonly edgePixels: number;
  readonly scale: 1 | 2 | 3;
  /** As `pixelPayload` makes it. */
  readonly payload: Buffer;
}

/** The value of a rendition that is a picture. */
export const imageRecord = ({ name, edgePixels, scale, payload }: ImageRecord): Buffer =>
  record({
    name,
    format: Buffer.concat([words(edgePixels, edgePixels, scale * 100), tag('BGRA'), words(SRGB)]),
    layout: LAYOUTS.image,
    list: [
      entry(LISTED.slices, [1, 0, 0, edgePixels, edgePixels]),
      entry(LISTED.metrics, [1, 0, 0, 0, 0, edgePixels, edgePixels]),
      entry(LISTED.blend, [0, FULLY_OPAQUE]),
      entry(LISTED.orientation, [1]),
      entry(LISTED.rowBytes, [rowBytes(edgePixels)]),
    ],
    payload,
  });

/** One size of an icon, and the number under which its pictures are found. */
export interface IndexedSize {
  /** Edge; the half of 83.5 is left out. */
  readonly points: number;
  readonly index: number;
}

/** The value of a rendition that tells the sizes of an icon; without it nobody finds the pictures. */
export const multiSizeRecord = (name: string, sizes: readonly IndexedSize[]): Buffer =>
  record({
    name,
    format: Buffer.alloc(20),
    layout: LAYOUTS.multiSize,
    list: [entry(LISTED.blend, [0, 0]), entry(LISTED.orientation, [1])],
    payload: Buffer.concat([
      tag('SISM'),
      words(1, sizes.length),
      ...sizes.map(({ points, index }) => words(Math.floor(points), Math.floor(points), index)),
    ]),
  });

interface RenditionRecord {
  readonly name: string;
  /** Width, height, scale, pixel format, colour space. */
  readonly format: Buffer;
  readonly layout: number;
  readonly list: readonly Buffer[];
  readonly payload: Buffer;
}

/** Flags and time are zero. The bitmap count is 1 also where there is none: CoreUI refuses a record without. */
function record({ name, format, layout, list, payload }: RenditionRecord): Buffer {
  const listed = Buffer.concat(list);
  return Buffer.concat([
    tag('ISTC'),
    words(VERSION, 0),
    format,
    words(0),
    halfWords(layout, 0),
    field(name, 128),
    words(listed.length, 1, 0, payload.length),
    listed,
    payload,
  ]);
}

const entry = (type: number, content: readonly number[]): Buffer =>
  words(type, 4 * content.length, ...content);
