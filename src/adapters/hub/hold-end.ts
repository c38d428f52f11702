import { Transform, type TransformCallback } from 'node:stream';

/** Passes `sizeBytes` bytes on, but the last one only when `released` has resolved. */
export class HoldEnd extends Transform {
  #leftBytes: number;
  readonly #released: Promise<void>;

  constructor(sizeBytes: number, released: Promise<void>) {
    super();
    this.#leftBytes = sizeBytes;
    this.#released = released;
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#leftBytes -= piece.length;
    if (this.#leftBytes > 0) return done(null, piece);
    if (piece.length > 1) this.push(piece.subarray(0, -1));
    void this.#released.then(() => done(null, piece.subarray(-1)), done);
  }
}
