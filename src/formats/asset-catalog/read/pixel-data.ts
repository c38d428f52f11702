import { Fields } from './fields.ts';
import { demand, malformed } from './malformed.ts';
import type { Payload } from './rendition.ts';
import type { Store } from './store.ts';

const HEADER_BYTES = 16;
const CHUNK_HEADER_BYTES = 20;
/** One for each row of the highest picture. */
const MAX_CHUNKS = 16_384;
const CHUNKED = 1;
const OPAQUE = 2;

/** How the pixels are stored, by the number in their header. */
const ENCODINGS = [
  'uncompressed',
  'rle',
  'zip',
  'lzvn',
  'lzfse',
  'jpeg-lzfse',
  'blurred',
  'astc',
  'palette-img',
  'hevc',
  'deepmap-lzfse',
  'deepmap2',
] as const;

/** Names of encodings, as Apple's `assetutil -I` shows them; one that nobody has described has only its number. */
const encodingName = (compression: number): string => ENCODINGS[compression] ?? `compression ${compression}`;

/** How the pixels of a picture are stored. */
export interface PixelHeader {
  readonly compression: number;
  readonly encoding: string;
  /** The writer says that no pixel is transparent; only said of chunks. */
  readonly opaque: boolean;
  readonly isChunked: boolean;
  /** Chunks, or bytes of pixels that are not divided. */
  readonly length: number;
}

export interface PixelChunk extends Payload {
  /** Of the picture; absent for the only one. */
  readonly rows?: number;
}

/** What stands before the pixels of a picture; nothing when there is something else, as data or a color. */
export function readPixelHeader(store: Store, payload: Payload): PixelHeader | undefined {
  const what = 'the pixels of a rendition';
  if (payload.length < HEADER_BYTES) return undefined;
  const header = new Fields(store.part(payload.block, what, { at: payload.at, length: HEADER_BYTES }), what);
  if (header.tag(0) !== 'MLEC') return undefined;
  const [flags, compression, length] = [header.u32(4), header.u32(8), header.u32(12)];
  return {
    compression,
    encoding: encodingName(compression),
    opaque: (flags & OPAQUE) !== 0,
    isChunked: (flags & CHUNKED) !== 0,
    length,
  };
}

/** Where the pixels lie, in one piece or in several. */
export const pixelChunks = (store: Store, payload: Payload, header: PixelHeader): readonly PixelChunk[] =>
  header.isChunked ? readChunks(store, payload, header.length) : [whole(payload, header.length)];

function whole({ block, at, length }: Payload, stored: number): PixelChunk {
  const room = length - HEADER_BYTES;
  demand(stored <= room, () => `The pixels of a rendition have ${stored} bytes, and ${room} are there.`);
  return { block, at: at + HEADER_BYTES, length: stored };
}

function readChunks(store: Store, payload: Payload, count: number): PixelChunk[] {
  const what = 'a chunk of pixels';
  demand(count <= MAX_CHUNKS, `A rendition has ${count} chunks of pixels.`);
  const end = payload.at + payload.length;
  const chunks: PixelChunk[] = [];
  let at = payload.at + HEADER_BYTES;
  while (chunks.length < count) {
    if (at + CHUNK_HEADER_BYTES > end) throw malformed('The chunks of a rendition end too early.');
    const header = new Fields(store.part(payload.block, what, { at, length: CHUNK_HEADER_BYTES }), what);
    demand(header.tag(0) === 'KCBC', () => `A chunk of pixels begins with ${JSON.stringify(header.tag(0))}.`);
    const [rows, length] = [header.u32(12), header.u32(16)];
    demand(rows > 0, 'A chunk of pixels has no rows.');
    at += CHUNK_HEADER_BYTES;
    demand(at + length <= end, () => `A chunk of ${length} bytes ends behind its rendition.`);
    chunks.push({ block: payload.block, at, length, rows });
    at += length;
  }
  return chunks;
}
