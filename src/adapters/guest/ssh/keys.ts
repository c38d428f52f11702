import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';
import { ShipError } from '../../../errors.ts';

export interface SshKeyPair {
  /** OpenSSH private key format; a secret unless it is the throw-away host key of a local guest. */
  readonly privateKey: string;
  /** One line, `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

/** Type name and key, each with its length in front. */
const ED25519_BLOB_BYTES = 4 + 'ssh-ed25519'.length + 4 + 32;

/**
 * A fresh Ed25519 key pair, in memory. ssh2 1.17 drops leading zero bytes of the public half, so that one pair
 * in 256 cannot be read again: such a pair is thrown away.
 */
export function makeSshKeyPair(): SshKeyPair {
  const made = ssh2.utils.generateKeyPairSync('ed25519');
  const pair = { privateKey: made.private, publicKey: made.public };
  return isSound(pair) ? pair : makeSshKeyPair();
}

function isSound({ privateKey, publicKey }: SshKeyPair): boolean {
  const [secret, open] = [ssh2.utils.parseKey(privateKey), ssh2.utils.parseKey(publicKey)];
  if (secret instanceof Error || open instanceof Error) return false;
  return [secret, open].every((key) => key.getPublicSSH().length === ED25519_BLOB_BYTES);
}

/** `SHA256:<base64 without padding>` of the wire form of a public key, as `ssh-keygen -l` prints it. */
export const fingerprintOfKeyBlob = (blob: Buffer): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replaceAll('=', '')}`;

/** Fingerprint of a key given as text: a public key line, or a private key (its public half). */
export function fingerprintOfKey(key: string): string {
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw unreadable(parsed);
  return fingerprintOfKeyBlob(parsed.getPublicSSH());
}

/** The line for `authorized_keys` that lets the holder of a private key in, e.g. `ssh-ed25519 AAAA… perry-ship`. */
export function publicKeyLine(privateKey: string): string {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw unreadable(parsed);
  return `${parsed.type} ${parsed.getPublicSSH().toString('base64')} perry-ship`;
}

const unreadable = (cause: Error): ShipError =>
  new ShipError('INTERNAL_ERROR', {
    summary: 'An SSH key could not be read.',
    reason: 'It is in no form that is known.',
    nextStep: 'Report this run to the maintainers.',
    cause,
  });
