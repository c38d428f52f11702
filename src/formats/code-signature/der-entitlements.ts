import { isUtf8 } from 'node:buffer';
import { type Asn1, Asn1Error, expectTag, tags } from '../asn1/node.ts';
import { readAsn1 } from '../asn1/read.ts';
import { newDict, type PlistDict, type PlistValue } from '../plist/index.ts';
import { readingHostile } from './malformed.ts';

/**
 * Entitlements in DER, which is what systems since iOS 15 and macOS 12 go by: `[APPLICATION 16] { INTEGER 1, dict }`,
 * where a dict is `[16] { SEQUENCE { UTF8String, value } … }` and an array is a SEQUENCE.
 */
const WHAT = 'DER entitlements';
const DICT_TAG = 16;

/** @throws ShipError SIGNATURE_MALFORMED */
export const parseDerEntitlements = (der: Buffer): PlistDict =>
  readingHostile(WHAT, () => entitlementsIn(der));

function entitlementsIn(der: Buffer): PlistDict {
  const root = readAsn1(der, 'der');
  const [version, dict, ...rest] = root.children;
  if (root.tagClass !== 'application' || root.tag !== DICT_TAG || rest.length > 0)
    throw new Asn1Error('they are in no known form');
  if (integerOf(expectTag(version, tags.integer)) !== 1)
    throw new Asn1Error('they are of an unknown version');
  if (!dict || !isDictNode(dict)) throw new Asn1Error('they are no dictionary');
  return dictOf(dict);
}

const isDictNode = ({ tagClass, tag }: Asn1): boolean => tagClass === 'context' && tag === DICT_TAG;

function dictOf({ children }: Asn1): PlistDict {
  const entries = children.map((entry) => {
    const [key, value, ...rest] = expectTag(entry, tags.sequence).children;
    if (!value || rest.length > 0) throw new Asn1Error('an entry of a dictionary has no value');
    return [textOf(expectTag(key, tags.utf8String)), plistValue(value)] as const;
  });
  const dict = newDict(entries);
  if (Object.keys(dict).length !== entries.length) throw new Asn1Error('a key is there twice');
  return dict;
}

function plistValue(node: Asn1): PlistValue {
  if (isDictNode(node)) return dictOf(node);
  if (node.tagClass !== 'universal') throw new Asn1Error('a value is of an unknown kind');
  switch (node.tag) {
    case tags.boolean:
      return node.content[0] !== 0;
    case tags.integer:
      return integerOf(node);
    case tags.utf8String:
      return textOf(node);
    case tags.octetString:
      return Buffer.from(node.content);
    case tags.sequence:
      return node.children.map(plistValue);
    default:
      throw new Asn1Error(`a value is of ASN.1 type ${node.tag}`);
  }
}

/** Bytes that are no text would become the same replacement for many of them. */
function textOf({ content, isConstructed }: Asn1): string {
  if (isConstructed || !isUtf8(content)) throw new Asn1Error('a text is not UTF-8 in one piece');
  return content.toString('utf8');
}

function integerOf({ content }: Asn1): number | bigint {
  if (content.length === 0 || content.length > 9) throw new Asn1Error('a number is out of range');
  const value = BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
