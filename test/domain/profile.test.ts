import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeThrowawayProfile } from '../../src/demo/throwaway-identity.ts';
import {
  checkProfileSignature,
  coversBundleId,
  parseProfile,
  profileKind,
} from '../../src/domain/profile/index.ts';
import { ShipError } from '../../src/errors.ts';
import { der } from '../helpers/der.ts';
import { type OpensslWorkshop, openWorkshop } from '../helpers/identities.ts';
import { sharedIdentity } from '../helpers/shared-identity.ts';

const TEAM = 'DEMO123456';
const EXPIRES = new Date('2030-06-01T00:00:00Z');

let certificateDer: Buffer;
let workshop: OpensslWorkshop;
let profile: Buffer;

beforeAll(() => {
  workshop = openWorkshop();
  ({ certificateDer } = sharedIdentity({ commonName: 'Apple Distribution: Demo', teamId: TEAM }));
  profile = made();
});
afterAll(() => workshop.remove());

const made = (options: Partial<Parameters<typeof makeThrowawayProfile>[0]> = {}): Buffer =>
  makeThrowawayProfile({
    bundleId: 'com.example.tide',
    teamId: TEAM,
    certificateDer,
    platform: 'ios',
    expires: EXPIRES,
    ...options,
  });

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ShipError) return error.code;
    throw error;
  }
  return 'no error';
}

test('reads every fact of a profile', () => {
  expect(parseProfile(profile)).toMatchObject({
    name: 'Perry Demo com.example.tide',
    teamIds: [TEAM],
    platforms: ['iOS', 'xrOS', 'visionOS'],
    expiresAt: EXPIRES,
    applicationIdentifier: `${TEAM}.com.example.tide`,
    prefix: TEAM,
    bundleIdPattern: 'com.example.tide',
    developerCertificates: [certificateDer],
    deviceCount: undefined,
    provisionsAllDevices: false,
  });
});

test('openssl takes the throw-away profile for what it says it is', () => {
  workshop.write('demo.mobileprovision', profile);
  const content = workshop.openssl(
    'cms',
    '-verify',
    '-noverify',
    '-inform',
    'DER',
    '-in',
    'demo.mobileprovision',
  );
  expect(content.toString()).toContain(`<string>${TEAM}.com.example.tide</string>`);
});

test('reads BER with open ends and split content', () => {
  workshop.certificate('signer');
  workshop.write('demo.mobileprovision', profile);
  workshop.openssl(
    ...['cms', '-verify', '-noverify', '-inform', 'DER', '-in', 'demo.mobileprovision', '-out', 'demo.plist'],
  );
  workshop.openssl(
    ...['cms', '-sign', '-nodetach', '-stream', '-binary', '-outform', 'DER', '-md', 'sha1'],
    ...['-signer', 'signer.pem', '-inkey', 'signer.key', '-in', 'demo.plist', '-out', 'ber.mobileprovision'],
  );
  const ber = workshop.openssl('asn1parse', '-inform', 'DER', '-in', 'ber.mobileprovision');
  expect(ber.toString()).toContain('inf');
  const bytes = workshop.read('ber.mobileprovision');
  expect(parseProfile(bytes)).toMatchObject({ bundleIdPattern: 'com.example.tide' });
  const root = workshop.openssl('x509', '-in', 'signer.pem', '-outform', 'DER');
  expect(checkProfileSignature(bytes)).toEqual({ verdict: 'untrusted', signer: 'signer' });
  expect(checkProfileSignature(bytes, [root])).toEqual({ verdict: 'trusted', signer: 'signer' });
});

test('an edited profile is read, and said to be edited', () => {
  const edited = Buffer.from(
    profile.toString('latin1').replace('com.example.tide<', 'com.example.wave<'),
    'latin1',
  );
  expect(parseProfile(edited).bundleIdPattern).toBe('com.example.wave');
  expect(checkProfileSignature(edited)).toMatchObject({ verdict: 'changed' });
});

describe('garbage', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a plist without an envelope', Buffer.from('<?xml version="1.0"?><plist><dict/></plist>')],
    ['another kind of ASN.1', der.seq(der.oid('1.2.840.113549.1.7.1'))],
    ['too much', Buffer.alloc(1024 * 1024 + 1)],
  ])('%s', (_, bytes) => {
    expect(codeOf(() => parseProfile(bytes))).toBe('PROFILE_INVALID');
  });

  test.each([
    ['Entitlements', 'text'],
    ['Entitlements', { none: true }],
    ['ExpirationDate', 'tomorrow'],
  ])('a profile without its %s', (key, value) => {
    expect(codeOf(() => parseProfile(made({ keys: { [key]: value } })))).toBe('PROFILE_INVALID');
  });

  test('truncated anywhere, or with any byte changed: only our own errors', () => {
    fc.assert(
      fc.property(fc.nat(profile.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const broken = cut ? profile.subarray(0, at) : Buffer.from(profile);
        if (!cut) broken[at] = byte;
        expect(codeOf(() => parseProfile(broken))).toMatch(
          cut ? /^PROFILE_INVALID$/ : /^PROFILE_INVALID$|^no error$/,
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe('bundle identifiers', () => {
  const covers = (bundleId: string) => coversBundleId(parseProfile(made({ bundleId })), 'com.example.tide');

  test.each(['*', 'com.example.*', 'com.example.tide'])('%s covers com.example.tide', (bundleId) => {
    expect(covers(bundleId)).toBe(true);
  });

  test.each(['com.example.*.x', 'com.example.tide.*', 'com.example.tid', 'com.example.tide2', 'com.other.*'])(
    '%s does not cover com.example.tide',
    (bundleId) => {
      expect(covers(bundleId)).toBe(false);
    },
  );
});

test.each([
  ['ios', {}, {}, 'store'],
  ['ios', { ProvisionedDevices: ['a'] }, {}, 'ad-hoc'],
  ['ios', { ProvisionedDevices: ['a'] }, { 'get-task-allow': true }, 'development'],
  ['ios', { ProvisionsAllDevices: true }, {}, 'enterprise'],
  ['macos', {}, {}, 'store'],
  ['macos', { ProvisionedDevices: ['a'] }, {}, 'development'],
  ['macos', { ProvisionsAllDevices: true }, {}, 'developer-id'],
] as const)('kind of a profile for %s with %j %j: %s', (platform, keys, entitlements, kind) => {
  expect(profileKind(parseProfile(made({ platform, keys: mutable(keys), entitlements })))).toBe(kind);
});

/** The arrays of a constant table are read-only; property lists are not. */
const mutable = (keys: object): NonNullable<Parameters<typeof makeThrowawayProfile>[0]['keys']> =>
  structuredClone(keys) as never;
