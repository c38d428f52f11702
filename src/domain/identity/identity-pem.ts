import type { SigningIdentity } from '../../formats/pkcs12/p12.ts';
import { piecesOf } from '../../text.ts';

const PEM_LINE_CHARACTERS = 64;

/**
 * The identity as one PEM text for `rcodesign --pem-file`. The order matters: rcodesign 0.29.0 pairs the key with
 * the first certificate and takes the others as its chain.
 *
 * @returns a Buffer, so that the caller can overwrite it after use
 */
export function identityPem(identity: SigningIdentity): Buffer {
  const issuers = identity.chain.filter((der) => !der.equals(identity.certificate.der));
  const [leaf, ...chain] = [identity.certificate.der, ...issuers].map((der) =>
    Buffer.from(certificatePem(der)),
  );
  return Buffer.concat([leaf ?? Buffer.alloc(0), identity.privateKeyPem, ...chain]);
}

export function certificatePem(der: Buffer): string {
  const lines = piecesOf(der.toString('base64'), PEM_LINE_CHARACTERS);
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
