import { hash, X509Certificate } from 'node:crypto';
import { type CertificateFacts, certificateFacts, fingerprint } from '../cms/certificate-facts.ts';
import { IssuerChecks } from '../cms/issuer-checks.ts';
import { malformed, readingHostile } from './malformed.ts';
import { type Problem, problem } from './problem.ts';

/**
 * Where the chain of the signer ends: at Apple's root, at another root that was sent along, at a certificate
 * that signed itself, or at an issuer that is not there. A fact, no verdict.
 */
export type Anchor = 'apple-root' | 'other-root' | 'self-signed' | 'issuer-missing';

/** "Apple Root CA", https://www.apple.com/certificateauthority/ */
const APPLE_ROOT_SHA256 = 'b0b1730ecbc7ff4505142c49f1295e6eda6bcaed7e2c68c5be91b5a11001f024';
const WHAT = 'certificates of the signature';
/** SHA-256 of its SubjectPublicKeyInfo. */
const APPLE_ROOT_KEY_SHA256 = 'eb4993efa9b089e593418aa893f8e93a7374d810e52fcbe01e7f1d7e92a6d024';

export const readCertificates = (ders: readonly Buffer[]): X509Certificate[] =>
  ders.map((der) => readingHostile(WHAT, () => new X509Certificate(der)));

/** @throws ShipError SIGNATURE_MALFORMED */
export const readFacts = (certificate: X509Certificate): CertificateFacts =>
  readingHostile(WHAT, () => certificateFacts(certificate));

/** Every certificate whose issuer was sent along must carry that issuer's signature. */
export function certificateProblems(
  certificates: readonly X509Certificate[],
  signer: X509Certificate | undefined,
): Problem[] {
  const checks = new IssuerChecks();
  return [
    ...unsignedProblems(certificates, checks),
    ...changedRootProblems(certificates),
    ...strayProblems(certificates, signer, checks),
  ];
}

/** Apple's root is known byte for byte; another certificate for its key is a changed copy. */
function changedRootProblems(certificates: readonly X509Certificate[]): Problem[] {
  const changed = certificates.some(
    (certificate) =>
      fingerprint(certificate) !== APPLE_ROOT_SHA256 && keyDigest(certificate) === APPLE_ROOT_KEY_SHA256,
  );
  return changed ? [problem('CERTIFICATE_WRONG', "The certificate of Apple's root was changed.")] : [];
}

/** A key of a kind that OpenSSL does not know has none. */
function keyDigest(certificate: X509Certificate): string | undefined {
  try {
    return hash('sha256', certificate.publicKey.export({ type: 'spki', format: 'der' }), 'hex');
  } catch {
    return undefined;
  }
}

function unsignedProblems(certificates: readonly X509Certificate[], checks: IssuerChecks): Problem[] {
  return certificates
    .filter((certificate) => candidates(certificate, certificates).length > 0)
    .filter((certificate) => !issuerOf(certificate, certificates, checks))
    .map((certificate) => {
      const { commonName } = readFacts(certificate);
      return problem(
        'CERTIFICATE_WRONG',
        `The certificate "${commonName}" does not carry its issuer's signature.`,
      );
    });
}

/**
 * Certificates that belong to nobody: a chain that breaks off, while others were sent along, was whole once, because
 * what signs sends nothing but the chain.
 */
function strayProblems(
  certificates: readonly X509Certificate[],
  signer: X509Certificate | undefined,
  checks: IssuerChecks,
): Problem[] {
  if (!signer) return [];
  const { chain, isWhole } = chainOf(signer, certificates, checks);
  const strays = isWhole ? [] : certificates.filter((certificate) => !chain.includes(certificate));
  return strays.slice(0, 1).map((certificate) => {
    const { commonName } = readFacts(certificate);
    return problem(
      'CERTIFICATE_WRONG',
      `The certificate "${commonName}" is no part of the chain of the signer.`,
    );
  });
}

/** From the signer upwards, as far as the certificates go; whole when it ends at one that signed itself. */
function chainOf(signer: X509Certificate, certificates: readonly X509Certificate[], checks: IssuerChecks) {
  const chain = [signer];
  for (let current = signer; chain.length <= certificates.length; ) {
    const issuer = issuerOf(current, certificates, checks);
    if (issuer === current) return { chain, isWhole: true };
    if (!issuer || chain.includes(issuer)) break;
    chain.push(issuer);
    current = issuer;
  }
  return { chain, isWhole: false };
}

export function anchorOf(signer: X509Certificate, certificates: readonly X509Certificate[]): Anchor {
  const { chain, isWhole } = chainOf(signer, certificates, new IssuerChecks());
  return isWhole ? rootKind(chain.at(-1) ?? signer, chain.length === 1) : 'issuer-missing';
}

function rootKind(root: X509Certificate, isSigner: boolean): Anchor {
  if (fingerprint(root) === APPLE_ROOT_SHA256) return 'apple-root';
  return isSigner ? 'self-signed' : 'other-root';
}

const candidates = (certificate: X509Certificate, all: readonly X509Certificate[]): X509Certificate[] =>
  all.filter((candidate) => candidate.subject === certificate.issuer);

function issuerOf(
  certificate: X509Certificate,
  all: readonly X509Certificate[],
  checks: IssuerChecks,
): X509Certificate | undefined {
  const issuer = candidates(certificate, all).find((candidate) =>
    readingHostile(WHAT, () => checks.isSignedBy(certificate, candidate)),
  );
  if (checks.isSpent) throw malformed(WHAT, 'too many of them name each other as their issuer');
  return issuer;
}
