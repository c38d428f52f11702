import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeThrowawayProfile } from '../../src/demo/throwaway-identity.ts';
import { type Asn1, Asn1Error, oidOf, smallInteger } from '../../src/formats/asn1/node.ts';
import { type Asn1Form, readAsn1 } from '../../src/formats/asn1/read.ts';
import { readSignedData, type SignedData } from '../../src/formats/cms/signed-data.ts';
import {
  digestBy,
  messageDigestOf,
  signatureHolds,
  signerCertificate,
} from '../../src/formats/cms/signer.ts';
import { der, indefinite } from '../helpers/der.ts';
import { sharedIdentity } from '../helpers/shared-identity.ts';

let sound: Buffer;

beforeAll(() => {
  const teamId = 'A1B2C3D4E5';
  const { certificateDer } = sharedIdentity({ commonName: 'Apple Distribution: Demo', teamId });
  sound = makeThrowawayProfile({
    teamId,
    bundleId: 'com.example.demo',
    certificateDer,
    platform: 'ios',
    expires: new Date('2030-01-01'),
  });
});

const read = (bytes: Buffer, form: Asn1Form): SignedData | undefined => {
  try {
    return readSignedData(bytes, form);
  } catch (error) {
    expect(error).toBeInstanceOf(Asn1Error);
    return undefined;
  }
};

const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  byte: fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0, 0x30, 0x31, 0x7f, 0x80, 0x84, 0xa0, 0xff),
  ),
  cut: fc.constantFrom(0, 0, 0, 1, 2),
  put: fc.constantFrom(0, 0, 0, 1, 2),
});

function changed(
  bytes: Buffer,
  changes: readonly (typeof change extends fc.Arbitrary<infer T> ? T : never)[],
) {
  let result = bytes;
  for (const { at, byte, cut, put } of changes) {
    const place = Math.floor(at * result.length);
    const tail = result.subarray(place + 1 + cut);
    result = Buffer.concat([result.subarray(0, place), Buffer.alloc(1 + put, byte), tail]);
  }
  return result;
}

describe('a SignedData', () => {
  test('is the same in both forms, and holds', () => {
    const [exact, tolerant] = [readSignedData(sound, 'exact'), readSignedData(sound, 'tolerant')];
    expect({ ...tolerant, form: 'exact' }).toEqual(exact);
    const { signer, content = Buffer.alloc(0) } = exact;
    const certificate = signerCertificate(exact);
    if (!signer || !certificate) throw new Error('the profile is signed');
    expect(messageDigestOf(signer)).toEqual(digestBy(signer, content));
    expect(signatureHolds(signer, content, certificate.publicKey)).toBe(true);
  });

  test('that the exact form takes is read alike by the tolerant one, however it was changed', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = changed(sound, changes);
        const exact = read(bytes, 'exact');
        const tolerant = read(bytes, 'tolerant');
        if (!exact) return;
        taken += 1;
        expect(tolerant && { ...tolerant, form: 'exact' }).toEqual(exact);
      }),
      { numRuns: 3_000, seed: 11 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['with bytes behind its end', (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
    ['of more than 256 KiB', (bytes) => Buffer.concat([bytes, Buffer.alloc(256 * 1024)])],
  ])('%s is refused by the exact form alone', (_, change) => {
    expect(read(change(sound), 'exact')).toBeUndefined();
    expect(read(change(sound), 'tolerant')?.content).toEqual(readSignedData(sound, 'exact').content);
  });
});

describe('ASN.1', () => {
  test('whatever the bytes are, there is a value or an Asn1Error', () => {
    const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, fc.constantFrom<Asn1Form>('exact', 'tolerant'), (input, form) => {
        try {
          readAsn1(input, form);
        } catch (error) {
          expect(error).toBeInstanceOf(Asn1Error);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ['0603 550403', '2.5.4.3'],
    ['0609 2a864886f70d010702', '1.2.840.113549.1.7.2'],
    ['0602 8837', '2.999'],
  ])('the object identifier %s is %s', (hex, dotted) => {
    expect(oidOf(readAsn1(Buffer.from(hex.replace(' ', ''), 'hex'), 'exact'))).toBe(dotted);
  });

  test.each(['0600', '0602 8055', '0602 5580'])('the object identifier %s is refused', (hex) => {
    expect(() => oidOf(readAsn1(Buffer.from(hex.replace(' ', ''), 'hex'), 'exact'))).toThrow(Asn1Error);
  });

  test('an end that is open has the same parts as one that is not', () => {
    const parts = [der.integer(1), der.octets(Buffer.from('x'))];
    for (const form of ['exact', 'tolerant'] as const)
      expect(readAsn1(indefinite(...parts), form).children).toEqual(
        readAsn1(der.seq(...parts), form).children,
      );
  });

  test.each([
    ['a length of two bytes for one', '30810302 0105'],
    ['a length that begins with a zero', '3082000302 0105'],
    ['a length of an OCTET STRING within', '3005 04820001 78'],
    ['an integer that begins with a zero', '3004 0202 0005'],
    ['a negative integer that begins with a sign', '3004 0202 ff85'],
    ['an integer of no bytes', '3002 0200'],
    ['an enumerated value that begins with a zero', '3004 0a02 0001'],
    ['an integer in pieces', '3005 2203 020105'],
    ['a truth value in pieces', '3005 2103 0101ff'],
    ['a deep integer', '3006 a004 0202 0001'],
  ])('in the exact form, %s is refused', (_, hex) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(() => readAsn1(bytes, 'exact')).toThrow(Asn1Error);
    expect(() => readAsn1(bytes, 'der')).toThrow(Asn1Error);
  });

  test.each([
    ['a length of two bytes', '30810302 0105'],
    ['an integer that begins with a zero', '3004 0202 0005'],
  ])('in the tolerant form, %s is taken', (_, hex) => {
    const [integer] = readAsn1(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 'tolerant').children;
    expect(smallInteger(integer as Asn1)).toBe(5);
  });

  test.each(['020100', '02017f', '02020080', '0201ff', '0202ff7f', `0481800${'0'.repeat(255)}`])(
    'in the exact form, the shortest form %.8s is taken',
    (hex) => {
      expect(readAsn1(Buffer.from(hex, 'hex'), 'exact').raw.toString('hex')).toBe(hex);
    },
  );

  test('DER has no open ends', () => {
    expect(() => readAsn1(indefinite(der.integer(1)), 'der')).toThrow(Asn1Error);
  });

  test('is bounded in depth', () => {
    let nested = der.integer(1);
    for (let level = 0; level < 70; level += 1) nested = der.seq(nested);
    for (const form of ['exact', 'tolerant'] as const)
      expect(() => readAsn1(nested, form)).toThrow(Asn1Error);
  });
});
