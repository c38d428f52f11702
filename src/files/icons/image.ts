import type { CreateRaw } from 'sharp';
import { PNG_HEAD_BYTES, pngSize } from '../../domain/icons/index.ts';
import type { Picture } from '../../formats/asset-catalog/write/index.ts';

/** Loaded for the first icon: most commands draw none, and it is the largest part of a start. */
async function loadSharp() {
  const { default: sharp } = await import('sharp');
  // one thread and no cache: an icon takes milliseconds, and the memory of several jobs must not add up
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

/** 64 MiB decoded. A small PNG can announce gigabytes. */
const MAX_INPUT_EDGE = 4096;
const MAX_INPUT_PIXELS = MAX_INPUT_EDGE * MAX_INPUT_EDGE;
/** A line of millions of pixels has few in all, and takes a gigabyte or half a minute to be made a square. */
const MAX_EDGE_PIXELS = 8192;
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Everything is drawn from one picture of this edge, the largest that any icon needs. */
const MASTER_PIXELS = 1024;
const WHITE = { r: 255, g: 255, b: 255, alpha: 1 };
const CLEAR = { r: 0, g: 0, b: 0, alpha: 0 };

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** One icon, ready in every size. */
export interface IconArt {
  /** A PNG of this edge length: 8 bit sRGB; without an alpha channel (colour type 2) when it was flattened. */
  pngOf(pixels: number, options: { signal: AbortSignal }): Promise<Buffer>;
  /** The same pixels, not compressed; the same object each time. */
  pictureOf(pixels: number, options: { signal: AbortSignal }): Promise<Picture>;
}

async function open(bytes: Buffer) {
  const sharp = await loadSharp();
  return { picture: sharp(bytes, { limitInputPixels: MAX_INPUT_PIXELS, failOn: 'error' }) };
}

/** Only PNG gets as far as the decoder: sharp would take an SVG, which can name other files, as well. */
export async function sizeOfPng(bytes: Buffer): Promise<ImageSize> {
  if (!bytes.subarray(0, 8).equals(PNG_SIGNATURE)) throw new Error('it is not a PNG file');
  const announced = pngSize(bytes.subarray(0, PNG_HEAD_BYTES));
  if (announced) requireBounded(announced);
  const { picture } = await open(bytes);
  const { width, height } = await picture.metadata();
  requireBounded({ width, height });
  return { width, height };
}

/** The decoder has the same limit, and names no number. */
function requireBounded({ width, height }: ImageSize): void {
  const what = `it has ${width} × ${height} pixels`;
  if (Math.max(width, height) > MAX_EDGE_PIXELS)
    throw new Error(`${what}, and ${MAX_EDGE_PIXELS} is the longest edge that is read`);
  if (width * height > MAX_INPUT_PIXELS)
    throw new Error(`${what}, and ${MAX_INPUT_EDGE} × ${MAX_INPUT_EDGE} is the most that is read`);
}

/**
 * Why no icon can be drawn from a picture. It is decoded to its end, line by line: one that begins well may be damaged
 * behind that.
 *
 * @returns undefined when it can be drawn from
 */
export async function pictureFault(bytes: Buffer): Promise<string | undefined> {
  try {
    await sizeOfPng(bytes);
    const { picture } = await open(bytes);
    await picture.resize(1, 1, { fit: 'fill' }).raw().toBuffer();
    return undefined;
  } catch (error) {
    return firstLine(error);
  }
}

/** What is wrong with a picture, of all that the decoder says. */
export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 200) ?? '';

export interface ArtOptions {
  /**
   * True for iOS, whose icons may not have an alpha channel at all (transparent parts become white); false for macOS,
   * whose icons bring their own outline, and where the system puts a background of its own behind.
   */
  readonly flatten: boolean;
  /** Only its lightness is kept. */
  readonly isGrey?: boolean;
}

/**
 * Decodes a PNG and makes it the square that icons are drawn from; what is not square is centred, not stretched. Colours
 * of other profiles become sRGB.
 *
 * @throws Error when the file is no PNG, damaged or too large
 */
export async function loadArt(bytes: Buffer, { flatten, isGrey = false }: ArtOptions): Promise<IconArt> {
  await sizeOfPng(bytes);
  const { picture } = await open(bytes);
  const square = (isGrey ? picture.modulate({ saturation: 0 }) : picture)
    .toColourspace('srgb')
    .resize(MASTER_PIXELS, MASTER_PIXELS, { fit: 'contain', background: flatten ? WHITE : CLEAR });
  const prepared = flatten ? square.flatten({ background: WHITE }).removeAlpha() : square.ensureAlpha();
  const { data, info } = await prepared.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return artOf(data, { width: info.width, height: info.height, channels: info.channels });
}

function artOf(master: Buffer, raw: CreateRaw): IconArt {
  const channels = raw.channels === 4 ? 4 : 3;
  const pngOf = (pixels: number) =>
    resized(master, raw, pixels).then((size) => size.png({ palette: false, compressionLevel: 9 }).toBuffer());
  const pictureOf = async (pixels: number): Promise<Picture> => {
    const data =
      pixels === raw.width
        ? master
        : await resized(master, raw, pixels).then((size) => size.raw().toBuffer());
    return { edgePixels: pixels, channels, data };
  };
  return { pngOf: once(pngOf), pictureOf: once(pictureOf) };
}

/** Each size is made when it is first asked for. */
function once<T>(make: (pixels: number) => Promise<T>) {
  const made = new Map<number, T>();
  return async (pixels: number, { signal }: { signal: AbortSignal }): Promise<T> => {
    signal.throwIfAborted();
    const value = made.get(pixels) ?? (await make(pixels));
    made.set(pixels, value);
    return value;
  };
}

async function resized(data: Buffer, raw: CreateRaw, pixels: number) {
  const sharp = await loadSharp();
  return sharp(data, { raw }).resize(pixels, pixels);
}
