import { X509Certificate } from 'node:crypto';
import { apple } from '../asn1/oids.ts';
import { extensionsOf } from '../asn1/tbs-certificate.ts';
import { type CertificateFacts, certificateFacts } from '../cms/certificate-facts.ts';

/** What Apple issued a certificate for. */
export type CertificateKind =
  | 'ios-development'
  | 'ios-distribution'
  | 'mac-app-distribution'
  | 'mac-app-submission'
  | 'mac-development'
  | 'developer-id-application'
  | 'developer-id-installer'
  | 'mac-installer-distribution';

const KIND_OF_MARKER: Readonly<Record<string, CertificateKind>> = {
  [apple.iosDevelopment]: 'ios-development',
  [apple.iosDistribution]: 'ios-distribution',
  [apple.macAppDistribution]: 'mac-app-distribution',
  [apple.macAppSubmission]: 'mac-app-submission',
  [apple.macDevelopment]: 'mac-development',
  [apple.developerIdApplication]: 'developer-id-application',
  [apple.developerIdInstaller]: 'developer-id-installer',
};

/** One X.509 certificate and what signing needs to know of it. */
export interface Certificate extends CertificateFacts {
  readonly der: Buffer;
  /** Apple Distribution is two at once; empty for what Apple did not issue. */
  readonly kinds: readonly CertificateKind[];
  readonly isAuthority: boolean;
  /** DER SubjectPublicKeyInfo, to compare with a key's. */
  readonly publicKey: Buffer;
  /** `rsa`, `ec:prime256v1`, … */
  readonly keyType: string;
  /** Already parsed: a file may hold many certificates, and each is compared with each. */
  readonly x509: X509Certificate;
}

/** @throws when the bytes are no certificate, or its key is of a kind that OpenSSL does not know */
export function readCertificate(der: Buffer): Certificate {
  const x509 = new X509Certificate(der);
  const { publicKey } = x509;
  return {
    ...certificateFacts(x509),
    der,
    kinds: kindsOf(der, x509.keyUsage ?? []),
    isAuthority: x509.ca,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    keyType: [publicKey.asymmetricKeyType, publicKey.asymmetricKeyDetails?.namedCurve]
      .filter(Boolean)
      .join(':'),
    x509,
  };
}

function kindsOf(der: Buffer, usages: readonly string[]): CertificateKind[] {
  const marked = [...extensionsOf(der).keys()].flatMap((oid) => KIND_OF_MARKER[oid] ?? []);
  return usages.includes(apple.macInstaller) ? [...marked, 'mac-installer-distribution'] : marked;
}

/** True when `issuer` is the one that `certificate` names as its issuer. */
export const isIssuedBy = (certificate: Certificate, issuer: Certificate): boolean =>
  certificate.x509.checkIssued(issuer.x509);

/** `2027-03-01`, for texts. */
export const day = (date: Date): string => date.toISOString().slice(0, 10);
