import { type AppleLike, TEAM } from '../helpers/apple-like.ts';
import { expectFound, macStore, store } from './table.ts';

const edited = (apple: AppleLike) =>
  Buffer.from(apple.profile().toString('latin1').replace('Acme profile', 'Evil profile'), 'latin1');

expectFound([
  [
    'a profile that is none',
    'PROFILE_INVALID',
    'error',
    () => ({ ios: {}, profile: Buffer.from('profile') }),
  ],
  [
    'no profile for the App Store',
    'PROFILE_MISSING',
    'error',
    () => ({ ios: {}, to: 'appstore', p12: 'distribution' }),
  ],
  ['no profile for a device', 'PROFILE_MISSING', 'warning', () => ({ ios: {}, p12: 'distribution' })],
  [
    'no profile for TestFlight on macOS',
    'PROFILE_MISSING',
    'warning',
    () => ({ mac: {}, to: 'testflight', p12: 'distribution', installer: 'installer', teamId: TEAM }),
  ],
  [
    'a profile for another app',
    'PROFILE_BUNDLE_ID_MISMATCH',
    'error',
    () => ({ ios: {}, profile: { bundleId: 'com.example.other' } }),
  ],
  [
    'a wildcard that does not reach',
    'PROFILE_BUNDLE_ID_MISMATCH',
    'error',
    () => ({ ios: {}, profile: { bundleId: 'com.example.hello.*' } }),
  ],
  [
    'an expired profile',
    'PROFILE_EXPIRED',
    'error',
    () => ({ ios: {}, profile: { expires: new Date('2024-01-01') } }),
  ],
  [
    'a profile that ends this week',
    'PROFILE_EXPIRES_SOON',
    'warning',
    () => ({ ios: {}, profile: { expires: new Date(Date.now() + 3 * 86_400_000) } }),
  ],
  [
    'a profile for macOS',
    'PROFILE_PLATFORM_MISMATCH',
    'error',
    () => ({ ios: {}, profile: { platform: 'macos' } }),
  ],
  ['a profile for iOS', 'PROFILE_PLATFORM_MISMATCH', 'error', () => ({ mac: {}, profile: {} })],
  [
    'a profile for Apple TV',
    'PROFILE_PLATFORM_MISMATCH',
    'error',
    () => ({ ios: {}, profile: { keys: { Platform: ['tvOS'] } } }),
  ],
  [
    'an app for Apple Vision with a profile for phones',
    'PROFILE_PLATFORM_MISMATCH',
    'error',
    () => ({ ios: { info: { UIDeviceFamily: [7] } }, profile: { keys: { Platform: ['iOS'] } } }),
  ],
  ['another team', 'TEAM_MISMATCH', 'error', () => ({ ios: {}, profile: {}, teamId: 'OTHER12345' })],
  [
    'a profile without the certificate',
    'PROFILE_CERTIFICATE_MISSING',
    'error',
    () => ({ ios: {}, p12: 'distribution', profile: { certificates: ['development'] } }),
  ],
  [
    'a development profile for the store',
    'PROFILE_KIND_WRONG',
    'error',
    () => ({ ios: {}, ...store, profile: { kind: 'development' } }),
  ],
  [
    'an ad hoc profile for TestFlight',
    'PROFILE_KIND_WRONG',
    'error',
    () => ({ ios: {}, ...store, to: 'testflight', profile: { kind: 'ad-hoc' } }),
  ],
  [
    'a company profile for the store',
    'PROFILE_KIND_WRONG',
    'error',
    () => ({ ios: {}, ...store, profile: { kind: 'all-devices' } }),
  ],
  [
    'a store profile for notarization',
    'PROFILE_KIND_WRONG',
    'error',
    () => ({ mac: {}, to: 'notarize', profile: { platform: 'macos' } }),
  ],
  ['an edited profile', 'PROFILE_CHANGED', 'error', (apple) => ({ ios: {}, profile: edited(apple) })],
  [
    'a profile of a stranger',
    'PROFILE_UNTRUSTED',
    'error',
    () => ({ ios: {}, profile: { signer: 'stranger' } }),
  ],
  [
    'a profile of a root that is not trusted',
    'PROFILE_UNTRUSTED',
    'error',
    () => ({ ios: {}, profile: {}, trusted: false }),
  ],
  [
    'a profile whose signature was changed',
    'PROFILE_SIGNATURE_WRONG',
    'error',
    (apple) => {
      const bytes = Buffer.from(apple.profile());
      bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 0x55;
      return { ios: {}, profile: bytes };
    },
  ],
  [
    'a prefix that TestFlight for macOS does not take',
    'ENTITLEMENT_DOUBTFUL',
    'warning',
    () => ({ mac: {}, ...macStore, to: 'testflight', profile: { platform: 'macos', prefix: 'OLDPREFIX1' } }),
  ],
]);
