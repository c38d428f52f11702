const POLYNOMIAL = 0x04c11db7;

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ POLYNOMIAL : value << 1;
  return value;
});

/**
 * The checksum of the POSIX utility `cksum`, which a bill of materials has for each file: CRC-32 from the highest bit
 * on, over the bytes and then over their number. No reflected CRC-32, such as zlib's, gives the same.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/cksum.html
 */
export class Cksum {
  #value = 0;
  #sizeBytes = 0;

  update(bytes: Uint8Array): this {
    this.#value = updated(this.#value, bytes);
    this.#sizeBytes += bytes.length;
    return this;
  }

  /** Of all bytes so far. */
  digest(): number {
    const size: number[] = [];
    for (let rest = this.#sizeBytes; rest > 0; rest = Math.floor(rest / 256)) size.push(rest % 256);
    return ~updated(this.#value, Uint8Array.from(size)) >>> 0;
  }
}

function updated(value: number, bytes: Uint8Array): number {
  let crc = value;
  for (let at = 0; at < bytes.length; at += 1)
    crc = (crc << 8) ^ (table[(crc >>> 24) ^ (bytes[at] as number)] as number);
  return crc;
}
