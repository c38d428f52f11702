import { hash, type X509Certificate } from 'node:crypto';
import { timeOf } from '../asn1/node.ts';
import { cms as oids } from '../asn1/oids.ts';
import type { CertificateFacts } from '../cms/certificate-facts.ts';
import { cdHashProblems } from './cdhash-attributes.ts';
import { type Anchor, anchorOf, certificateProblems, readCertificates, readFacts } from './certificates.ts';
import type { EmbeddedSignature } from './embedded-signature.ts';
import { readingHostile } from './malformed.ts';
import { type Problem, problem } from './problem.ts';
import { type CodeSignedData, readSignedData, signerCertificate, signerProblems } from './signer.ts';
import { type TimestampFacts, timestampFacts } from './timestamp.ts';

/** The CMS signature of a code signature, read and checked. */
export interface CmsFacts {
  /** As sent; the signer's is repeated in `signer`. */
  readonly certificates: readonly CertificateFacts[];
  readonly signer?: CertificateFacts;
  readonly anchor: Anchor;
  /** What the signer claims; the time stamp is what a third party confirms. */
  readonly signingTime?: Date;
  readonly timestamp?: TimestampFacts;
  /** SHA-256 of the whole CMS blob, to tell signatures apart. */
  readonly sha256Hex: string;
}

export interface CheckedCms {
  readonly facts: CmsFacts;
  readonly problems: readonly Problem[];
}

const WHAT = 'CMS signature';

/**
 * Reads the CMS signature and checks all its mathematics: digest of the primary CodeDirectory, digests of the
 * alternates, the signature itself, the signatures between the certificates, and the time stamp.
 * Whom to trust is left to the reader of `anchor`.
 *
 * @throws ShipError SIGNATURE_MALFORMED
 */
export function checkCms(cms: Buffer, signature: EmbeddedSignature): CheckedCms {
  const data = readSignedData(cms, WHAT);
  const { facts, problems } = checkOver(data, cms, signature.codeDirectories[0].blob);
  return { facts, problems: [...problems, ...cdHashProblems(data, signature.codeDirectories)] };
}

/** The same for a signature over other bytes, as installer packages have. @throws ShipError SIGNATURE_MALFORMED */
export const checkDetachedCms = (cms: Buffer, content: Buffer): CheckedCms =>
  checkOver(readSignedData(cms, WHAT), cms, content);

function checkOver(data: CodeSignedData, cms: Buffer, content: Buffer): CheckedCms {
  const certificates = readCertificates(data.certificates);
  const named = signerCertificate(data);
  const signer = named && sameIn(certificates, named);
  const timestamp = timestampFacts(data);
  const problems = [
    ...(data.contentType === oids.data
      ? []
      : [problem('CMS_SIGNATURE_WRONG', 'The CMS signature is not over data.')]),
    ...signerProblems(data, content, WHAT),
    ...certificateProblems(certificates, signer),
    ...unsealedProblems(data),
    ...(timestamp?.problems ?? []),
  ];
  return { facts: factsOf(data, { certificates, signer }, timestamp?.facts, cms), problems };
}

/** A time stamp is the one thing that is added after signing. */
function unsealedProblems({ signer }: CodeSignedData): Problem[] {
  const others = [...signer.unsigned.keys()].filter((oid) => oid !== oids.timestampToken);
  return others.map((oid) =>
    problem('CMS_SIGNATURE_WRONG', `The CMS signature carries ${oid}, which nothing seals.`),
  );
}

function factsOf(
  data: CodeSignedData,
  { certificates, signer }: { certificates: readonly X509Certificate[]; signer: X509Certificate | undefined },
  timestamp: TimestampFacts | undefined,
  cms: Buffer,
): CmsFacts {
  const time = data.signer.signed.get(oids.signingTime)?.children[0];
  return {
    certificates: certificates.map(readFacts),
    ...(signer && { signer: readFacts(signer) }),
    anchor: signer ? anchorOf(signer, certificates) : 'issuer-missing',
    ...(time && { signingTime: readingHostile(WHAT, () => timeOf(time)) }),
    ...(timestamp && { timestamp }),
    sha256Hex: hash('sha256', cms, 'hex'),
  };
}

const sameIn = (certificates: readonly X509Certificate[], wanted: X509Certificate): X509Certificate =>
  certificates.find((certificate) => certificate.raw.equals(wanted.raw)) ?? wanted;
