import { X509Certificate } from 'node:crypto';
import { type Asn1, child, oid, readAsn1, tagged } from './asn1.ts';

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

/** Marker extensions below Apple's arc, from the Worldwide Developer Relations certification practice statement. */
const APPLE = '1.2.840.113635.100';
const KIND_OF_MARKER: Readonly<Record<string, CertificateKind>> = {
  [`${APPLE}.6.1.2`]: 'ios-development',
  [`${APPLE}.6.1.4`]: 'ios-distribution',
  [`${APPLE}.6.1.7`]: 'mac-app-distribution',
  [`${APPLE}.6.1.8`]: 'mac-app-submission',
  [`${APPLE}.6.1.12`]: 'mac-development',
  [`${APPLE}.6.1.13`]: 'developer-id-application',
  [`${APPLE}.6.1.14`]: 'developer-id-installer',
};
const MAC_INSTALLER_USAGE = `${APPLE}.4.9`;

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
  const teamId = subject.get(ORGANIZATIONAL_UNIT);
  const { publicKey } = x509;
  return {
    der,
    commonName: subject.get(COMMON_NAME) ?? '',
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

const COMMON_NAME = '2.5.4.3';
const ORGANIZATIONAL_UNIT = '2.5.4.11';
const BMP_STRING = 30;

/**
 * Attributes of the subject by type, the last of each (RFC 5280, 4.1.2.6). Read here and not by Node's
 * `toLegacyObject()`, which ends the process (Node 24.21) for a key on a curve that OpenSSL does not know.
 */
function subjectOf(der: Buffer): Map<string, string> {
  const fields = child(readAsn1(der), 0).children;
  const hasVersion = fields[0]?.tagClass === 'context';
  const names = fields[hasVersion ? 5 : 4]?.children.flatMap(({ children }) => children) ?? [];
  return new Map(names.map((name) => [oid(child(name, 0)), textOf(child(name, 1))]));
}

const textOf = ({ tag, content }: Asn1): string =>
  tag === BMP_STRING && content.length % 2 === 0
    ? Buffer.from(content).swap16().toString('utf16le')
    : content.toString('utf8');

function kindsOf(der: Buffer, usages: readonly string[]): CertificateKind[] {
  const extensions = tagged(child(readAsn1(der), 0), 3)?.children[0]?.children ?? [];
  const marked = extensions.flatMap((extension) => KIND_OF_MARKER[oid(child(extension, 0))] ?? []);
  return usages.includes(MAC_INSTALLER_USAGE) ? [...marked, 'mac-installer-distribution'] : marked;
}

/** True when `issuer` is the one that `certificate` names as its issuer. */
export const isIssuedBy = (certificate: Certificate, issuer: Certificate): boolean =>
  certificate.x509.checkIssued(issuer.x509);

/** `2027-03-01`, for texts. */
export const day = (date: Date): string => date.toISOString().slice(0, 10);
