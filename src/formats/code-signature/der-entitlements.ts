import { newDict, type PlistDict, type PlistValue } from '../plist/index.ts';
import { type DerNode, expectTag, parseDer, tags } from './asn1.ts';
import { malformed } from './malformed.ts';

/**
 * Entitlements in DER, which is what systems since iOS 15 and macOS 12 go by: `[APPLICATION 16] { INTEGER 1, dict }`,
 * where a dict is `[16] { SEQUENCE { UTF8String, value } … }` and an array is a SEQUENCE.
 */
const WHAT = 'DER entitlements';
const classes = { application: 2, context: 3 } as const;
const DICT_TAG = 16;
const UTF8_STRING = 12;
const BOOLEAN = 1;

/** @throws ShipError SIGNATURE_MALFORMED */
export function parseDerEntitlements(der: Buffer): PlistDict {
  const root = parseDer(der, WHAT);
  const [version, dict, ...rest] = root.children;
  if (root.tagClass !== classes.application || root.tag !== DICT_TAG || rest.length > 0)
    throw malformed(WHAT, 'they are in no known form');
  if (integerOf(expectTag(version, tags.integer, WHAT)) !== 1)
    throw malformed(WHAT, 'they are of an unknown version');
  if (!dict || !isDictNode(dict)) throw malformed(WHAT, 'they are no dictionary');
  return dictOf(dict);
}

const isDictNode = ({ tagClass, tag }: DerNode): boolean => tagClass === classes.context && tag === DICT_TAG;

function dictOf({ children }: DerNode): PlistDict {
  const entries = children.map((entry) => {
    const [key, value, ...rest] = expectTag(entry, tags.sequence, WHAT).children;
    if (!value || rest.length > 0) throw malformed(WHAT, 'an entry of a dictionary has no value');
    return [expectTag(key, UTF8_STRING, WHAT).content.toString('utf8'), plistValue(value)] as const;
  });
  const dict = newDict(entries);
  if (Object.keys(dict).length !== entries.length) throw malformed(WHAT, 'a key is there twice');
  return dict;
}

function plistValue(node: DerNode): PlistValue {
  if (isDictNode(node)) return dictOf(node);
  if (node.tagClass !== 1) throw malformed(WHAT, 'a value is of an unknown kind');
  switch (node.tag) {
    case BOOLEAN:
      return node.content[0] !== 0;
    case tags.integer:
      return integerOf(node);
    case UTF8_STRING:
      return node.content.toString('utf8');
    case tags.octetString:
      return Buffer.from(node.content);
    case tags.sequence:
      return node.children.map(plistValue);
    default:
      throw malformed(WHAT, `a value is of ASN.1 type ${node.tag}`);
  }
}

function integerOf({ content }: DerNode): number | bigint {
  if (content.length === 0 || content.length > 9) throw malformed(WHAT, 'a number is out of range');
  const value = BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
