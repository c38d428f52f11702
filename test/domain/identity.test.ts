import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  chooseIdentity,
  forgetKeys,
  identityPem,
  openP12,
  prepareP12,
} from '../../src/domain/identity/index.ts';
import { ShipError } from '../../src/errors.ts';
import { der, indefinite } from '../helpers/der.ts';
import { type MadeCertificate, type OpensslWorkshop, openWorkshop } from '../helpers/identities.ts';

const PASSWORD = 'correct horse';
let workshop: OpensslWorkshop;
let rsa: MadeCertificate;
let p256: MadeCertificate;
let p384: MadeCertificate;
let authority: MadeCertificate;

beforeAll(() => {
  workshop = openWorkshop();
  authority = workshop.certificate('authority', { authority: true });
  rsa = workshop.certificate('rsa', {
    commonName: 'Developer ID Application: Example (DEMO123456)',
    issuer: 'authority',
    markers: ['6.1.13'],
  });
  p256 = workshop.certificate('p256', { key: 'p256', commonName: 'Self made' });
  p384 = workshop.certificate('p384', {
    key: 'p384',
    commonName: 'Apple Distribution: Example (DEMO123456)',
    markers: ['6.1.4', '6.1.7'],
  });
});
afterAll(() => workshop.remove());

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ShipError) return error.code;
    throw error;
  }
  return 'no error';
}

const WRITERS: readonly (readonly [string, readonly string[]])[] = [
  ['OpenSSL 3 default (AES-256, SHA-256)', []],
  ['AES-128', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC']],
  ['SHA-512 integrity', ['-macalg', 'sha512']],
  ['SHA-384 integrity', ['-macalg', 'sha384']],
  ['-legacy (RC2-40, 3DES, SHA-1)', ['-legacy']],
  ['3DES and SHA-1', ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
  ['two-key 3DES', ['-legacy', '-keypbe', 'PBE-SHA1-2DES', '-certpbe', 'PBE-SHA1-2DES']],
  ['RC2-128', ['-legacy', '-keypbe', 'PBE-SHA1-RC2-128', '-certpbe', 'PBE-SHA1-RC2-128']],
  ['no integrity check', ['-nomac']],
  ['no encryption', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
  ['neither', ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac']],
  ['one round', ['-noiter', '-nomaciter']],
];

describe.each(WRITERS)('written with %s', (_, extra) => {
  test.each([PASSWORD, '', 'pässwörd €', 'emoji 😀'])('opens with the password %j', (password) => {
    const { identities, certificatesWithoutKey } = openP12(
      workshop.p12({ certificate: 'rsa', password, extra, others: ['authority'] }),
      password,
    );
    expect(identities).toHaveLength(1);
    expect(certificatesWithoutKey.map(({ der }) => der)).toEqual([authority.der]);
    const [identity] = identities;
    expect(identity?.certificate).toMatchObject({
      der: rsa.der,
      commonName: 'Developer ID Application: Example (DEMO123456)',
      teamId: 'DEMO123456',
      kinds: ['developer-id-application'],
      keyType: 'rsa',
      isAuthority: false,
    });
    expect(identity?.chain).toEqual([authority.der]);
    expect(createPublicKey(createPrivateKey(identity?.privateKeyPem ?? ''))).toEqual(
      new X509Certificate(rsa.der).publicKey,
    );
  });
});

test.each(['p256', 'p384'] as const)('an elliptic key: %s', (name) => {
  const { identities } = openP12(workshop.p12({ certificate: name, password: PASSWORD }), PASSWORD);
  expect(identities[0]?.certificate.keyType).toMatch(/^ec:/);
  expect(createPrivateKey(identities[0]?.privateKeyPem ?? '').asymmetricKeyType).toBe('ec');
});

test.each(WRITERS.filter(([, extra]) => !extra.includes('NONE')))('a wrong password: %s', (_, extra) => {
  const p12 = workshop.p12({ certificate: 'rsa', password: PASSWORD, extra });
  expect(codeOf(() => openP12(p12, 'wrong'))).toBe('P12_PASSWORD_WRONG');
  expect(codeOf(() => openP12(p12, ''))).toBe('P12_PASSWORD_WRONG');
});

test('600,000 rounds, as NSS writes', () => {
  const p12 = workshop.p12({ certificate: 'p256', password: '', extra: ['-iter', '600000'] });
  expect(openP12(p12, '').identities).toHaveLength(1);
  const locked = workshop.p12({ certificate: 'p256', password: PASSWORD, extra: ['-iter', '600000'] });
  expect(codeOf(() => openP12(locked, ''))).toBe('P12_PASSWORD_WRONG');
});

describe('a file whose keys were prepared', () => {
  test.each(WRITERS)('opens as it does otherwise: %s', async (_, extra) => {
    const p12 = workshop.p12({ certificate: 'p256', password: PASSWORD, extra });
    await prepareP12(p12, PASSWORD);
    expect(openP12(p12, PASSWORD).identities[0]?.certificate.commonName).toBe('Self made');
    expect(openP12(p12, PASSWORD).identities).toHaveLength(1);
  });

  test('other things happen meanwhile', async () => {
    const extra = ['-legacy', '-iter', '100000'];
    const p12 = workshop.p12({ certificate: 'p256', password: PASSWORD, extra });
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    await prepareP12(p12, PASSWORD);
    isDone = true;
    expect(turns).toBeGreaterThan(20);
    expect(openP12(p12, PASSWORD).identities).toHaveLength(1);
  });

  test('of a broken or locked file nothing is said before it is opened', async () => {
    const p12 = workshop.p12({ certificate: 'p256', password: PASSWORD });
    await prepareP12(p12, 'wrong');
    expect(codeOf(() => openP12(p12, 'wrong'))).toBe('P12_PASSWORD_WRONG');
    const noise = Buffer.alloc(100, 1);
    await prepareP12(noise, '');
    expect(codeOf(() => openP12(noise, ''))).toBe('P12_INVALID');
  });
});

test('a certificate without its key', () => {
  const p12 = workshop.p12({ certificate: 'rsa', key: null, password: PASSWORD });
  expect(codeOf(() => openP12(p12, PASSWORD))).toBe('P12_KEY_MISSING');
});

/** A PKCS#12 file made by hand: plain bags, no integrity check; in BER with open ends, as Keychain Access writes. */
function handMade(certificates: readonly Buffer[], keys: readonly Buffer[], seq: typeof der.seq): Buffer {
  const bag = (type: number, value: Buffer) =>
    seq(der.oid(`1.2.840.113549.1.12.10.1.${type}`), der.explicit(0, value));
  const certBag = (certificate: Buffer) =>
    bag(3, seq(der.oid('1.2.840.113549.1.9.22.1'), der.explicit(0, der.octets(certificate))));
  const contents = seq(...certificates.map(certBag), ...keys.map((key) => bag(1, key)));
  const data = (content: Buffer) =>
    seq(der.oid('1.2.840.113549.1.7.1'), der.explicit(0, der.splitOctets(content)));
  return seq(der.integer(3), data(seq(data(contents))));
}

const pkcs8 = (file: string): Buffer =>
  workshop.openssl('pkcs8', '-topk8', '-nocrypt', '-in', file, '-outform', 'DER');

test('plain key bags, several identities, BER with open ends', () => {
  const p12 = handMade(
    [authority.der, rsa.der, p256.der],
    [pkcs8(p256.keyFile), pkcs8(rsa.keyFile)],
    indefinite,
  );
  const contents = openP12(p12, 'whatever');
  expect(contents.identities.map(({ certificate }) => certificate.commonName)).toEqual([
    'Developer ID Application: Example (DEMO123456)',
    'Self made',
  ]);
  expect(contents.certificatesWithoutKey).toHaveLength(1);
});

test('a key that belongs to no certificate', () => {
  const p12 = handMade([rsa.der], [pkcs8(p256.keyFile)], der.seq);
  expect(codeOf(() => openP12(p12, ''))).toBe('P12_KEY_MISMATCH');
  expect(codeOf(() => openP12(handMade([], [pkcs8(p256.keyFile)], der.seq), ''))).toBe('P12_KEY_MISMATCH');
});

describe('hostile files', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('-----BEGIN CERTIFICATE-----')],
    ['more than 1 MiB', Buffer.alloc(1024 * 1024 + 1)],
    ['a megabyte of nested sequences', Buffer.from('3080'.repeat(250_000), 'hex')],
    ['a megabyte of tiny values', der.seq(Buffer.from('0500'.repeat(500_000), 'hex'))],
    ['a certificate', Buffer.from('3003020101', 'hex')],
  ])('%s', (_, bytes) => {
    expect(codeOf(() => openP12(bytes, ''))).toBe('P12_INVALID');
  });

  test.each([
    ['integrity check', ['-iter', '100000']],
    ['key derivation', ['-iter', '100000', '-nomac']],
  ])('an endless %s is refused before it is computed', (_, extra) => {
    const p12 = workshop.p12({ certificate: 'p256', password: PASSWORD, extra });
    const at = p12.lastIndexOf(Buffer.from('02030186a0', 'hex'));
    p12.set([0x7f, 0xff, 0xff], at + 2);
    expect(() => openP12(p12, PASSWORD)).toThrow(/iteration counts ask for more work/);
    expect(codeOf(() => openP12(p12, PASSWORD))).toBe('P12_INVALID');
  });

  test('truncated anywhere, or with any byte changed: only our own errors', () => {
    const files = [[], ['-legacy'], ['-nomac'], ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac']].map(
      (extra) => workshop.p12({ certificate: 'p256', password: PASSWORD, extra }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.nat(),
        fc.nat(255),
        fc.boolean(),
        (file, position, byte, cut) => {
          const at = position % file.length;
          const broken = cut ? file.subarray(0, at) : Buffer.from(file);
          if (!cut) broken[at] = byte;
          const code = codeOf(() => openP12(broken, PASSWORD));
          if (cut) expect(code).toMatch(/^P12_/);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('chooseIdentity', () => {
  const now = new Date(Date.now() + 3_600_000);
  const all = () =>
    openP12(
      handMade(
        [p256.der, p384.der, rsa.der],
        [p256, p384, rsa].map(({ keyFile }) => pkcs8(keyFile)),
        der.seq,
      ),
      '',
    );
  const purpose = 'macos-direct';
  const chosen = (wantedName?: string, extra = {}) =>
    chooseIdentity(all(), { purpose, now, ...(wantedName !== undefined && { wantedName }), ...extra });

  test('by the kind that fits the purpose', () => {
    expect(chosen()).toMatchObject({ fit: 'fits', rivals: 0, hasWantedName: true });
    expect(chosen().identity.certificate.der).toEqual(rsa.der);
  });

  test('by exact name, then by a part of it', () => {
    expect(chosen('Self made').identity.certificate.der).toEqual(p256.der);
    expect(chosen('Self made').fit).toBe('unknown');
    expect(chosen('Self').identity.certificate.der).toEqual(p256.der);
  });

  test('a name that fits none is said, and the kind decides', () => {
    const { identity, hasWantedName } = chosen('Nobody');
    expect(identity.certificate.der).toEqual(rsa.der);
    expect(hasWantedName).toBe(false);
  });

  test('the one in the profile comes before the kind', () => {
    expect(chosen('', { profileCertificates: [p256.der] }).identity.certificate.der).toEqual(p256.der);
  });

  test('two that fit: the longer valid one, and the other is counted', () => {
    const twin = workshop.certificate('twin', {
      markers: ['6.1.13'],
      commonName: 'Developer ID Application: Twin',
    });
    const contents = openP12(
      handMade([rsa.der, twin.der], [pkcs8(rsa.keyFile), pkcs8(twin.keyFile)], der.seq),
      '',
    );
    expect(chooseIdentity(contents, { purpose, now }).rivals).toBe(1);
  });

  test('the wrong kind for the store is said', () => {
    expect(chosen('Developer ID', { purpose: 'ios-store' }).fit).toBe('unfit');
  });
});

test('the PEM has the leaf first, then the key, then the issuers; keys can be overwritten', () => {
  const contents = openP12(workshop.p12({ certificate: 'rsa', password: '', others: ['authority'] }), '');
  const [identity] = contents.identities;
  if (!identity) throw new Error('no identity');
  const pem = identityPem(identity).toString();
  expect(pem.match(/BEGIN [A-Z ]+/g)).toEqual([
    'BEGIN CERTIFICATE',
    'BEGIN PRIVATE KEY',
    'BEGIN CERTIFICATE',
  ]);
  expect(new X509Certificate(pem).raw.equals(rsa.der)).toBe(true);
  forgetKeys(contents);
  expect(identity.privateKeyPem.every((byte) => byte === 0)).toBe(true);
});
