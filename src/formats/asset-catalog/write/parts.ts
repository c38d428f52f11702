/** Parts that blocks are put together of. */

/** Numbers of 32 bits, little-endian: everything inside of blocks. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value, 4 * i);
  return bytes;
}

/** Numbers of 16 bits, little-endian. */
export function halfWords(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt16LE(value, 2 * i);
  return bytes;
}

/** Four letters as they stand in the file; most read backwards, because they are little-endian numbers. */
export const tag = (letters: string): Buffer => Buffer.from(letters, 'latin1');

/** A text in a field of this many bytes, filled up with zeros; what does not fit is cut off before the last one. */
export function field(text: string, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  bytes.write(text, 0, sizeBytes - 1, 'utf8');
  return bytes;
}
