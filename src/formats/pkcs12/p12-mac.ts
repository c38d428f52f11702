import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Asn1, child, octets, oid, smallInteger, UnsupportedForm } from './asn1.ts';
import { type Opener, pbkdf2Key } from './p12-decrypt.ts';
import { derivePkcs12, HASH_BYTES, PURPOSE } from './p12-kdf.ts';

const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const PBMAC1 = '1.2.840.113549.1.5.14';

/** True when the password fits: the integrity value of the file (RFC 7292, 4; RFC 9579 for PBMAC1) is the right one. */
export function macFits(macData: Asn1, content: Buffer, opener: Opener): boolean {
  const algorithm = child(child(macData, 0), 0);
  const expected = octets(child(child(macData, 0), 1));
  const method = oid(child(algorithm, 0));
  const found =
    method === PBMAC1
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
  const hash = hashOf(oid(child(child(parameters, 1), 0)));
  const key = pbkdf2Key(child(parameters, 0), HASH_BYTES[hash] ?? 0, opener);
  return createHmac(hash, key).update(content).digest();
}

function hashOf(method: string): string {
  const hash = HASHES[method];
  if (!hash) throw new UnsupportedForm(`its integrity check uses ${method}, which is not supported`);
  return hash;
}
