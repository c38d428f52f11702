import { Transform, type TransformCallback } from 'node:stream';

/** A multiple of 3, so that pieces of this size are encoded without carrying bytes over. */
export const BASE64_INPUT_CHUNK_BYTES = 192 * 1024;

/**
 * The text comes about as strings, and those of more than 128 KiB cost the engine five times as much; a multiple of 3.
 */
const SLICE_BYTES = 24 * 1024;

/** Length of the padded standard base64 text of `sizeBytes` bytes. */
export const base64Length = (sizeBytes: number): number => 4 * Math.ceil(sizeBytes / 3);

/**
 * Bytes in, one padded base64 text (RFC 4648, section 4, no line breaks) out, whatever the pieces are cut
 * like. Holds at most two bytes besides the piece it works on.
 */
export class Base64Encoder extends Transform {
  #carried: Buffer = Buffer.alloc(0);
  readonly #onEncoded: (bytes: number) => void;

  /** @param onEncoded called with the number of input bytes that were encoded since the last call */
  constructor(onEncoded: (bytes: number) => void = () => {}) {
    super({ highWaterMark: BASE64_INPUT_CHUNK_BYTES });
    this.#onEncoded = onEncoded;
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = this.#carried.length === 0 ? piece : Buffer.concat([this.#carried, piece]);
    const whole = bytes.length - (bytes.length % 3);
    // a copy of two bytes at most: a view would keep the whole piece alive
    this.#carried = Buffer.from(bytes.subarray(whole));
    this.#encode(bytes.subarray(0, whole));
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#encode(this.#carried);
    done();
  }

  #encode(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const text = Buffer.allocUnsafeSlow(base64Length(bytes.length));
    for (let start = 0, at = 0; start < bytes.length; start += SLICE_BYTES)
      at += text.write(bytes.toString('base64', start, start + SLICE_BYTES), at, 'latin1');
    this.push(text);
    this.#onEncoded(bytes.length);
  }
}
