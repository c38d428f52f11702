import { demand } from './fault.ts';

/** Up to here a loop is faster than the call of `copyWithin`. */
const SHORT_COPY_BYTES = 32;

/** What has been decoded so far; a match copies from it. */
export class Output {
  readonly bytes: Buffer;
  length = 0;

  /** @param maxBytes - all memory that the output takes, whatever the stream claims */
  constructor(maxBytes: number) {
    this.bytes = Buffer.alloc(maxBytes);
  }

  /** Takes literal bytes from a buffer that has them. */
  literals(from: Uint8Array, at: number, count: number): void {
    this.#room(count);
    if (count > SHORT_COPY_BYTES) this.bytes.set(from.subarray(at, at + count), this.length);
    else
      for (let index = 0; index < count; index++)
        this.bytes[this.length + index] = from[at + index] as number;
    this.length += count;
  }

  /** Repeats what stands `distance` bytes back; it may reach into what it writes itself. */
  match(distance: number, count: number): void {
    demand(
      distance > 0 && distance <= this.length,
      () => `A match reaches ${distance} bytes back, and there are ${this.length}.`,
    );
    this.#room(count);
    const { bytes, length } = this;
    const from = length - distance;
    if (count > SHORT_COPY_BYTES && distance >= count) bytes.copyWithin(length, from, from + count);
    else for (let index = 0; index < count; index++) bytes[length + index] = bytes[from + index] as number;
    this.length += count;
  }

  #room(count: number): void {
    demand(
      this.length + count <= this.bytes.length,
      () => `It decodes to more than ${this.bytes.length} bytes.`,
    );
  }
}
