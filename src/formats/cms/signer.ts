import { hash, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { Asn1Error, octets } from '../asn1/node.ts';
import { cms, digestName, signatureDigestName, x509 } from '../asn1/oids.ts';
import { type Asn1Form, readAsn1 } from '../asn1/read.ts';
import { extensionsOf, issuerAndSerial } from '../asn1/tbs-certificate.ts';
import type { SignedData, SignerId, SignerInfo } from './signed-data.ts';

/**
 * The certificate that the signer names, when it was sent along.
 *
 * @throws Asn1Error, or what OpenSSL says of a certificate that it cannot read
 */
export function signerCertificate({ form, certificates, signer }: SignedData): X509Certificate | undefined {
  const der = signer && certificates.find((candidate) => isNamed(candidate, signer.id, form));
  return der && new X509Certificate(der);
}

function isNamed(certificate: Buffer, id: SignerId, form: Asn1Form): boolean {
  if ('subjectKeyId' in id) return keyIdOf(certificate)?.equals(id.subjectKeyId) === true;
  const { issuer, serialHex } = issuerAndSerial(certificate, form);
  return serialHex === id.serialHex && issuer.equals(id.issuer);
}

function keyIdOf(certificate: Buffer): Buffer | undefined {
  const bytes = extensionsOf(certificate).get(x509.subjectKeyId);
  return bytes && octets(readAsn1(bytes, 'tolerant'));
}

/** What the signed attributes say that the digest of the content is. */
export function messageDigestOf({ signed }: SignerInfo): Buffer | undefined {
  const value = signed.get(cms.messageDigest)?.children[0];
  return value && octets(value);
}

/** The digest that the signer chose, of other bytes. @throws Asn1Error when it is not known */
export function digestBy({ digestOid }: SignerInfo, bytes: Buffer): Buffer {
  return hash(knownDigest(digestOid), bytes, 'buffer');
}

/**
 * True when the signature verifies: over the signed attributes, over `content` where there are none. Whether the
 * attributes are those of the content is another question, see `messageDigestOf`, and trust in the key a third.
 *
 * @throws Asn1Error when an algorithm is not known · what OpenSSL says of a key that it cannot use
 */
export function signatureHolds(signer: SignerInfo, content: Buffer, publicKey: KeyObject): boolean {
  const digest = signatureDigestName(signer.signatureOid, knownDigest(signer.digestOid));
  if (digest === undefined)
    throw new Asn1Error(`it uses signature algorithm ${signer.signatureOid}, which is not known`);
  return verify(digest, signer.signedBytes ?? content, publicKey, signer.signature);
}

function knownDigest(digestOid: string): string {
  const name = digestName(digestOid);
  if (name === undefined) throw new Asn1Error(`it uses the digest ${digestOid}, which is not known`);
  return name;
}
