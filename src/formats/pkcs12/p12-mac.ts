import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Asn1, child, octets, oidOf, smallInteger, UnsupportedForm } from '../asn1/node.ts';
import { digestName, hmacDigestName, pkcs12 } from '../asn1/oids.ts';
import { type Opener, pbkdf2Key } from './p12-decrypt.ts';
import { derivePkcs12, HASH_BYTES, PURPOSE } from './p12-kdf.ts';

/** True when the password fits: the integrity value of the file (RFC 7292, 4; RFC 9579 for PBMAC1) is the right one. */
export function macFits(macData: Asn1, content: Buffer, opener: Opener): boolean {
  const algorithm = child(child(macData, 0), 0);
  const expected = octets(child(child(macData, 0), 1));
  const method = oidOf(child(algorithm, 0));
  const found =
    method === pkcs12.pbmac1
      ? pbmac1(child(algorithm, 1), content, opener)
      : classicMac(hashOf(method), macData, content, opener);
  return found.length === expected.length && timingSafeEqual(found, expected);
}

function classicMac(hash: string, macData: Asn1, content: Buffer, { password, budget }: Opener): Buffer {
  const count = macData.children[2];
  const wanted = {
    hash,
    salt: octets(child(macData, 1)),
    iterations: count ? smallInteger(count) : 1,
    lengthBytes: HASH_BYTES[hash] ?? 0,
  };
  return createHmac(hash, derivePkcs12(password.utf16, PURPOSE.mac, wanted, budget))
    .update(content)
    .digest();
}

function pbmac1(parameters: Asn1, content: Buffer, opener: Opener): Buffer {
  const hash = hashOf(oidOf(child(child(parameters, 1), 0)));
  const key = pbkdf2Key(child(parameters, 0), HASH_BYTES[hash] ?? 0, opener);
  return createHmac(hash, key).update(content).digest();
}

function hashOf(method: string): string {
  const hash = digestName(method) ?? hmacDigestName(method);
  if (!hash) throw new UnsupportedForm(`its integrity check uses ${method}, which is not supported`);
  return hash;
}
