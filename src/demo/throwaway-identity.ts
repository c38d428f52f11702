import { randomBytes } from 'node:crypto';
import forge from 'node-forge';
import {
  certificateDer,
  certify,
  makeAuthority,
  makeKey,
  type ThrowawayIdentityOptions,
} from './throwaway-certificate.ts';

export type { ThrowawayIdentityOptions } from './throwaway-certificate.ts';
export {
  makeThrowawayProfile,
  type ThrowawayProfileOptions,
  throwawayProfileRootPem,
} from './throwaway-profile.ts';

export interface ThrowawayIdentity {
  readonly p12: Buffer;
  readonly password: string;
  readonly certificatePem: string;
  readonly certificateDer: Buffer;
  readonly authorityPem: string;
  /** PKCS#8, for callers that need the key itself. */
  readonly privateKeyPem: string;
}

/**
 * Makes a signing identity that nobody trusts, for demonstrations and tests: an authority of its own, a
 * code-signing certificate, and both with the key in a PKCS#12 file (PBES2, AES-256) under a random password.
 */
export function makeThrowawayIdentity(options: ThrowawayIdentityOptions): ThrowawayIdentity {
  const authority = makeAuthority(options);
  const key = makeKey();
  const certificate = certify(options, key.public, authority);
  const password = randomBytes(18).toString('base64url');
  const certificatePem = forge.pki.certificateToPem(certificate);
  return {
    p12: exportP12(key.private, [certificate, authority.certificate], password),
    password,
    certificatePem,
    certificateDer: certificateDer(certificate),
    authorityPem: forge.pki.certificateToPem(authority.certificate),
    privateKeyPem: key.pem,
  };
}

function exportP12(
  key: forge.pki.rsa.PrivateKey,
  certificates: forge.pki.Certificate[],
  password: string,
): Buffer {
  const options = { algorithm: 'aes256', prfAlgorithm: 'sha256', count: 2048, saltSize: 16 } as const;
  const p12 = forge.pkcs12.toPkcs12Asn1(key, certificates, password, options as { algorithm: 'aes256' });
  return Buffer.from(forge.asn1.toDer(p12).getBytes(), 'latin1');
}
