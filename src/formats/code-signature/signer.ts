import { hash, verify, X509Certificate } from 'node:crypto';
import { oidOf } from './asn1.ts';
import { readingHostile } from './malformed.ts';
import { type Problem, problem } from './problem.ts';
import { issuerAndSerial, type SignedData } from './signed-data.ts';

const attributes = { contentType: '1.2.840.113549.1.9.3', messageDigest: '1.2.840.113549.1.9.4' } as const;

const digestNames: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Signature algorithms, each with the digest that it fixes; `''` when the digest is named beside it. */
const signatureDigests: Readonly<Record<string, string>> = {
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

export const digestName = (oid: string): string | undefined => digestNames[oid];

/** The certificate that the signer names by issuer and serial number. */
export function signerCertificate(data: SignedData): X509Certificate | undefined {
  const { issuer, serialHex } = data.signer;
  const der = data.certificates.find((candidate) => {
    const named = issuerAndSerial(candidate);
    return named.serialHex === serialHex && named.issuer.equals(issuer);
  });
  return der && readingHostile('certificate of the signature', () => new X509Certificate(der));
}

/**
 * Checks the two links of a CMS signature: the messageDigest attribute is the digest of `content`, and the
 * signature over the attributes verifies with the signer's public key. Trust in that key is another question.
 */
export function signerProblems(data: SignedData, content: Buffer, what: string): Problem[] {
  const { signer } = data;
  const digest = digestName(signer.digestOid);
  if (!digest || !signer.signedBytes)
    return [problem('CMS_SIGNATURE_WRONG', `The ${what} uses a digest or a form that is not known.`)];
  const claimed = signer.signed.get(attributes.messageDigest)?.children[0]?.content;
  const problems: Problem[] = [];
  if (!claimed?.equals(hash(digest, content, 'buffer')))
    problems.push(problem('CMS_DIGEST_WRONG', `The ${what} was made for other content.`));
  const type = signer.signed.get(attributes.contentType)?.children[0];
  if (!type || oidOf(type, what) !== data.contentType)
    problems.push(problem('CMS_SIGNATURE_WRONG', `The ${what} names two kinds of content.`));
  const verdict = verifySignature(data, digest, what);
  return verdict ? [...problems, verdict] : problems;
}

function verifySignature(data: SignedData, digest: string, what: string): Problem | undefined {
  const certificate = signerCertificate(data);
  if (!certificate) return problem('CMS_SIGNATURE_WRONG', `The ${what} lacks its signer's certificate.`);
  const fixed = signatureDigests[data.signer.signatureOid];
  if (fixed === undefined)
    return problem(
      'CMS_SIGNATURE_WRONG',
      `The ${what} uses signature algorithm ${data.signer.signatureOid}, which is not known.`,
    );
  const holds = readingHostile(what, () =>
    verify(
      fixed || digest,
      data.signer.signedBytes ?? Buffer.alloc(0),
      certificate.publicKey,
      data.signer.signature,
    ),
  );
  return holds ? undefined : problem('CMS_SIGNATURE_WRONG', `The ${what} does not verify.`);
}
