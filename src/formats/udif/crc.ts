/** CRC-32 of zlib and PNG, its bits reversed. */
const POLYNOMIAL = 0xedb88320;
/** x^0, the highest bit. */
const ONE = 0x80000000;

/**
 * The CRC-32 of two runs of bytes one after the other, from that of each: what `crc32_combine` of zlib does, which Node
 * does not have. The first is multiplied by x to the number of bits of the second.
 */
export function joinedCrc(first: number, second: number, secondBytes: number): number {
  let power = ONE;
  let square = ONE >>> 8; // x^8, one byte
  for (let bytes = secondBytes; bytes > 0; bytes = Math.floor(bytes / 2)) {
    if (bytes % 2 === 1) power = product(square, power);
    square = product(square, square);
  }
  return (product(power, first) ^ second) >>> 0;
}

/** Of two polynomials, modulo that of the CRC. */
function product(left: number, right: number): number {
  let [sum, shifted] = [0, right];
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((left & bit) !== 0) sum ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return sum >>> 0;
}
