/** Bodies of bplist00 objects (https://github.com/apple-oss-distributions/CF/blob/main/CFBinaryPList.c). */
const counted = (kind: number, count: number, body: Buffer): Buffer => {
  const head = Buffer.from([(kind << 4) | 0xf, 0x12, 0, 0, 0, 0]);
  head.writeUInt32BE(count, 2);
  return Buffer.concat([head, body]);
};
export const dataObject = (bytes: Buffer): Buffer => counted(0x4, bytes.length, bytes);
export const arrayOf = (references: readonly number[]): Buffer => {
  const body = Buffer.alloc(references.length * 3);
  for (const [index, reference] of references.entries()) body.writeUIntBE(reference, index * 3, 3);
  return counted(0xa, references.length, body);
};

/**
 * A binary property list whose table of objects may name one place many times.
 *
 * @param bodies - the first is the root
 * @param table - for each object the index of its body; object n is the n-th body when left out
 * @param shift - added to the place of each object, by its number
 */
export function sharedPlist(
  bodies: readonly Buffer[],
  table: readonly number[] = bodies.map((_, index) => index),
  shift: (object: number) => number = () => 0,
): Buffer {
  const starts: number[] = [];
  let end = 8;
  for (const body of bodies) {
    starts.push(end);
    end += body.length;
  }
  const offsets = Buffer.alloc(table.length * 4);
  for (const [object, body] of table.entries())
    offsets.writeUInt32BE((starts[body] ?? 0) + shift(object), object * 4);
  const trailer = Buffer.alloc(32);
  trailer[6] = 4;
  trailer[7] = 3;
  trailer.writeBigUInt64BE(BigInt(table.length), 8);
  trailer.writeBigUInt64BE(BigInt(end), 24);
  return Buffer.concat([Buffer.from('bplist00'), ...bodies, offsets, trailer]);
}
