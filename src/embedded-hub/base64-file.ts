import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline as pipelineWithCallback, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BASE64_INPUT_CHUNK_BYTES, Base64Encoder } from '../adapters/hub/base64-body.ts';
import type { BundleCorruption } from './types.ts';

/** The base64 text of a file; the error of either stream ends both. */
export function encodedFile(path: string, corruption?: BundleCorruption): Readable {
  const bytes = createReadStream(path, { highWaterMark: BASE64_INPUT_CHUNK_BYTES });
  const text = new Base64Encoder();
  if (corruption === undefined) return pipelineWithCallback(bytes, text, () => {});
  pipelineWithCallback(bytes, inBytes(corruption), text, () => {});
  return Readable.from(inText(corruption)(text));
}

type Alter = (pieces: AsyncIterable<Buffer>) => AsyncGenerator<Buffer>;

const inBytes = (corruption: BundleCorruption): Alter =>
  async function* (pieces) {
    for await (const piece of pieces) yield corruption === 'flippedBytes' ? flipped(piece) : piece;
  };

/** 64 bytes in the middle of every piece. */
const flipped = (piece: Buffer): Buffer => {
  const from = Math.floor(piece.length / 2);
  return Buffer.from(piece.map((byte, at) => (at >= from && at < from + 64 ? byte ^ 0xff : byte)));
};

const inText = (corruption: BundleCorruption): Alter =>
  async function* (pieces) {
    if (corruption === 'strayPrefix') return yield* shifted(pieces);
    for await (const piece of pieces) {
      if (corruption === 'empty') continue;
      if (corruption === 'badAlphabet') piece[3] = 0x2a;
      if (corruption === 'truncated') return yield piece.subarray(0, (piece.length >> 1) - 1);
      yield piece;
    }
  };

/** 12 foreign bytes in front, 12 bytes of the text lost at the end: the length stays. */
async function* shifted(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held = Buffer.from('\u0010\u0002;;\u0001~~\u0007!!%%');
  const { length } = held;
  for await (const piece of pieces) {
    const text = Buffer.concat([held, piece]);
    held = text.subarray(text.length - length);
    yield text.subarray(0, text.length - length);
  }
}

export interface DecodedUpload {
  readonly sizeBytes: number;
  readonly sha256Hex: string;
  /** False when a real hub would have decoded something else than what was meant. */
  readonly isBase64: boolean;
  /** True when not one byte came, not even white space. */
  readonly isEmpty: boolean;
}

/** Decodes a base64 body into a file, piece by piece; white space around it is nothing, as the hub trims it. */
export async function decodeToFile(body: Readable, path: string): Promise<DecodedUpload> {
  const decoder = new Base64Decoder();
  await pipeline(body, (pieces: AsyncIterable<Buffer>) => decoder.decode(pieces), createWriteStream(path));
  return decoder.result();
}

/** Lenient like the hub's decoder, but knows whether the text was what it should be. */
class Base64Decoder {
  readonly #digest = createHash('sha256');
  #sizeBytes = 0;
  #receivedBytes = 0;
  #isSound = true;
  #sawPadding = false;

  async *decode(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let carried = '';
    for await (const piece of pieces) {
      this.#receivedBytes += piece.length;
      const text = carried + piece.toString('latin1').trim();
      const whole = text.length - (text.length % 4);
      carried = text.slice(whole);
      if (whole > 0) yield this.#group(text.slice(0, whole));
    }
    if (carried !== '') yield this.#group(carried);
  }

  #group(text: string): Buffer {
    const bytes = Buffer.from(text, 'base64');
    this.#isSound &&= isStandard(text, bytes.length) && !this.#sawPadding;
    this.#sawPadding ||= text.endsWith('=');
    this.#sizeBytes += bytes.length;
    this.#digest.update(bytes);
    return bytes;
  }

  result(): DecodedUpload {
    return {
      sizeBytes: this.#sizeBytes,
      sha256Hex: this.#digest.digest('hex'),
      isBase64: this.#isSound,
      isEmpty: this.#receivedBytes === 0,
    };
  }
}

/** The decoder skips what it does not know, so that foreign characters show in the length; "-" and "_" do not. */
function isStandard(text: string, decodedBytes: number): boolean {
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  const isWhole = text.length % 4 === 0 && decodedBytes === (text.length / 4) * 3 - padding;
  return isWhole && !text.includes('-') && !text.includes('_');
}
