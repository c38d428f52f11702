export type TagClass = 'universal' | 'application' | 'context' | 'private';

/** One ASN.1 value, read from DER or BER; end marks are already dealt with. */
export interface Asn1 {
  readonly tagClass: TagClass;
  readonly tag: number;
  readonly isConstructed: boolean;
  readonly children: readonly Asn1[];
  /** What is between the header and the end, as it was encoded. */
  readonly content: Buffer;
  /** The whole value as it was encoded. */
  readonly raw: Buffer;
}

/** Thrown for every form that is not what the reader expects; callers turn it into their own failure. */
export class Asn1Error extends Error {}

/** Nothing is broken, but this worker cannot, or will not, open such a file; no password would help. */
export class UnsupportedForm extends Asn1Error {}

/** Universal tags. */
export const tags = {
  boolean: 1,
  integer: 2,
  octetString: 4,
  null: 5,
  oid: 6,
  utf8String: 12,
  sequence: 16,
  set: 17,
  utcTime: 23,
  generalizedTime: 24,
  bmpString: 30,
} as const;

export const isUniversal = (node: Asn1 | undefined, tag: number): node is Asn1 =>
  node?.tagClass === 'universal' && node.tag === tag;

/** The node when it has the universal tag that the format asks for. @throws Asn1Error */
export function expectTag(node: Asn1 | undefined, tag: number): Asn1 {
  if (!isUniversal(node, tag)) throw new Asn1Error(`an element of ASN.1 type ${tag} is missing in it`);
  return node;
}

/** The child at `index`. @throws Asn1Error when there is none */
export function child(node: Asn1, index: number): Asn1 {
  const found = node.children[index];
  if (!found) throw new Asn1Error(`a part of the structure is missing (number ${index})`);
  return found;
}

/** The value in `[tag]`, or nothing. */
export const tagged = (node: Asn1, tag: number): Asn1 | undefined =>
  node.children.find((part) => part.tagClass === 'context' && part.tag === tag);

export const isOctets = (node: Asn1 | undefined): boolean => isUniversal(node, tags.octetString);

export const isInteger = (node: Asn1 | undefined): boolean => isUniversal(node, tags.integer);

/** Bytes of an OCTET STRING, also when it is cut in pieces, as BER writers that stream do. */
export function octets(node: Asn1): Buffer {
  if (!node.isConstructed) return node.content;
  return Buffer.concat(node.children.map(octets));
}

/** A non-negative INTEGER that fits in 31 bits: iteration counts, versions, lengths. */
export function smallInteger(node: Asn1): number {
  if (!isInteger(node) || node.isConstructed || node.content.length === 0)
    throw new Asn1Error('an integer is missing');
  if ((node.content[0] ?? 0) > 0x7f) throw new Asn1Error('a number is negative');
  const hex = node.content.toString('hex').replace(/^0+/, '');
  return hex.length > 8 ? Number.POSITIVE_INFINITY : Number.parseInt(hex || '0', 16);
}

/** An INTEGER of any size in hex without leading zeros, as serial numbers are compared. */
export const serialHexOf = (node: Asn1 | undefined): string =>
  expectTag(node, tags.integer)
    .content.toString('hex')
    .replace(/^(00)+/, '');

/** An OBJECT IDENTIFIER in dotted form. @throws Asn1Error */
export function oidOf(node: Asn1 | undefined): string {
  if (!isUniversal(node, tags.oid)) throw new Asn1Error('an object identifier is missing');
  const arcs = base128(node.content);
  const first = arcs[0] ?? 0;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...arcs.slice(1)].join('.');
}

/** Whole arcs only: one that has no end, or a beginning of nothing but zeros, would be a second form of another. */
function base128(bytes: Buffer): number[] {
  const arcs: number[] = [];
  let arc = 0;
  let isInside = false;
  for (const byte of bytes) {
    if (!isInside && byte === 0x80) throw new Asn1Error('an object identifier is malformed');
    arc = arc * 128 + (byte & 0x7f);
    isInside = byte >= 0x80;
    if (isInside) continue;
    arcs.push(arc);
    arc = 0;
  }
  if (isInside || arcs.length === 0) throw new Asn1Error('an object identifier is malformed');
  return arcs;
}

/** UTCTime or GeneralizedTime in Zulu, as RFC 5652 and RFC 3161 ask for. @throws Asn1Error */
export function timeOf(node: Asn1 | undefined): Date {
  const text = node?.content.toString('latin1') ?? '';
  const match = /^(\d{2})?(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\.\d+)?Z$/.exec(text);
  if (!match) throw new Asn1Error('a time in it has no known form');
  const [, century, year, month, day, hour, minute, second] = match;
  const wholeYear = (century ?? (Number(year) < 50 ? '20' : '19')) + year;
  const time = new Date(`${wholeYear}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time.getTime())) throw new Asn1Error('a time in it is not a real one');
  return time;
}

/** Text of a name or a key: UTF-8, or UTF-16 where the type says so. */
export const textOf = ({ tag, content }: Asn1): string =>
  tag === tags.bmpString && content.length % 2 === 0
    ? Buffer.from(content).swap16().toString('utf16le')
    : content.toString('utf8');

/** The value in DER: as it came, unless a part of it has an open end, as BER allows. */
export function derOf(node: Asn1): Buffer {
  if (node.children.length === 0) return node.raw;
  const content = Buffer.concat(node.children.map(derOf));
  // every type that a signature is made over has a one-byte tag
  return Buffer.concat([node.raw.subarray(0, 1), derLength(content.length), content]);
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}
