import type { X509Certificate } from 'node:crypto';
import { oidOf } from '../asn1/node.ts';
import { cms, digestName, signatureDigestName } from '../asn1/oids.ts';
import { readSignedData as readAnySignedData, type SignedData, type SignerInfo } from '../cms/signed-data.ts';
import {
  digestBy,
  signerCertificate as findCertificate,
  messageDigestOf,
  signatureHolds,
} from '../cms/signer.ts';
import { readingHostile } from './malformed.ts';
import { type Problem, problem } from './problem.ts';

/** A SignedData whose signer is there, as it is in every one of the exact form. */
export type CodeSignedData = SignedData & { readonly signer: SignerInfo };

/** @param what - named in errors, e.g. `CMS signature`. @throws ShipError SIGNATURE_MALFORMED */
export const readSignedData = (der: Buffer, what: string): CodeSignedData =>
  readingHostile(what, () => readAnySignedData(der, 'exact') as CodeSignedData);

/** The certificate that the signer names by issuer and serial number. @throws ShipError SIGNATURE_MALFORMED */
export const signerCertificate = (data: SignedData): X509Certificate | undefined =>
  readingHostile('certificate of the signature', () => findCertificate(data));

/**
 * Checks the two links of a CMS signature: the messageDigest attribute is the digest of `content`, and the
 * signature over the attributes verifies with the signer's public key. Trust in that key is another question.
 */
export function signerProblems(data: CodeSignedData, content: Buffer, what: string): Problem[] {
  const { signer } = data;
  if (digestName(signer.digestOid) === undefined || !signer.signedBytes)
    return [problem('CMS_SIGNATURE_WRONG', `The ${what} uses a digest or a form that is not known.`)];
  const problems: Problem[] = [];
  if (!messageDigestOf(signer)?.equals(digestBy(signer, content)))
    problems.push(problem('CMS_DIGEST_WRONG', `The ${what} was made for other content.`));
  const type = signer.signed.get(cms.contentType)?.children[0];
  if (!type || readingHostile(what, () => oidOf(type)) !== data.contentType)
    problems.push(problem('CMS_SIGNATURE_WRONG', `The ${what} names two kinds of content.`));
  const verdict = verifySignature(data, content, what);
  return verdict ? [...problems, verdict] : problems;
}

function verifySignature(data: CodeSignedData, content: Buffer, what: string): Problem | undefined {
  const { signer } = data;
  const certificate = signerCertificate(data);
  if (!certificate) return problem('CMS_SIGNATURE_WRONG', `The ${what} lacks its signer's certificate.`);
  if (signatureDigestName(signer.signatureOid, '') === undefined)
    return problem(
      'CMS_SIGNATURE_WRONG',
      `The ${what} uses signature algorithm ${signer.signatureOid}, which is not known.`,
    );
  const holds = readingHostile(what, () => signatureHolds(signer, content, certificate.publicKey));
  return holds ? undefined : problem('CMS_SIGNATURE_WRONG', `The ${what} does not verify.`);
}
