import { X509Certificate } from 'node:crypto';
import { IssuerChecks } from '../../formats/cms/issuer-checks.ts';
import { APPLE_INTERMEDIATES, APPLE_ROOTS } from './apple-certificates.ts';

/** Signer, intermediates and root; Apple's have three, self-made ones may have some more. */
const MAX_CHAIN = 6;
/**
 * Apple issues certificates to every developer, and each chains to its roots: only those that it made for profiles
 * may sign one. Seen from 2008 to 2026: "Apple iPhone OS …", "Mac OS X …" and "WWDR Provisioning Profile Signing".
 */
const APPLE_SIGNER = 'Provisioning Profile Signing';

const parsed = (base64: readonly string[]): X509Certificate[] =>
  base64.map((text) => new X509Certificate(Buffer.from(text, 'base64')));

const memoized = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};
const appleRoots = memoized(() => parsed(APPLE_ROOTS));
const appleIntermediates = memoized(() => parsed(APPLE_INTERMEDIATES));

/**
 * True when a chain of signatures leads from the signer of a profile to a root of Apple's, or to one of the others.
 * Dates are not looked at: a profile outlives the certificate that signed it.
 *
 * @param sent - DER of the certificates that came along
 * @param trustRoots - DER
 */
export function isTrusted(
  signer: X509Certificate,
  sent: readonly Buffer[],
  trustRoots: readonly Buffer[],
): boolean {
  const pool = [...sent.flatMap(readable), ...appleIntermediates()];
  const others = trustRoots.flatMap(readable);
  const checks = new IssuerChecks();
  if (chainsTo(signer, others, pool, checks)) return true;
  return isMadeForProfiles(signer) && chainsTo(signer, appleRoots(), pool, checks);
}

/** True when a chain of signatures leads from a certificate of any kind to a root of Apple's, or to one of the others. */
export const isIssuedByApple = (
  certificate: X509Certificate,
  sent: readonly Buffer[],
  trustRoots: readonly Buffer[],
): boolean =>
  chainsTo(
    certificate,
    [...appleRoots(), ...trustRoots.flatMap(readable)],
    [...sent.flatMap(readable), ...appleIntermediates()],
    new IssuerChecks(),
  );

/** Goes up from all that was reached, one step of the chain at a time; no certificate is looked at twice. */
function chainsTo(
  certificate: X509Certificate,
  roots: readonly X509Certificate[],
  pool: readonly X509Certificate[],
  checks: IssuerChecks,
): boolean {
  const unused = new Set(pool);
  let reached = [certificate];
  for (let depth = 0; depth <= MAX_CHAIN && reached.length > 0; depth += 1) {
    if (reached.some((each) => isRootOrIssuedByOne(each, roots, checks))) return true;
    const issuers = [...unused].filter(
      (issuer) => issuer.ca && reached.some((each) => isIssuer(issuer, each, checks)),
    );
    for (const issuer of issuers) unused.delete(issuer);
    reached = issuers;
  }
  return false;
}

const isRootOrIssuedByOne = (
  certificate: X509Certificate,
  roots: readonly X509Certificate[],
  checks: IssuerChecks,
): boolean => roots.some((root) => root.raw.equals(certificate.raw) || isIssuer(root, certificate, checks));

const isMadeForProfiles = ({ subject }: X509Certificate): boolean =>
  subject.split('\n').some((line) => line.startsWith('CN=') && line.endsWith(APPLE_SIGNER));

/** The name and the key identifier first: they cost nothing. */
function isIssuer(issuer: X509Certificate, certificate: X509Certificate, checks: IssuerChecks): boolean {
  try {
    return certificate.checkIssued(issuer) && checks.isSignedBy(certificate, issuer);
  } catch {
    return false;
  }
}

function readable(der: Buffer): X509Certificate[] {
  try {
    return [new X509Certificate(der)];
  } catch {
    return [];
  }
}
