import { MAX_PLIST_VALUES, PlistBudget, PlistFault } from './limits.ts';
import { integerValue, realValue } from './number.ts';
import { newDict, type PlistValue } from './value.ts';

/** Dates count seconds from 2001-01-01T00:00:00Z. */
export const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1);
const HEADER_BYTES = 8;
const TRAILER_BYTES = 32;

/**
 * Reads a `bplist00` file (layout: the comment at the top of Apple's open source CFBinaryPList.c).
 *
 * Our own reader and not `bplist-parser` (0.5): that one cannot tell a real of value 2 from an integer, follows
 * cycles until the stack ends, clips what lies outside the file, and prints to the console.
 *
 * @throws PlistFault
 */
export function readBinaryPlist(bytes: Buffer, budget = new PlistBudget()): PlistValue {
  const reader = new BinaryPlistReader(bytes, budget);
  return reader.valueAt(reader.top);
}

class BinaryPlistReader {
  readonly top: number;
  private readonly bytes: Buffer;
  private readonly refBytes: number;
  private readonly offsets: number[];
  private readonly budget: PlistBudget;
  /** Scalars already read, by their place: one that many objects share is decoded once. */
  private readonly scalars = new Map<number, PlistValue>();
  private readonly ancestors = new Set<number>();

  constructor(bytes: Buffer, budget: PlistBudget) {
    this.budget = budget;
    if (bytes.length < HEADER_BYTES + TRAILER_BYTES)
      throw new PlistFault('It is too short for a binary plist');
    const trailer = bytes.subarray(-TRAILER_BYTES);
    const offsetBytes = trailer.readUInt8(6);
    const [count, top, tableAt] = [8, 16, 24].map((at) => Number(trailer.readBigUInt64BE(at))) as [
      number,
      number,
      number,
    ];
    const end = bytes.length - TRAILER_BYTES;
    if (count > MAX_PLIST_VALUES) throw new PlistFault(`It holds more than ${MAX_PLIST_VALUES} values`);
    this.bytes = bytes.subarray(0, end);
    this.refBytes = trailer.readUInt8(7);
    if (!isWidth(offsetBytes) || !isWidth(this.refBytes)) throw new PlistFault('Its trailer is malformed');
    if (tableAt < HEADER_BYTES || tableAt + count * offsetBytes > end || top >= count)
      throw new PlistFault('Its table of objects does not lie inside the file');
    this.offsets = Array.from({ length: count }, (_, i) => this.uint(tableAt + i * offsetBytes, offsetBytes));
    this.top = top;
  }

  valueAt(index: number): PlistValue {
    this.budget.spendValue();
    const offset = this.offsets[index];
    if (offset === undefined || offset < HEADER_BYTES)
      throw new PlistFault('An object lies outside the file');
    const marker = this.uint(offset, 1);
    if (marker >> 4 === 0xa || marker >> 4 === 0xd) return this.containerAt(offset, marker);
    const value = this.scalars.get(offset) ?? this.scalarAt(offset, marker);
    this.scalars.set(offset, value);
    if (typeof value === 'string' || Buffer.isBuffer(value)) this.budget.spendContent(value.length);
    return value;
  }

  private containerAt(offset: number, marker: number): PlistValue {
    if (this.ancestors.has(offset)) throw new PlistFault('An object contains itself');
    this.ancestors.add(offset);
    const [count, at] = this.countAt(offset, marker);
    const isArray = marker >> 4 === 0xa;
    this.slice(at, count * this.refBytes * (isArray ? 1 : 2));
    const value = this.budget.within(() => (isArray ? this.arrayAt(at, count) : this.dictAt(at, count)));
    this.ancestors.delete(offset);
    return value;
  }

  private arrayAt(at: number, count: number): PlistValue[] {
    const items: PlistValue[] = [];
    for (let i = 0; i < count; i += 1) items.push(this.valueAt(this.ref(at, i)));
    return items;
  }

  private dictAt(at: number, count: number): PlistValue {
    const dict = newDict();
    for (let i = 0; i < count; i += 1) {
      const key = this.valueAt(this.ref(at, i));
      if (typeof key !== 'string') throw new PlistFault('A dict has a key that is not a string');
      // of XML the last one counts for Core Foundation; here it takes the first, and others do not
      if (Object.hasOwn(dict, key))
        throw new PlistFault('A dict has one key twice, and programs disagree about which counts');
      dict[key] = this.valueAt(this.ref(at, count + i));
    }
    return dict;
  }

  private scalarAt(offset: number, marker: number): PlistValue {
    const info = marker & 0xf;
    const body = offset + 1;
    switch (marker >> 4) {
      case 0x0:
        if (marker === 0x08 || marker === 0x09) return marker === 0x09;
        break;
      case 0x1:
        if (info <= 4) return this.integer(body, 2 ** info);
        break;
      case 0x2:
        if (info === 2) return realValue(this.slice(body, 4).readFloatBE());
        if (info === 3) return realValue(this.slice(body, 8).readDoubleBE());
        break;
      case 0x3:
        if (info === 3) return this.date(body);
        break;
      case 0x4:
        return Buffer.from(this.counted(offset, marker, 1));
      case 0x5:
        return this.counted(offset, marker, 1).toString('latin1');
      case 0x6:
        return Buffer.from(this.counted(offset, marker, 2))
          .swap16()
          .toString('utf16le');
    }
    throw new PlistFault(`It holds an object of the type 0x${marker.toString(16)}, which has no place here`);
  }

  /** 1, 2 and 4 bytes are unsigned, 8 and 16 bytes are signed. */
  private integer(at: number, width: number): number | bigint {
    const unsigned = BigInt(`0x${this.slice(at, width).toString('hex')}`);
    return integerValue(width < 8 ? unsigned : BigInt.asIntN(width * 8, unsigned));
  }

  private date(at: number): Date {
    const date = new Date(APPLE_EPOCH_MS + Math.round(this.slice(at, 8).readDoubleBE() * 1000));
    if (Number.isNaN(date.getTime())) throw new PlistFault('A date is out of range');
    return date;
  }

  private counted(offset: number, marker: number, unitBytes: number): Buffer {
    const [count, at] = this.countAt(offset, marker);
    return this.slice(at, count * unitBytes);
  }

  /** The count of an object and where its content starts; 15 and more stands in an integer of its own. */
  private countAt(offset: number, marker: number): [count: number, contentAt: number] {
    if ((marker & 0xf) < 0xf) return [marker & 0xf, offset + 1];
    const sizeMarker = this.uint(offset + 1, 1);
    const width = 2 ** (sizeMarker & 0xf);
    if (sizeMarker >> 4 !== 1 || width > 8) throw new PlistFault('A count is malformed');
    return [this.uint(offset + 2, width), offset + 2 + width];
  }

  private ref(at: number, position: number): number {
    return this.uint(at + position * this.refBytes, this.refBytes);
  }

  private uint(at: number, width: number): number {
    const field = this.slice(at, width);
    return width <= 6 ? field.readUIntBE(0, width) : Number(BigInt(`0x${field.toString('hex')}`));
  }

  private slice(at: number, length: number): Buffer {
    if (at + length > this.bytes.length) throw new PlistFault('An object reaches beyond the end of the file');
    return this.bytes.subarray(at, at + length);
  }
}

const isWidth = (bytes: number): boolean => bytes >= 1 && bytes <= 8;
