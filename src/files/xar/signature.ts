import { verify } from 'node:crypto';
import { ShipError } from '../../errors.ts';
import { readCertificates } from '../../formats/code-signature/certificates.ts';
import { type CmsFacts, checkDetachedCms } from '../../formats/code-signature/cms.ts';
import { readingHostile } from '../../formats/code-signature/malformed.ts';
import type { Finding } from '../../formats/code-signature/problem.ts';
import { readRange, type XarArchive } from './archive.ts';
import type { XarSignature } from './table.ts';

export interface PackageSignature {
  readonly cms?: CmsFacts;
  readonly findings: readonly Finding[];
}

/** A CMS envelope has about 10 KiB. */
const MAX_SIGNATURE_BYTES = 256 * 1024;

/**
 * Checks the signatures of a package: both kinds are over the checksum of the table of contents, which in turn holds
 * the checksums of all files.
 */
export async function signatureReport(archive: XarArchive, tableDigest?: Buffer): Promise<PackageSignature> {
  const { signatures } = archive.table;
  if (signatures.length === 0)
    return { findings: [problem('SIGNATURE_MISSING', 'The package is not signed.')] };
  if (!tableDigest)
    return { findings: [problem('SIGNATURE_MALFORMED', 'There is nothing that could be signed.')] };
  const reports: PackageSignature[] = [];
  for (const signature of signatures) reports.push(await checkOne(archive, signature, tableDigest));
  const cms = reports.find((report) => report.cms)?.cms;
  return { ...(cms && { cms }), findings: reports.flatMap(({ findings }) => findings) };
}

const problem = (code: Finding['code'], message: string): Finding => ({ code, path: '', message });

async function checkOne(
  archive: XarArchive,
  signature: XarSignature,
  tableDigest: Buffer,
): Promise<PackageSignature> {
  try {
    if (signature.sizeBytes > MAX_SIGNATURE_BYTES)
      return {
        findings: [problem('SIGNATURE_MALFORMED', `A signature takes ${signature.sizeBytes} bytes.`)],
      };
    const bytes = await readRange(archive.file, archive.heapStart, signature);
    if (signature.style === 'RSA') return { findings: rsaFindings(archive, signature, tableDigest, bytes) };
    if (signature.style === 'CMS') return cmsReport(signature, tableDigest, bytes);
    return { findings: [problem('SIGNATURE_MALFORMED', 'A signature is of no known kind.')] };
  } catch (error) {
    if (!(error instanceof ShipError) || !UNREADABLE.includes(error.code)) throw error;
    return { findings: [problem('SIGNATURE_MALFORMED', `${error.failure.summary} ${error.failure.reason}`)] };
  }
}

const UNREADABLE = ['SIGNATURE_MALFORMED', 'PACKAGE_CORRUPT'];

function cmsReport({ certificates }: XarSignature, tableDigest: Buffer, bytes: Buffer): PackageSignature {
  const { facts, problems } = checkDetachedCms(withoutPadding(bytes), tableDigest);
  const named = readCertificates(certificates).map(({ fingerprint256 }) =>
    fingerprint256.replaceAll(':', '').toLowerCase(),
  );
  const isNamed = named.length === 0 || named.includes(facts.signer?.sha256Hex ?? '');
  const stranger = problem(
    'CERTIFICATE_WRONG',
    'The package is signed by another certificate than it names.',
  );
  return {
    cms: facts,
    findings: [...problems.map((found) => ({ ...found, path: '' })), ...(isNamed ? [] : [stranger])],
  };
}

/** Tools reserve more room than the envelope takes, and fill the rest with zeros. */
function withoutPadding(bytes: Buffer): Buffer {
  const isDefinite = bytes[0] === 0x30 && bytes[1] === 0x82;
  const length = isDefinite && bytes.length > 4 ? bytes.readUInt16BE(2) + 4 : bytes.length;
  const rest = bytes.subarray(length);
  return rest.every((byte) => byte === 0) ? bytes.subarray(0, length) : bytes;
}

/**
 * Apple's tools sign the digest of the table as it is, which is the same as signing the table under that digest;
 * rcodesign 0.29.0 signs the digest as if it were content, under SHA-256. Both seal the same bytes.
 */
function rsaFindings(
  archive: XarArchive,
  { certificates }: XarSignature,
  tableDigest: Buffer,
  bytes: Buffer,
): Finding[] {
  const [signer] = readCertificates(certificates);
  if (!signer) return [problem('CMS_SIGNATURE_WRONG', 'The package lacks the certificate of its signer.')];
  const { checksum } = archive.table;
  const holds = readingHostile(
    'signature of the package',
    () =>
      verify(checksum?.algorithm, archive.compressedTable, signer.publicKey, bytes) ||
      verify('sha256', tableDigest, signer.publicKey, bytes),
  );
  return holds ? [] : [problem('CMS_SIGNATURE_WRONG', "The package's signature does not verify.")];
}
