import { X509Certificate } from 'node:crypto';
import { apple, x509 as x509Oids } from '../asn1/oids.ts';
import { extensionsOf, subjectOf } from '../asn1/tbs-certificate.ts';

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
export interface Certificate {
  readonly der: Buffer;
  readonly commonName: string;
  /** Subject OU, which Apple fills with the team. */
  readonly teamId?: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Apple Distribution is two at once; empty for what Apple did not issue. */
  readonly kinds: readonly CertificateKind[];
  readonly isAuthority: boolean;
  readonly sha256Hex: string;
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
  const subject = subjectOf(der);
  const teamId = subject.get(x509Oids.organizationalUnit);
  const { publicKey } = x509;
  return {
    der,
    commonName: subject.get(x509Oids.commonName) ?? '',
    ...(teamId !== undefined && { teamId }),
    notBefore: new Date(x509.validFrom),
    notAfter: new Date(x509.validTo),
    kinds: kindsOf(der, x509.keyUsage ?? []),
    isAuthority: x509.ca,
    sha256Hex: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
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
