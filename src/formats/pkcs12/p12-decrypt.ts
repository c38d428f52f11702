import { createDecipheriv } from 'node:crypto';
import forge from 'node-forge';
import {
  type Asn1,
  Asn1Error,
  child,
  isInteger,
  isOctets,
  octets,
  oidOf,
  smallInteger,
  UnsupportedForm,
} from '../asn1/node.ts';
import { ciphers, hmacDigestName, pkcs12 } from '../asn1/oids.ts';
import { derivePbkdf2, derivePkcs12, PURPOSE } from './p12-kdf.ts';
import type { PasswordForm } from './p12-password.ts';
import type { WorkBudget } from './work-budget.ts';

export interface Opener {
  readonly password: PasswordForm;
  readonly budget: WorkBudget;
}

interface OldScheme {
  readonly cipher: 'des3' | 'rc2';
  readonly keyBytes: number;
}

/** RFC 7292, appendix C: all of them with SHA-1. */
const OLD_SCHEMES: Readonly<Record<string, OldScheme>> = {
  [pkcs12.sha1And3Key3Des]: { cipher: 'des3', keyBytes: 24 },
  [pkcs12.sha1And2Key3Des]: { cipher: 'des3', keyBytes: 16 },
  [pkcs12.sha1And128BitRc2]: { cipher: 'rc2', keyBytes: 16 },
  [pkcs12.sha1And40BitRc2]: { cipher: 'rc2', keyBytes: 5 },
};

const NEW_CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  [ciphers.aes128Cbc]: { name: 'aes-128-cbc', keyBytes: 16 },
  [ciphers.aes192Cbc]: { name: 'aes-192-cbc', keyBytes: 24 },
  [ciphers.aes256Cbc]: { name: 'aes-256-cbc', keyBytes: 32 },
  [ciphers.desEde3Cbc]: { name: 'des-ede3-cbc', keyBytes: 24 },
};

/**
 * Decrypts one part of a PKCS#12 file.
 *
 * @param algorithm - the AlgorithmIdentifier that came with it
 * @throws Asn1Error, or an error of the cipher when the password is wrong
 */
export function decrypt(algorithm: Asn1, encrypted: Buffer, opener: Opener): Buffer {
  const scheme = oidOf(child(algorithm, 0));
  if (scheme === pkcs12.pbes2) return decryptNew(child(algorithm, 1), encrypted, opener);
  const old = OLD_SCHEMES[scheme];
  if (old) return decryptOld(old, child(algorithm, 1), encrypted, opener);
  throw new UnsupportedForm(`it is encrypted with the scheme ${scheme}, which is not supported`);
}

function decryptNew(parameters: Asn1, encrypted: Buffer, opener: Opener): Buffer {
  const encryption = child(parameters, 1);
  const cipher = NEW_CIPHERS[oidOf(child(encryption, 0))];
  if (!cipher) throw new UnsupportedForm('it is encrypted with a cipher that is not supported');
  const key = pbkdf2Key(child(parameters, 0), cipher.keyBytes, opener);
  return decipher(cipher.name, key, octets(child(encryption, 1)), encrypted);
}

/** @param kdf - AlgorithmIdentifier of PBKDF2: salt, count, optional key length, optional pseudo-random function */
export function pbkdf2Key(kdf: Asn1, lengthBytes: number, { password, budget }: Opener): Buffer {
  if (oidOf(child(kdf, 0)) !== pkcs12.pbkdf2) throw new UnsupportedForm('its key derivation is not PBKDF2');
  const [salt, count, ...rest] = child(kdf, 1).children;
  if (!salt || !isOctets(salt) || !count) throw new Asn1Error('its key derivation has no salt or no count');
  const named = rest.find((part) => !isInteger(part));
  const hash = named ? hmacDigestName(oidOf(child(named, 0))) : 'sha1';
  if (!hash) throw new UnsupportedForm('its key derivation uses a hash function that is not supported');
  const wanted = { hash, salt: octets(salt), iterations: smallInteger(count), lengthBytes };
  return derivePbkdf2(password.utf8, wanted, budget);
}

function decryptOld(scheme: OldScheme, parameters: Asn1, encrypted: Buffer, opener: Opener): Buffer {
  const salt = octets(child(parameters, 0));
  const iterations = smallInteger(child(parameters, 1));
  const { password, budget } = opener;
  const derive = (purpose: number, lengthBytes: number): Buffer =>
    derivePkcs12(password.utf16, purpose, { hash: 'sha1', salt, iterations, lengthBytes }, budget);
  const key = derive(PURPOSE.key, scheme.keyBytes);
  const iv = derive(PURPOSE.iv, 8);
  if (scheme.cipher === 'rc2') return decipherRc2(key, iv, encrypted);
  const threeKeys = key.length === 24 ? key : Buffer.concat([key, key.subarray(0, 8)]);
  return decipher('des-ede3-cbc', threeKeys, iv, encrypted);
}

function decipher(name: string, key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  const stream = createDecipheriv(name, key, iv);
  return Buffer.concat([stream.update(encrypted), stream.final()]);
}

/** OpenSSL 3 has RC2 only in its legacy provider, which Node does not load. */
function decipherRc2(key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  const cipher = forge.rc2.createDecryptionCipher(key.toString('latin1'), key.length * 8);
  cipher.start(iv.toString('latin1'));
  cipher.update(forge.util.createBuffer(encrypted.toString('latin1')));
  if (!cipher.finish()) throw new Asn1Error('the padding of an encrypted part is wrong');
  return Buffer.from(cipher.output.getBytes(), 'latin1');
}
