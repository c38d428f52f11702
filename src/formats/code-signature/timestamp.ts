import { hash } from 'node:crypto';
import { algorithmOf, expectTag, parseDer, tags, timeOf } from './asn1.ts';
import { certificateProblems, readCertificates } from './certificates.ts';
import { type Problem, problem } from './problem.ts';
import { parseSignedData, type SignedData } from './signed-data.ts';
import { digestName, signerCertificate, signerProblems } from './signer.ts';

/** An RFC 3161 time stamp over a signature. */
export interface TimestampFacts {
  readonly time: Date;
  /** False when the authority's certificate was not sent along, so that nothing could be checked with it. */
  readonly hasSignerCertificate: boolean;
}

/** id-aa-timeStampToken and id-ct-TSTInfo, RFC 3161. */
export const TIMESTAMP_TOKEN = '1.2.840.113549.1.9.16.2.14';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const WHAT = 'time stamp';

/** The time stamp of a signature, checked: made for this signature, and signed by its authority. */
export function timestampFacts(
  data: SignedData,
): { readonly facts: TimestampFacts; readonly problems: readonly Problem[] } | undefined {
  const attribute = data.signer.unsigned.get(TIMESTAMP_TOKEN)?.children[0];
  if (!attribute) return undefined;
  const token = parseSignedData(attribute.raw, WHAT);
  const content = token.content ?? Buffer.alloc(0);
  const info = expectTag(parseDer(content, WHAT), tags.sequence, WHAT);
  const imprint = expectTag(info.children[2], tags.sequence, WHAT);
  const digest = digestName(algorithmOf(imprint.children[0], WHAT));
  const stamped = expectTag(imprint.children[1], tags.octetString, WHAT).content;
  const matches = digest !== undefined && stamped.equals(hash(digest, data.signer.signature, 'buffer'));
  const hasSignerCertificate = signerCertificate(token) !== undefined;
  const wrong = token.certificates.length > 0 ? authorityProblems(token, content) : [];
  return {
    facts: { time: timeOf(info.children[4], WHAT), hasSignerCertificate },
    problems: [
      ...wrong.map(({ message }) => problem('TIMESTAMP_WRONG', message)),
      ...(matches ? [] : [problem('TIMESTAMP_WRONG', 'The time stamp was made for another signature.')]),
      ...(token.contentType === TST_INFO
        ? []
        : [problem('TIMESTAMP_WRONG', 'The time stamp is of no known kind.')]),
    ],
  };
}

/** Once any certificate was sent along, the one of the authority must be there, and the whole chain must hold. */
function authorityProblems(token: SignedData, content: Buffer): Problem[] {
  const certificates = readCertificates(token.certificates);
  const named = signerCertificate(token);
  const signer = certificates.find((certificate) => named?.raw.equals(certificate.raw));
  return [...signerProblems(token, content, WHAT), ...certificateProblems(certificates, signer)];
}
