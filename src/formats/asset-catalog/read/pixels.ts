import { gunzipSync } from 'node:zlib';
import { decodeLzfse } from '../../lzfse/decode.ts';
import { LzfseFault } from '../../lzfse/fault.ts';
import { decodeLzvn } from '../../lzfse/lzvn.ts';
import { demand, malformed } from './malformed.ts';
import { type PixelChunk, pixelChunks, readPixelHeader } from './pixel-data.ts';
import { PROPERTY_BYTES_PER_ROW, propertyOf, type Rendition } from './rendition.ts';
import { decodeRunLengths, type RowTarget } from './run-lengths.ts';
import type { Store } from './store.ts';

/** By the letters in the record: color with alpha, gray with alpha, and both with 16 bits a channel. */
const BYTES_PER_PIXEL: Readonly<Record<string, number>> = { BGRA: 4, '8AG': 2, WBGR: 8, '61AG': 4 };
/** A chunk costs about as much time as that many bytes. */
const CHUNK_COST_BYTES = 4096;
/** No picture of an app has a longer side. */
const MAX_SIDE = 16_384;

/** The pixels of a picture, as they lie in memory: alpha is premultiplied, `BGRA` has blue first. */
export interface Pixels extends RowTarget {
  readonly pixelFormat: string;
  readonly rows: Buffer;
}

/** How many bytes may still be decoded; one that is shared by many pictures bounds them together. */
export interface PixelBudget {
  bytes: number;
}

/**
 * Decodes the pixels of a picture.
 *
 * @returns the name of the encoding when it is not one that is read here · nothing for what is no picture
 * @throws ShipError ASSET_CATALOG_MALFORMED
 */
export function decodePixels(
  store: Store,
  rendition: Rendition,
  budget: PixelBudget,
): Pixels | string | undefined {
  const header = readPixelHeader(store, rendition.payload);
  if (!header) return undefined;
  const bytesPerPixel = BYTES_PER_PIXEL[rendition.pixelFormat];
  const decode = DECODERS[header.encoding];
  if (!decode) return header.encoding;
  if (bytesPerPixel === undefined) return `${header.encoding} of ${JSON.stringify(rendition.pixelFormat)}`;
  const target = targetOf(rendition, bytesPerPixel);
  const chunks = pixelChunks(store, rendition.payload, header);
  budget.bytes -= target.rowBytes * target.height + CHUNK_COST_BYTES * (chunks.length - 1);
  demand(budget.bytes >= 0, 'Its pictures have more pixels than are decoded here.');
  return { ...target, pixelFormat: rendition.pixelFormat, rows: joined({ store, chunks, target, decode }) };
}

function targetOf(rendition: Rendition, bytesPerPixel: number): RowTarget {
  const { width, height } = rendition;
  demand(width > 0 && width <= MAX_SIDE, () => `A picture is ${width} pixels wide.`);
  demand(height > 0 && height <= MAX_SIDE, () => `A picture is ${height} pixels high.`);
  const property = propertyOf(rendition, PROPERTY_BYTES_PER_ROW);
  const least = width * bytesPerPixel;
  const rowBytes = property && property.length >= 4 ? property.readUInt32LE(0) : least;
  demand(
    rowBytes >= least && rowBytes <= least + 1024,
    () => `A row of ${width} pixels has ${rowBytes} bytes.`,
  );
  return { width, height, bytesPerPixel, rowBytes };
}

/** @returns at most `maxBytes` */
type Decoder = (stored: Buffer, maxBytes: number, target: RowTarget) => Buffer;

const DECODERS: Readonly<Record<string, Decoder>> = {
  uncompressed: (stored) => stored,
  rle: (stored, _, target) => decodeRunLengths(stored, target),
  zip: (stored, maxOutputLength) => gunzipSync(stored, { maxOutputLength }),
  lzvn: decodeLzvn,
  lzfse: decodeLzfse,
};

interface Joining {
  readonly store: Store;
  readonly chunks: readonly PixelChunk[];
  readonly target: RowTarget;
  readonly decode: Decoder;
}

/** Chunk after chunk, each with its rows. */
function joined({ store, chunks, target, decode }: Joining): Buffer {
  const rows = Buffer.alloc(target.rowBytes * target.height);
  let done = 0;
  for (const chunk of chunks) {
    const wanted = chunk.rows === undefined ? rows.length : chunk.rows * target.rowBytes;
    demand(done + wanted <= rows.length, 'The chunks of a picture have more rows than the picture.');
    const decoded = decodeChunk({ store, chunk, wanted, target, decode });
    demand(decoded.length === wanted, () => `Pixels of ${wanted} bytes decode to ${decoded.length}.`);
    decoded.copy(rows, done);
    done += wanted;
  }
  demand(done === rows.length, () => `A picture of ${rows.length} bytes has pixels for ${done}.`);
  return rows;
}

interface ChunkReading {
  readonly store: Store;
  readonly chunk: PixelChunk;
  readonly wanted: number;
  readonly target: RowTarget;
  readonly decode: Decoder;
}

function decodeChunk({ store, chunk, wanted, target, decode }: ChunkReading): Buffer {
  // twice what comes out: more than any encoder needs for what does not get smaller
  demand(chunk.length <= 2 * wanted + 4096, () => `${chunk.length} bytes are stored for ${wanted}.`);
  const stored = store.part(chunk.block, 'the pixels of a rendition', chunk);
  try {
    return decode(stored, wanted, target);
  } catch (error) {
    if (error instanceof LzfseFault)
      throw malformed(`The pixels of a rendition do not decode. ${error.message}`, error);
    if (isZlibError(error))
      throw malformed('The pixels of a rendition are no gzip stream of the right length.', error);
    throw error;
  }
}

const isZlibError = (error: unknown): boolean => {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE';
};

/** Whether any pixel is not opaque; only said of channels with eight bits. */
export function hasTransparency({
  rows,
  rowBytes,
  width,
  height,
  bytesPerPixel,
  pixelFormat,
}: Pixels): boolean {
  if (pixelFormat !== 'BGRA' && pixelFormat !== '8AG') return false;
  for (let row = 0; row < height; row++)
    for (
      let at = row * rowBytes + bytesPerPixel - 1;
      at < row * rowBytes + width * bytesPerPixel;
      at += bytesPerPixel
    )
      if (rows[at] !== 0xff) return true;
  return false;
}
