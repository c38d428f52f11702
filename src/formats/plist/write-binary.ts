import { PlistFault } from './limits.ts';
import { APPLE_EPOCH_MS } from './read-binary.ts';
import { isDict, PlistReal, type PlistValue } from './value.ts';

interface BinaryObject {
  bytes: Buffer;
  /** Objects that this one refers to; written after `bytes`. */
  readonly refs: readonly number[];
}

/**
 * Writes a `bplist00` file, with equal scalars stored once.
 *
 * Our own writer and not `bplist-creator` (0.3): there, a dict with a key `bplistOverride` or `UID` is taken for
 * an instruction to the library (our dicts come from strangers), and the time grows with the square of the size.
 */
export function writeBinaryPlist(value: PlistValue): Buffer {
  const objects: BinaryObject[] = [];
  const known = new Map<string, number>();
  const add = (object: BinaryObject): number => objects.push(object) - 1;
  const visit = (item: PlistValue): number => {
    if (Array.isArray(item) || isDict(item)) return addContainer(item);
    const bytes = scalarBytes(item);
    const key = bytes.toString('latin1');
    const index = known.get(key) ?? add({ bytes, refs: [] });
    known.set(key, index);
    return index;
  };
  const addContainer = (item: PlistValue[] | Record<string, PlistValue>): number => {
    const index = add({ bytes: Buffer.alloc(0), refs: [] });
    const values = Object.values(item);
    const keys = Array.isArray(item) ? [] : Object.keys(item).map(visit);
    const bytes = counted(Array.isArray(item) ? 0xa0 : 0xd0, values.length);
    objects[index] = { bytes, refs: [...keys, ...values.map(visit)] };
    return index;
  };
  visit(value);
  return assemble(objects);
}

function assemble(objects: readonly BinaryObject[]): Buffer {
  const refBytes = widthOf(objects.length);
  const chunks: Buffer[] = [Buffer.from('bplist00', 'latin1')];
  const offsets: number[] = [];
  let length = 8;
  for (const { bytes, refs } of objects) {
    offsets.push(length);
    const chunk = Buffer.concat([bytes, ...refs.map((ref) => uint(ref, refBytes))]);
    chunks.push(chunk);
    length += chunk.length;
  }
  const offsetBytes = widthOf(length);
  const trailer = Buffer.alloc(32);
  trailer.writeUInt8(offsetBytes, 6);
  trailer.writeUInt8(refBytes, 7);
  trailer.writeBigUInt64BE(BigInt(objects.length), 8);
  trailer.writeBigUInt64BE(BigInt(length), 24);
  return Buffer.concat([...chunks, ...offsets.map((offset) => uint(offset, offsetBytes)), trailer]);
}

function scalarBytes(value: PlistValue): Buffer {
  if (typeof value === 'boolean') return Buffer.from([value ? 0x09 : 0x08]);
  if (typeof value === 'string') return stringBytes(value);
  if (typeof value === 'bigint') return integerBytes(value);
  if (typeof value === 'number')
    return Number.isInteger(value) ? integerBytes(BigInt(value)) : double(0x23, value);
  if (value instanceof PlistReal) return double(0x23, value.value);
  if (value instanceof Date) return double(0x33, (value.getTime() - APPLE_EPOCH_MS) / 1000);
  if (Buffer.isBuffer(value)) return Buffer.concat([counted(0x40, value.length), value]);
  throw new PlistFault('It holds a value that a plist cannot hold');
}

const stringBytes = (value: string): Buffer => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the question is exactly whether all are ASCII
  if (/^[\x00-\x7f]*$/.test(value))
    return Buffer.concat([counted(0x50, value.length), Buffer.from(value, 'latin1')]);
  return Buffer.concat([counted(0x60, value.length), Buffer.from(value, 'utf16le').swap16()]);
};

/** Negative ones take 8 bytes (shorter forms are unsigned), those above 2^63 - 1 take 16. */
function integerBytes(value: bigint): Buffer {
  const power = value < 0n ? 3 : [8n, 16n, 32n, 63n].findIndex((bits) => value < 1n << bits);
  const width = power < 0 ? 16 : 2 ** power;
  const hex = BigInt.asUintN(width * 8, value)
    .toString(16)
    .padStart(width * 2, '0');
  return Buffer.from(`${(0x10 | Math.log2(width)).toString(16)}${hex}`, 'hex');
}

const double = (marker: number, value: number): Buffer => {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(marker);
  bytes.writeDoubleBE(value, 1);
  return bytes;
};

const counted = (marker: number, count: number): Buffer =>
  count < 15
    ? Buffer.from([marker | count])
    : Buffer.concat([Buffer.from([marker | 0xf]), integerBytes(BigInt(count))]);

/** A zero value would have no width of its own, hence at least one byte. */
const widthOf = (largest: number): number => (largest < 0x100 ? 1 : largest < 0x10000 ? 2 : 4);

const uint = (value: number, width: number): Buffer => {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntBE(value, 0, width);
  return bytes;
};
