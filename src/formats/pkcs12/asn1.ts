import { type BaseBlock, fromBER } from 'asn1js';

/** Far above what certificates, PKCS#12 files and CMS envelopes need, low enough that nothing can pile up. */
const LIMITS = { maxDepth: 40, maxNodes: 20_000, maxContentLength: 2 * 1024 * 1024 };

export type TagClass = 'universal' | 'application' | 'context' | 'private';
const TAG_CLASSES: Readonly<Record<number, TagClass>> = {
  1: 'universal',
  2: 'application',
  3: 'context',
  4: 'private',
};
const OBJECT_IDENTIFIER = 6;
const OCTET_STRING = 4;
const INTEGER = 2;

/** One ASN.1 value, read from DER or BER; lengths and end marks are already dealt with. */
export interface Asn1 {
  readonly tagClass: TagClass;
  readonly tag: number;
  readonly children: readonly Asn1[];
  /** Content bytes of a primitive value; empty for a constructed one. */
  readonly content: Buffer;
  /** The whole value as it was encoded. */
  readonly raw: Buffer;
}

/** Thrown for every form that is not what the reader expects; callers turn it into their own failure. */
export class Asn1Error extends Error {}

/** Nothing is broken, but this worker cannot, or will not, open such a file; no password would help. */
export class UnsupportedForm extends Asn1Error {}

/** Reads the one value at the start of `bytes`. @throws Asn1Error */
export function readAsn1(bytes: Uint8Array): Asn1 {
  const { offset, result } = fromBER(bytes, { ...LIMITS, parseEmbedded: false, copyInput: false });
  if (offset === -1) throw new Asn1Error(`not ASN.1: ${result.error}`);
  return toAsn1(result);
}

function toAsn1(block: BaseBlock): Asn1 {
  const value = block.valueBlock as { value?: unknown; valueHexView?: Uint8Array };
  const children =
    block.idBlock.isConstructed && Array.isArray(value.value) ? (value.value as BaseBlock[]) : [];
  return {
    tagClass: TAG_CLASSES[block.idBlock.tagClass] ?? 'private',
    tag: block.idBlock.tagNumber,
    children: children.filter((child) => !isEndMark(child)).map(toAsn1),
    content: block.idBlock.isConstructed ? Buffer.alloc(0) : contentOf(block),
    raw: view(block.valueBeforeDecodeView),
  };
}

const isEndMark = (block: BaseBlock): boolean =>
  block.idBlock.tagClass === 1 && block.idBlock.tagNumber === 0;

/** Taken from the encoding itself: the library keeps decoded forms for some types and bytes for others. */
const contentOf = (block: BaseBlock): Buffer => {
  const { blockLength: id } = block.idBlock;
  const { blockLength: length } = block.lenBlock;
  return view(block.valueBeforeDecodeView).subarray(id + length);
};

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The child at `index`. @throws Asn1Error when there is none */
export function child(node: Asn1, index: number): Asn1 {
  const found = node.children[index];
  if (!found) throw new Asn1Error(`a part of the structure is missing (number ${index})`);
  return found;
}

/** The value in `[tag]`, or nothing. */
export const tagged = (node: Asn1, tag: number): Asn1 | undefined =>
  node.children.find((part) => part.tagClass === 'context' && part.tag === tag);

const isUniversal = (node: Asn1, tag: number): boolean => node.tagClass === 'universal' && node.tag === tag;

export const isOctets = (node: Asn1 | undefined): boolean =>
  node !== undefined && isUniversal(node, OCTET_STRING);

export const isInteger = (node: Asn1 | undefined): boolean =>
  node !== undefined && isUniversal(node, INTEGER);

/** Bytes of an OCTET STRING, also when it is cut in pieces, as BER writers that stream do. */
export const octets = (node: Asn1): Buffer =>
  node.children.length === 0 ? node.content : Buffer.concat(node.children.map(octets));

/** A non-negative INTEGER that fits in 31 bits: iteration counts, versions, lengths. */
export function smallInteger(node: Asn1): number {
  if (!isInteger(node) || node.content.length === 0) throw new Asn1Error('an integer is missing');
  if ((node.content[0] ?? 0) > 0x7f) throw new Asn1Error('a number is negative');
  const hex = node.content.toString('hex').replace(/^0+/, '');
  return hex.length > 8 ? Number.POSITIVE_INFINITY : Number.parseInt(hex || '0', 16);
}

/** An OBJECT IDENTIFIER in dotted form. */
export function oid(node: Asn1): string {
  if (!isUniversal(node, OBJECT_IDENTIFIER)) throw new Asn1Error('an object identifier is missing');
  const arcs = base128(node.content);
  const first = arcs[0] ?? 0;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...arcs.slice(1)].join('.');
}

function base128(bytes: Buffer): number[] {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  return arcs;
}

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
