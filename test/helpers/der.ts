/** Writes ASN.1 by hand, for files that no tool would make. */

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  const hex = size.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

const value = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
};

const base128 = (arc: number): number[] =>
  arc < 0x80 ? [arc] : [...base128(Math.floor(arc / 128)).map((byte) => byte | 0x80), arc % 128];

export const der = {
  seq: (...parts: Buffer[]): Buffer => value(0x30, ...parts),
  explicit: (tag: number, ...parts: Buffer[]): Buffer => value(0xa0 + tag, ...parts),
  octets: (content: Buffer): Buffer => value(0x04, content),
  /** An OCTET STRING in two pieces, legal in BER. */
  splitOctets: (content: Buffer): Buffer =>
    value(0x24, value(0x04, content.subarray(0, 10)), value(0x04, content.subarray(10))),
  integer: (number: number): Buffer => value(0x02, Buffer.from([number])),
  oid: (dotted: string): Buffer => {
    const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
    return value(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
  },
};

/** A SEQUENCE without a length, closed by an end mark. */
export const indefinite = (...parts: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0x30, 0x80]), ...parts, Buffer.from([0, 0])]);
