import { malformed } from './malformed.ts';

/**
 * Reads numbers and ranges out of hostile bytes: every offset is checked before it is used, and a range that
 * leaves the buffer is SIGNATURE_MALFORMED, never a RangeError.
 */
export class Bytes {
  readonly buffer: Buffer;
  /** Named in errors, e.g. `CodeDirectory`. */
  readonly what: string;
  readonly littleEndian: boolean;

  constructor(buffer: Buffer, what: string, littleEndian = false) {
    this.buffer = buffer;
    this.what = what;
    this.littleEndian = littleEndian;
  }

  get length(): number {
    return this.buffer.length;
  }

  u8(offset: number): number {
    return this.range(offset, 1).readUInt8(0);
  }

  u32(offset: number): number {
    const four = this.range(offset, 4);
    return this.littleEndian ? four.readUInt32LE(0) : four.readUInt32BE(0);
  }

  /** A 64-bit number; one beyond 2^53 cannot be an offset in a real file. */
  u64(offset: number): number {
    const eight = this.range(offset, 8);
    const value = this.littleEndian ? eight.readBigUInt64LE(0) : eight.readBigUInt64BE(0);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw malformed(this.what, `the number at ${offset} is ${value}`);
    return Number(value);
  }

  /** A view, not a copy. */
  range(offset: number, length: number): Buffer {
    const fits = offset >= 0 && length >= 0 && offset + length <= this.buffer.length;
    if (!fits)
      throw malformed(this.what, `${length} bytes at ${offset} lie outside its ${this.buffer.length} bytes`);
    return this.buffer.subarray(offset, offset + length);
  }

  /** Text up to the next NUL, at most `maxLength` bytes. */
  text(offset: number, maxLength = 1024): string {
    const rest = this.range(offset, Math.max(0, Math.min(maxLength, this.buffer.length - offset)));
    const end = rest.indexOf(0);
    if (end < 0) throw malformed(this.what, `the text at ${offset} has no end`);
    return rest.toString('utf8', 0, end);
  }
}

/** The first byte is zero and every byte equals the one before it: one comparison in native code. */
export const isAllZero = (bytes: Buffer): boolean =>
  bytes.length === 0 || (bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1)));
