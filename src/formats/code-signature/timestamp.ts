import { hash } from 'node:crypto';
import { expectTag, tags, timeOf } from '../asn1/node.ts';
import { cms, digestName } from '../asn1/oids.ts';
import { readAsn1 } from '../asn1/read.ts';
import { algorithmOf } from '../cms/signed-data-form.ts';
import { certificateProblems, readCertificates } from './certificates.ts';
import { readingHostile } from './malformed.ts';
import { type Problem, problem } from './problem.ts';
import { type CodeSignedData, readSignedData, signerCertificate, signerProblems } from './signer.ts';

/** An RFC 3161 time stamp over a signature. */
export interface TimestampFacts {
  readonly time: Date;
  /** False when the authority's certificate was not sent along, so that nothing could be checked with it. */
  readonly hasSignerCertificate: boolean;
}

const WHAT = 'time stamp';

/** The time stamp of a signature, checked: made for this signature, and signed by its authority. */
export function timestampFacts(
  data: CodeSignedData,
): { readonly facts: TimestampFacts; readonly problems: readonly Problem[] } | undefined {
  const attribute = data.signer.unsigned.get(cms.timestampToken)?.children[0];
  if (!attribute) return undefined;
  const token = readSignedData(attribute.raw, WHAT);
  const content = token.content ?? Buffer.alloc(0);
  const { digest, stamped, time } = readingHostile(WHAT, () => readInfo(content));
  const matches = digest !== undefined && stamped.equals(hash(digest, data.signer.signature, 'buffer'));
  const hasSignerCertificate = signerCertificate(token) !== undefined;
  const wrong = token.certificates.length > 0 ? authorityProblems(token, content) : [];
  return {
    facts: { time, hasSignerCertificate },
    problems: [
      ...wrong.map(({ message }) => problem('TIMESTAMP_WRONG', message)),
      ...(matches ? [] : [problem('TIMESTAMP_WRONG', 'The time stamp was made for another signature.')]),
      ...(token.contentType === cms.timestampInfo
        ? []
        : [problem('TIMESTAMP_WRONG', 'The time stamp is of no known kind.')]),
    ],
  };
}

/** TSTInfo of RFC 3161: which bytes were stamped, and when. `digest` is undefined when it is not known. */
function readInfo(content: Buffer) {
  const info = expectTag(readAsn1(content, 'exact'), tags.sequence);
  const imprint = expectTag(info.children[2], tags.sequence);
  return {
    digest: digestName(algorithmOf(imprint.children[0])),
    stamped: expectTag(imprint.children[1], tags.octetString).content,
    time: timeOf(info.children[4]),
  };
}

/** Once any certificate was sent along, the one of the authority must be there, and the whole chain must hold. */
function authorityProblems(token: CodeSignedData, content: Buffer): Problem[] {
  const certificates = readCertificates(token.certificates);
  const named = signerCertificate(token);
  const signer = certificates.find((certificate) => named?.raw.equals(certificate.raw));
  return [...signerProblems(token, content, WHAT), ...certificateProblems(certificates, signer)];
}
