import { createHash, verify, X509Certificate } from 'node:crypto';
import { Asn1Error, child, octets, oid, readAsn1, tagged } from '../../formats/pkcs12/asn1.ts';
import { type ContentSigner, readSignedContent, type SignedContent } from './signed-data.ts';
import { isTrusted } from './trust.ts';

const DIGESTS: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** Signature algorithms, each with the digest that it fixes; `''` when the one named beside it counts. */
const SIGNATURE_DIGESTS: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.1': '',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.2.1': '',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
const SUBJECT_KEY_ID = '2.5.29.14';

export interface ProfileSignature {
  /** `changed`: other content than was signed · `broken`: no signature that holds · `untrusted`: not Apple's. */
  readonly verdict: 'trusted' | 'untrusted' | 'changed' | 'broken';
  /** Common name of the signer, as far as it is known. */
  readonly signer?: string;
}

/**
 * Checks who signed a provisioning profile. Apple still uses SHA-1 here, and a profile outlives its signer's
 * certificate: neither the digest nor the dates of the certificates decide.
 *
 * @param trustRoots - DER of roots beside Apple's
 */
export function checkProfileSignature(bytes: Buffer, trustRoots: readonly Buffer[] = []): ProfileSignature {
  try {
    return judge(readSignedContent(bytes), trustRoots);
  } catch {
    // whatever is wrong with hostile certificates and algorithms, there is no signature that holds
    return { verdict: 'broken' };
  }
}

function judge(signed: SignedContent, trustRoots: readonly Buffer[]): ProfileSignature {
  const { signer, content } = signed;
  const certificate = signer && signerCertificate(signed, signer);
  if (!signer || !certificate) return { verdict: 'broken' };
  const name = commonNameOf(certificate);
  const named = name === undefined ? {} : { signer: name };
  if (!digestMatches(signer, content)) return { verdict: 'changed', ...named };
  if (!signatureHolds(signer, content, certificate)) return { verdict: 'broken', ...named };
  const trusted = isTrusted(certificate, signed.certificates, trustRoots);
  return { verdict: trusted ? 'trusted' : 'untrusted', ...named };
}

/** False when somebody edited the profile after it was signed. */
export function digestMatches({ digestOid, messageDigest }: ContentSigner, content: Buffer): boolean {
  if (!messageDigest) return true;
  return createHash(digestNamed(digestOid)).update(content).digest().equals(messageDigest);
}

function signatureHolds(signer: ContentSigner, content: Buffer, certificate: X509Certificate): boolean {
  const fixed = SIGNATURE_DIGESTS[signer.signatureOid];
  if (fixed === undefined) throw new Asn1Error(`the algorithm ${signer.signatureOid} is not known`);
  if (signer.signedBytes && !signer.messageDigest) return false;
  const digest = fixed || digestNamed(signer.digestOid);
  return verify(digest, signer.signedBytes ?? content, certificate.publicKey, signer.signature);
}

function digestNamed(digestOid: string): string {
  const name = DIGESTS[digestOid];
  if (!name) throw new Asn1Error(`the digest ${digestOid} is not known`);
  return name;
}

function signerCertificate({ certificates }: SignedContent, { id }: ContentSigner) {
  const der = certificates.find((candidate) =>
    'issuer' in id ? isNamed(candidate, id) : hasKeyId(candidate, id.subjectKeyId),
  );
  return der && new X509Certificate(der);
}

/** TBSCertificate (RFC 5280, 4.1) with or without its version: serial number, algorithm, issuer. */
function isNamed(certificate: Buffer, { issuer, serial }: { issuer: Buffer; serial: Buffer }): boolean {
  const fields = child(readAsn1(certificate), 0).children;
  const [ownSerial, , ownIssuer] = fields[0]?.tagClass === 'context' ? fields.slice(1) : fields;
  return ownSerial?.content.equals(serial) === true && ownIssuer?.raw.equals(issuer) === true;
}

function hasKeyId(certificate: Buffer, keyId: Buffer): boolean {
  const extensions = tagged(child(readAsn1(certificate), 0), 3)?.children[0]?.children ?? [];
  const own = extensions.find((extension) => oid(child(extension, 0)) === SUBJECT_KEY_ID)?.children.at(-1);
  return own !== undefined && octets(readAsn1(octets(own))).equals(keyId);
}

const commonNameOf = ({ subject }: X509Certificate): string | undefined =>
  /^CN=(.*)$/m.exec(subject)?.[1]?.slice(0, 100);
