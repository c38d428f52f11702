import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isIssuedByApple } from '../../src/domain/profile/index.ts';
import { IssuerChecks } from '../../src/formats/cms/issuer-checks.ts';
import { anchorOf, certificateProblems } from '../../src/formats/code-signature/certificates.ts';
import { type OpensslWorkshop, openWorkshop } from '../helpers/identities.ts';

/** Authorities of one name and one key: each is the issuer of each, and of the leaf. */
const AUTHORITIES = 12;
let workshop: OpensslWorkshop;
let authorities: X509Certificate[];
let leaf: X509Certificate;
let root: X509Certificate;

beforeAll(() => {
  workshop = openWorkshop();
  root = x509('root', { authority: true, commonName: 'Root' });
  const first = namedOne('one');
  authorities = [first, ...Array.from({ length: AUTHORITIES - 1 }, () => sameAs('one'))];
  leaf = x509('leaf', { issuer: 'one', commonName: 'Leaf' });
});
afterAll(() => workshop.remove());

const x509 = (name: string, options: Parameters<OpensslWorkshop['certificate']>[1]): X509Certificate =>
  new X509Certificate(workshop.certificate(name, { key: 'p256', ...options }).der);

const namedOne = (file: string): X509Certificate => x509(file, { authority: true, commonName: 'One' });

/** Another certificate of the same name for the same key. */
function sameAs(name: string): X509Certificate {
  const subject = '/CN=One/OU=DEMO123456/O=Test/C=US';
  const authority = ['-addext', 'basicConstraints=critical,CA:TRUE'];
  const request = ['req', '-x509', '-days', '30', '-key', `${name}.key`, '-subj', subject, ...authority];
  return new X509Certificate(workshop.openssl(...request, '-outform', 'DER'));
}

const ders = (certificates: readonly X509Certificate[]): Buffer[] => certificates.map(({ raw }) => raw);

describe('certificates that could all be issuers of each other', () => {
  test('each pair is asked for once, and then no more', () => {
    let verified = 0;
    const counted = (certificate: X509Certificate) =>
      new Proxy(certificate, {
        get: (target, name) => {
          if (name !== 'verify') return Reflect.get(target, name, target);
          return (key: Parameters<X509Certificate['verify']>[0]) => {
            verified += 1;
            return target.verify(key);
          };
        },
      });
    const all = authorities.map(counted);
    const checks = new IssuerChecks();
    for (let round = 0; round < 3; round += 1)
      for (const certificate of all) for (const issuer of all) checks.isSignedBy(certificate, issuer);
    expect(verified).toBe(64);
    expect(checks.isSpent).toBe(true);
  });

  test('a chain to a root is looked for in steps, not in every order', () => {
    expect(isIssuedByApple(leaf, ders(authorities), [root.raw])).toBe(false);
    expect(isIssuedByApple(leaf, ders(authorities), [authorities[0]?.raw ?? Buffer.alloc(0)])).toBe(true);
  });

  test('in a code signature they are refused', () => {
    const strangers = Array.from({ length: AUTHORITIES }, (_, index) => namedOne(`stranger-${index}`));
    const refusal = {
      code: 'SIGNATURE_MALFORMED',
      message: expect.stringContaining('Too many of them name each other as their issuer.'),
    };
    expect(() => certificateProblems([leaf, ...strangers], leaf)).toThrowError(
      expect.objectContaining(refusal) as Error,
    );
    expect(certificateProblems([leaf, ...authorities], leaf)).toEqual([]);
    expect(anchorOf(leaf, [leaf, authorities[0] ?? leaf])).toBe('other-root');
  });
});

describe('an authority with a key', () => {
  /** What node:crypto says of a key, and a certificate that counts how often it is checked by one. */
  const isAsked = (asymmetricKeyType: string, asymmetricKeyDetails: object): boolean => {
    let asked = false;
    const verify = () => {
      asked = true;
      return true;
    };
    const issuer = { publicKey: { asymmetricKeyType, asymmetricKeyDetails } } as unknown as X509Certificate;
    const certificate = { verify } as unknown as X509Certificate;
    expect(new IssuerChecks().isSignedBy(certificate, issuer)).toBe(asked);
    return asked;
  };

  test.each<[string, object, boolean]>([
    ['rsa', { modulusLength: 8_192, publicExponent: 65_537n }, true],
    ['rsa', { modulusLength: 8_193, publicExponent: 65_537n }, false],
    ['rsa', { modulusLength: 2_048, publicExponent: 2n ** 32n - 1n }, true],
    ['rsa', { modulusLength: 2_048, publicExponent: 2n ** 32n }, false],
    ['rsa-pss', { modulusLength: 16_384, publicExponent: 65_537n }, false],
    ['rsa', {}, false],
    ['dsa', { modulusLength: 3_072, divisorLength: 256 }, true],
    ['dsa', { modulusLength: 3_073, divisorLength: 256 }, false],
    ['dsa', {}, false],
    ['ec', { namedCurve: 'secp384r1' }, true],
  ])('%s %o', (type, details, expected) => expect(isAsked(type, details)).toBe(expected));

  test('node:crypto tells the size of a real DSA key, and one of an old size still counts', () => {
    workshop.openssl(
      'genpkey',
      '-algorithm',
      'DSA',
      '-genparam',
      '-pkeyopt',
      'dsa_paramgen_bits:1024',
      '-out',
      'dsa.par',
    );
    workshop.openssl('genpkey', '-paramfile', 'dsa.par', '-out', 'dsa.key');
    const subject = ['-subj', '/CN=DSA', '-addext', 'basicConstraints=critical,CA:TRUE'];
    const dsa = new X509Certificate(
      workshop.openssl('req', '-x509', '-days', '30', '-key', 'dsa.key', ...subject, '-outform', 'DER'),
    );
    expect(dsa.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 1024 });
    expect(new IssuerChecks().isSignedBy(dsa, dsa)).toBe(true);
  });
});
