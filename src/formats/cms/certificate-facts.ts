import type { X509Certificate } from 'node:crypto';
import { x509 } from '../asn1/oids.ts';
import { namesOf } from '../asn1/tbs-certificate.ts';

/** What a certificate says of itself and everybody asks. */
export interface CertificateFacts {
  readonly commonName: string;
  /** Subject OU, which Apple fills with the team. */
  readonly teamId?: string;
  readonly issuerCommonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly sha256Hex: string;
}

/** @throws Asn1Error */
export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  const { subject, issuer } = namesOf(certificate.raw);
  const teamId = subject.get(x509.organizationalUnit);
  return {
    commonName: subject.get(x509.commonName) ?? '',
    ...(teamId !== undefined && { teamId }),
    issuerCommonName: issuer.get(x509.commonName) ?? '',
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    sha256Hex: fingerprint(certificate),
  };
}

export const fingerprint = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase();
