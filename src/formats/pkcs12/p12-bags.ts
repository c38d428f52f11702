import { type Asn1, Asn1Error, child, isOctets, octets, oid, readAsn1, tagged } from './asn1.ts';
import { decrypt, type Opener } from './p12-decrypt.ts';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const BAG = '1.2.840.113549.1.12.10.1';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const MAX_BAG_DEPTH = 4;
/** A Keychain export of everything that a developer has is about 20. */
const MAX_BAGS = 200;

/** What lies in the bags: certificates in DER, keys as PKCS#8 in DER. */
export interface Bags {
  readonly certificates: Buffer[];
  readonly keys: Buffer[];
}

/** Unlocks every part of the file's content (RFC 7292, 4.1 and 4.2). @throws Asn1Error or an error of a cipher */
export function openBags(authenticatedSafe: Buffer, opener: Opener): Bags {
  const bags: Bags = { certificates: [], keys: [] };
  for (const part of readAsn1(authenticatedSafe).children)
    collect(safeContents(part, opener), opener, bags, 0);
  return bags;
}

/** Content of a ContentInfo of the type "data". */
export function plainContent(contentInfo: Asn1): Buffer {
  const content = tagged(contentInfo, 0);
  if (oid(child(contentInfo, 0)) !== DATA || !content || !isOctets(content.children[0])) {
    throw new Asn1Error('a part of it is not plain data');
  }
  return octets(child(content, 0));
}

function safeContents(contentInfo: Asn1, opener: Opener): Asn1 {
  const type = oid(child(contentInfo, 0));
  if (type === DATA) return readAsn1(plainContent(contentInfo));
  if (type !== ENCRYPTED_DATA)
    throw new Asn1Error(`a part of it has the type ${type}, which is not supported`);
  const envelope = child(child(child(contentInfo, 1), 0), 1);
  const encrypted = tagged(envelope, 0);
  if (!encrypted) throw new Asn1Error('an encrypted part of it is missing');
  return readAsn1(decrypt(child(envelope, 1), octets(encrypted), opener));
}

function collect(contents: Asn1, opener: Opener, bags: Bags, depth: number): void {
  if (depth > MAX_BAG_DEPTH) throw new Asn1Error('its bags are nested too deep');
  for (const bag of contents.children) {
    if (bags.keys.length + bags.certificates.length >= MAX_BAGS)
      throw new Asn1Error('it holds too many bags');
    addBag(oid(child(bag, 0)), child(child(bag, 1), 0), opener, bags, depth);
  }
}

function addBag(type: string, value: Asn1, opener: Opener, bags: Bags, depth: number): void {
  if (type === `${BAG}.1`) bags.keys.push(Buffer.from(value.raw));
  if (type === `${BAG}.2`) bags.keys.push(decrypt(child(value, 0), octets(child(value, 1)), opener));
  if (type === `${BAG}.3`) addCertificate(value, bags);
  if (type === `${BAG}.6`) collect(value, opener, bags, depth + 1);
}

function addCertificate(certBag: Asn1, bags: Bags): void {
  if (oid(child(certBag, 0)) !== X509_CERTIFICATE) return;
  bags.certificates.push(Buffer.from(octets(child(child(certBag, 1), 0))));
}
