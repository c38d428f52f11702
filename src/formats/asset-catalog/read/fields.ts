import { malformed } from './malformed.ts';

/** The container is big-endian; what lies in its blocks is little-endian. */
export type ByteOrder = 'big' | 'little';

/** Numbers and ranges of hostile bytes: every offset is checked before it is used. */
export class Fields {
  readonly bytes: Buffer;
  /** Named in errors, with its article: `the key format`. */
  readonly what: string;
  readonly #order: ByteOrder;

  constructor(bytes: Buffer, what: string, order: ByteOrder = 'little') {
    this.bytes = bytes;
    this.what = what;
    this.#order = order;
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    return this.range(at, 1)[0] as number;
  }

  u16(at: number): number {
    const two = this.range(at, 2);
    return this.#order === 'little' ? two.readUInt16LE(0) : two.readUInt16BE(0);
  }

  u32(at: number): number {
    const four = this.range(at, 4);
    return this.#order === 'little' ? four.readUInt32LE(0) : four.readUInt32BE(0);
  }

  /** `count` numbers of 32 bits. */
  u32s(at: number, count: number): number[] {
    const range = new Fields(this.range(at, count * 4), this.what, this.#order);
    return Array.from({ length: count }, (_, index) => range.u32(index * 4));
  }

  /** A view, not a copy. */
  range(at: number, length: number): Buffer {
    const fits = at >= 0 && length >= 0 && at + length <= this.bytes.length;
    if (!fits)
      throw malformed(`${length} bytes at ${at} of ${this.what} lie outside its ${this.length} bytes.`);
    return this.bytes.subarray(at, at + length);
  }

  /** Four characters as they stand in the file. */
  tag(at: number): string {
    return this.range(at, 4).toString('latin1');
  }

  /** Text in a field of fixed length, up to the first NUL. */
  text(at: number, length: number): string {
    const field = this.range(at, length);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end < 0 ? length : end);
  }
}
