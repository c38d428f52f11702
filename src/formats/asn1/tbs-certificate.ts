import { type Asn1, child, expectTag, octets, oidOf, serialHexOf, tagged, tags, textOf } from './node.ts';
import { type Asn1Form, readAsn1 } from './read.ts';

/** What a certificate says of itself (TBSCertificate of RFC 5280, 4.1), read without OpenSSL. */
export interface TbsCertificate {
  readonly serialHex: string;
  /** DER of the name. */
  readonly issuer: Buffer;
  /** Attributes of the names by their OID, the last of each. */
  readonly names: {
    readonly subject: ReadonlyMap<string, string>;
    readonly issuer: ReadonlyMap<string, string>;
  };
  /** OIDs of the extensions, and the bytes in each. */
  readonly extensions: ReadonlyMap<string, Buffer>;
}

/** Serial number and issuer: what a signer is named by. @throws Asn1Error */
export function issuerAndSerial(der: Buffer, form: Asn1Form): Pick<TbsCertificate, 'serialHex' | 'issuer'> {
  const [serial, , issuer] = fieldsOf(der, form);
  return { serialHex: serialHexOf(serial), issuer: expectTag(issuer, tags.sequence).raw };
}

/**
 * Who it is for, and who issued it. Read here and not by Node's `toLegacyObject()`, which ends the process (Node 24.21) for a
 * key on a curve that OpenSSL does not know.
 *
 * @throws Asn1Error
 */
export function namesOf(der: Buffer): TbsCertificate['names'] {
  const [, , issuer, , subject] = fieldsOf(der, 'tolerant');
  return { subject: attributesOf(subject), issuer: attributesOf(issuer) };
}

function attributesOf(name: Asn1 | undefined): ReadonlyMap<string, string> {
  const attributes = name?.children.flatMap(({ children }) => children) ?? [];
  return new Map(attributes.map((part) => [oidOf(child(part, 0)), textOf(child(part, 1))]));
}

/** @throws Asn1Error */
export function extensionsOf(der: Buffer): TbsCertificate['extensions'] {
  const extensions = tagged(child(readAsn1(der, 'tolerant'), 0), 3)?.children[0]?.children ?? [];
  return new Map(
    extensions.map((extension) => [
      oidOf(child(extension, 0)),
      octets(extension.children.at(-1) ?? child(extension, 1)),
    ]),
  );
}

/** Serial number, algorithm, issuer, validity, subject and what follows; the version may be left out. */
function fieldsOf(der: Buffer, form: Asn1Form): readonly Asn1[] {
  const fields = expectTag(child(readAsn1(der, form), 0), tags.sequence).children;
  return fields[0]?.tagClass === 'context' ? fields.slice(1) : fields;
}
