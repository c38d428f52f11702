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
