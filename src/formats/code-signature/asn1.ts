import { type BaseBlock, Constructed, fromBER, ObjectIdentifier } from 'asn1js';
import { checkBerForm } from './ber-form.ts';
import { malformed, readingHostile } from './malformed.ts';

/** One element of a DER value, with its bytes exactly as they were sent. */
export interface DerNode {
  /** 1 universal, 3 context specific. */
  readonly tagClass: number;
  readonly tag: number;
  readonly raw: Buffer;
  /** What is between the header and the end. */
  readonly content: Buffer;
  readonly children: readonly DerNode[];
  readonly oid?: string;
}

export const tags = {
  integer: 2,
  octetString: 4,
  null: 5,
  oid: 6,
  sequence: 16,
  set: 17,
  utcTime: 23,
  generalizedTime: 24,
} as const;

/** A CMS envelope with a time stamp and its chains has some hundred elements, ten levels deep. */
const LIMITS = { maxDepth: 64, maxNodes: 10_000, maxContentLength: 2 * 1024 * 1024 };

/**
 * Parses hostile DER; depth and number of elements are bounded, and what lies in an OCTET STRING is left alone. Nothing
 * may follow the value.
 */
export function parseDer(der: Buffer, what: string): DerNode {
  return readingHostile(what, () => {
    const { offset, result } = fromBER(der, { ...LIMITS, parseEmbedded: false, copyInput: false });
    if (offset !== der.length)
      throw malformed(what, `it ends at ${offset} of ${der.length} bytes, or is no DER`);
    checkBerForm(der, what);
    return toNode(result);
  });
}

function toNode(block: BaseBlock): DerNode {
  const { buffer, byteOffset, byteLength } = block.valueBeforeDecodeView;
  const raw = Buffer.from(buffer, byteOffset, byteLength);
  const headerBytes = block.idBlock.blockLength + block.lenBlock.blockLength;
  return {
    tagClass: block.idBlock.tagClass,
    tag: block.idBlock.tagNumber,
    raw,
    content: raw.subarray(headerBytes),
    children: block instanceof Constructed ? block.valueBlock.value.map((child) => toNode(child)) : [],
    ...(block instanceof ObjectIdentifier && { oid: block.valueBlock.toString() }),
  };
}

const isUniversal = (node: DerNode | undefined, tag: number): node is DerNode =>
  node?.tagClass === 1 && node.tag === tag;

/** The node when it has the universal tag that the format asks for. */
export function expectTag(node: DerNode | undefined, tag: number, what: string): DerNode {
  if (!isUniversal(node, tag)) throw malformed(what, `an element of ASN.1 type ${tag} is missing in it`);
  return node;
}

/**
 * The OID of an AlgorithmIdentifier; its parameters are absent or NULL in all algorithms that sign code.
 */
export function algorithmOf(node: DerNode | undefined, what: string): string {
  const [oid, parameters, ...rest] = expectTag(node, tags.sequence, what).children;
  if (parameters && !(isUniversal(parameters, tags.null) && rest.length === 0))
    throw malformed(what, 'an algorithm in it has parameters');
  return oidOf(oid, what);
}

export const oidOf = (node: DerNode | undefined, what: string): string =>
  expectTag(node, tags.oid, what).oid ?? '';

/** The child with context tag `[tag]`. */
export const contextChild = (node: DerNode, tag: number): DerNode | undefined =>
  node.children.find((child) => child.tagClass === 3 && child.tag === tag);

/** UTCTime or GeneralizedTime in Zulu, as RFC 5652 and RFC 3161 ask for. */
export function timeOf(node: DerNode | undefined, what: string): Date {
  const text = node?.content.toString('latin1') ?? '';
  const match = /^(\d{2})?(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\.\d+)?Z$/.exec(text);
  if (!match) throw malformed(what, 'a time in it has no known form');
  const [, century, year, month, day, hour, minute, second] = match;
  const wholeYear = (century ?? (Number(year) < 50 ? '20' : '19')) + year;
  const time = new Date(`${wholeYear}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time.getTime())) throw malformed(what, 'a time in it is not a real one');
  return time;
}
