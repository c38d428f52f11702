import { X509Certificate } from 'node:crypto';
import { readingHostile } from './malformed.ts';
import { type Problem, problem } from './problem.ts';

export interface CertificateFacts {
  readonly commonName: string;
  /** Subject OU: Apple's team ID. */
  readonly organizationalUnit?: string;
  readonly issuerCommonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly sha256Hex: string;
  readonly isSelfSigned: boolean;
}

/**
 * Where the chain of the signer ends: at Apple's root, at another root that was sent along, at a certificate
 * that signed itself, or at an issuer that is not there. A fact, no verdict.
 */
export type Anchor = 'apple-root' | 'other-root' | 'self-signed' | 'issuer-missing';

/** "Apple Root CA", https://www.apple.com/certificateauthority/ */
const APPLE_ROOT_SHA256 = 'b0b1730ecbc7ff4505142c49f1295e6eda6bcaed7e2c68c5be91b5a11001f024';

export const readCertificates = (ders: readonly Buffer[]): X509Certificate[] =>
  ders.map((der) => readingHostile('certificate of the signature', () => new X509Certificate(der)));

export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  const unit = namePart(certificate.subject, 'OU');
  return {
    commonName: namePart(certificate.subject, 'CN') ?? '',
    ...(unit !== undefined && { organizationalUnit: unit }),
    issuerCommonName: namePart(certificate.issuer, 'CN') ?? '',
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    sha256Hex: fingerprint(certificate),
    isSelfSigned: certificate.issuer === certificate.subject,
  };
}

/** Every certificate whose issuer was sent along must carry that issuer's signature. */
export function certificateProblems(certificates: readonly X509Certificate[]): Problem[] {
  return certificates
    .filter((certificate) => candidates(certificate, certificates).length > 0)
    .filter((certificate) => !issuerOf(certificate, certificates))
    .map((certificate) => {
      const name = namePart(certificate.subject, 'CN') ?? '';
      return problem('CERTIFICATE_WRONG', `The certificate "${name}" does not carry its issuer's signature.`);
    });
}

export function anchorOf(signer: X509Certificate, certificates: readonly X509Certificate[]): Anchor {
  let current = signer;
  for (let step = 0; step <= certificates.length; step += 1) {
    const issuer = issuerOf(current, certificates);
    if (!issuer) return 'issuer-missing';
    if (issuer === current) return rootKind(current, current === signer);
    current = issuer;
  }
  return 'issuer-missing';
}

function rootKind(root: X509Certificate, isSigner: boolean): Anchor {
  if (fingerprint(root) === APPLE_ROOT_SHA256) return 'apple-root';
  return isSigner ? 'self-signed' : 'other-root';
}

const fingerprint = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase();

const candidates = (certificate: X509Certificate, all: readonly X509Certificate[]): X509Certificate[] =>
  all.filter((candidate) => candidate.subject === certificate.issuer);

const issuerOf = (
  certificate: X509Certificate,
  all: readonly X509Certificate[],
): X509Certificate | undefined =>
  candidates(certificate, all).find((candidate) =>
    readingHostile('certificate of the signature', () => certificate.verify(candidate.publicKey)),
  );

/** OpenSSL prints one part of a name a line, e.g. `CN=Apple Root CA`. */
const namePart = (name: string, key: string): string | undefined =>
  name
    .split('\n')
    .find((line) => line.startsWith(`${key}=`))
    ?.slice(key.length + 1);
