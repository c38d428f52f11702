import { X509Certificate } from 'node:crypto';
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
  if (chainsTo(signer, others, pool)) return true;
  return isMadeForProfiles(signer) && chainsTo(signer, appleRoots(), pool);
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
  );

function chainsTo(
  certificate: X509Certificate,
  roots: readonly X509Certificate[],
  pool: readonly X509Certificate[],
  depth = 0,
): boolean {
  if (roots.some((root) => root.raw.equals(certificate.raw))) return true;
  if (depth >= MAX_CHAIN) return false;
  if (roots.some((root) => isIssuer(root, certificate))) return true;
  const rest = pool.filter(({ raw }) => !raw.equals(certificate.raw));
  return rest.some(
    (issuer) => issuer.ca && isIssuer(issuer, certificate) && chainsTo(issuer, roots, rest, depth + 1),
  );
}

const isMadeForProfiles = ({ subject }: X509Certificate): boolean =>
  subject.split('\n').some((line) => line.startsWith('CN=') && line.endsWith(APPLE_SIGNER));

/** The name and the key identifier first: they cost nothing. */
function isIssuer(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
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
