import { generateKeyPairSync, randomBytes } from 'node:crypto';
import forge from 'node-forge';

const KEY_BITS = 2048;
const DAY_MS = 24 * 60 * 60 * 1000;
const LIFETIME_DAYS = 30;

export interface ThrowawayIdentityOptions extends Validity {
  /** e.g. `Developer ID Application: Perry Demo (DEMO123456)`. */
  readonly commonName: string;
  /** 10 capital letters and digits; becomes the OU of the subject, as in Apple's certificates. */
  readonly teamId: string;
}

export interface Validity {
  /** First instant of validity; a day ago when left out. */
  readonly notBefore?: Date;
  /** Last instant of validity; in 30 days when left out. */
  readonly notAfter?: Date;
}

/** Apple's marker extensions, by the beginning of the common name: so the identity is taken for its kind. */
const MARKERS: readonly (readonly [string, readonly string[]])[] = [
  ['Developer ID Application', ['1.2.840.113635.100.6.1.13']],
  ['Apple Distribution', ['1.2.840.113635.100.6.1.4', '1.2.840.113635.100.6.1.7']],
  ['Apple Development', ['1.2.840.113635.100.6.1.2', '1.2.840.113635.100.6.1.12']],
];

export interface Authority {
  readonly key: forge.pki.rsa.PrivateKey;
  readonly certificate: forge.pki.Certificate;
}

/** The native generator is a hundred times faster than the one of the library. */
export function makeKey() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    pem,
    private: forge.pki.privateKeyFromPem(pem),
    public: forge.pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }).toString()),
  };
}

export function makeAuthority(options: Validity = {}): Authority {
  const key = makeKey();
  const certificate = blank(options, key.public);
  // Not the organization of the leaf: rcodesign 0.29.0 would then pin the root in the designated requirement, but
  // with the digest of the leaf, which no verifier can satisfy.
  const name = [utf8('commonName', 'Perry Demo Throw-away CA'), utf8('organizationName', 'Perry Demo CA')];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(key.private, forge.md.sha256.create());
  return { key: key.private, certificate };
}

export function certify(
  options: ThrowawayIdentityOptions,
  publicKey: forge.pki.rsa.PublicKey,
  authority: Authority,
): forge.pki.Certificate {
  const certificate = blank(options, publicKey);
  certificate.setSubject([
    utf8('commonName', options.commonName),
    utf8('organizationalUnitName', options.teamId),
    utf8('organizationName', 'Perry Demo'),
    { name: 'countryName', value: 'US' },
  ]);
  certificate.setIssuer(authority.certificate.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', ...usageFor(options.commonName), critical: true },
    ...markersFor(options.commonName),
  ]);
  certificate.sign(authority.key, forge.md.sha256.create());
  return certificate;
}

/** Installer packages are signed under a usage of Apple's own. */
const usageFor = (commonName: string) =>
  commonName.startsWith('3rd Party Mac Developer Installer')
    ? { '1.2.840.113635.100.4.9': true }
    : { codeSigning: true };

/** Their content is an ASN.1 NULL, as Apple's is. */
const markersFor = (commonName: string) =>
  MARKERS.flatMap(([start, ids]) => (commonName.startsWith(start) ? ids : [])).map((id) => ({
    id,
    critical: false,
    value: '\x05\x00',
  }));

function blank(options: Validity, publicKey: forge.pki.rsa.PublicKey): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  const now = Date.now();
  certificate.publicKey = publicKey;
  // A leading "01" keeps the number positive.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = options.notBefore ?? new Date(now - DAY_MS);
  certificate.validity.notAfter = options.notAfter ?? new Date(now + LIFETIME_DAYS * DAY_MS);
  return certificate;
}

const utf8 = (name: string, value: string): forge.pki.CertificateField => ({
  name,
  value,
  valueTagClass: forge.asn1.Type.UTF8 as unknown as forge.asn1.Class,
});

export const certificateDer = (certificate: forge.pki.Certificate): Buffer =>
  Buffer.from(forge.asn1.toDer(forge.pki.certificateToAsn1(certificate)).getBytes(), 'latin1');
