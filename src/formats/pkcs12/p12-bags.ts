import { type Asn1, Asn1Error, child, isOctets, octets, oidOf, tagged } from '../asn1/node.ts';
import { cms, pkcs12 } from '../asn1/oids.ts';
import { readAsn1 } from '../asn1/read.ts';
import { decrypt, type Opener } from './p12-decrypt.ts';

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
  for (const part of readAsn1(authenticatedSafe, 'tolerant').children)
    collect(safeContents(part, opener), opener, bags, 0);
  return bags;
}

/** Content of a ContentInfo of the type "data". */
export function plainContent(contentInfo: Asn1): Buffer {
  const content = tagged(contentInfo, 0);
  if (oidOf(child(contentInfo, 0)) !== cms.data || !content || !isOctets(content.children[0])) {
    throw new Asn1Error('a part of it is not plain data');
  }
  return octets(child(content, 0));
}

function safeContents(contentInfo: Asn1, opener: Opener): Asn1 {
  const type = oidOf(child(contentInfo, 0));
  if (type === cms.data) return readAsn1(plainContent(contentInfo), 'tolerant');
  if (type !== cms.encryptedData)
    throw new Asn1Error(`a part of it has the type ${type}, which is not supported`);
  const envelope = child(child(child(contentInfo, 1), 0), 1);
  const encrypted = tagged(envelope, 0);
  if (!encrypted) throw new Asn1Error('an encrypted part of it is missing');
  return readAsn1(decrypt(child(envelope, 1), octets(encrypted), opener), 'tolerant');
}

function collect(contents: Asn1, opener: Opener, bags: Bags, depth: number): void {
  if (depth > MAX_BAG_DEPTH) throw new Asn1Error('its bags are nested too deep');
  for (const bag of contents.children) {
    if (bags.keys.length + bags.certificates.length >= MAX_BAGS)
      throw new Asn1Error('it holds too many bags');
    addBag(oidOf(child(bag, 0)), child(child(bag, 1), 0), opener, bags, depth);
  }
}

function addBag(type: string, value: Asn1, opener: Opener, bags: Bags, depth: number): void {
  if (type === pkcs12.keyBag) bags.keys.push(Buffer.from(value.raw));
  if (type === pkcs12.shroudedKeyBag)
    bags.keys.push(decrypt(child(value, 0), octets(child(value, 1)), opener));
  if (type === pkcs12.certificateBag) addCertificate(value, bags);
  if (type === pkcs12.nestedBag) collect(value, opener, bags, depth + 1);
}

function addCertificate(certBag: Asn1, bags: Bags): void {
  if (oidOf(child(certBag, 0)) !== pkcs12.x509Certificate) return;
  bags.certificates.push(Buffer.from(octets(child(child(certBag, 1), 0))));
}
