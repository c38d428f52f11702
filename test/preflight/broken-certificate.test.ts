import { type AppleLike, PASSWORD, TEAM } from '../helpers/apple-like.ts';
import { expectFound, macStore } from './table.ts';

const inYears = (years: number) => new Date(Date.now() + years * 365 * 86_400_000);

expectFound([
  ['a file that is no PKCS#12', 'P12_INVALID', 'error', () => ({ ios: {}, p12: Buffer.from('p12') })],
  [
    'a wrong password',
    'P12_PASSWORD_WRONG',
    'error',
    () => ({ ios: {}, p12: 'distribution', password: 'wrong' }),
  ],
  [
    'a file without a key',
    'P12_KEY_MISSING',
    'error',
    (apple) => {
      apple.certificate('distribution');
      return {
        ios: {},
        p12: apple.workshop.p12({ certificate: 'distribution', key: null, password: PASSWORD }),
      };
    },
  ],
  [
    'a key of another certificate',
    'P12_KEY_MISMATCH',
    'error',
    (apple) => {
      apple.certificate('distribution');
      const extra = ['-in', 'distribution.pem', '-inkey', 'stranger.key'];
      return { ios: {}, p12: keyWithout(apple, extra) };
    },
  ],
  [
    'an expired certificate',
    'CERTIFICATE_EXPIRED',
    'error',
    () => ({ ios: {}, p12: 'distribution', now: inYears(3) }),
  ],
  [
    'a certificate of tomorrow',
    'CERTIFICATE_NOT_YET_VALID',
    'error',
    () => ({ ios: {}, p12: 'distribution', now: new Date('2020-01-01') }),
  ],
  [
    'a key that cannot sign',
    'CERTIFICATE_KEY_UNSUPPORTED',
    'error',
    (apple) => {
      apple.workshop.certificate('p384', { key: 'p384', markers: ['6.1.4'], issuer: 'wwdr', teamId: TEAM });
      return { ios: {}, p12: apple.workshop.p12({ certificate: 'p384', password: PASSWORD }) };
    },
  ],
  [
    'a development certificate for the store',
    'CERTIFICATE_KIND_WRONG',
    'error',
    () => ({ ios: {}, to: 'appstore', p12: 'development', profile: { certificates: ['development'] } }),
  ],
  [
    'a distribution certificate to be notarized',
    'CERTIFICATE_KIND_WRONG',
    'error',
    () => ({ mac: {}, to: 'notarize', p12: 'distribution' }),
  ],
  [
    'Developer ID for the Mac App Store',
    'CERTIFICATE_KIND_WRONG',
    'error',
    () => ({
      mac: {},
      ...macStore,
      p12: 'developerId',
      profile: { platform: 'macos', certificates: ['developerId'] },
    }),
  ],
  [
    'Developer ID for iOS, only packed',
    'CERTIFICATE_KIND_WRONG',
    'warning',
    () => ({ ios: {}, p12: 'developerId' }),
  ],
  [
    'a self-made certificate to be notarized',
    'CERTIFICATE_KIND_WRONG',
    'error',
    () => ({ mac: {}, to: 'notarize', p12: 'selfMade' }),
  ],
  [
    'one certificate for both ways',
    'CERTIFICATE_KIND_WRONG',
    'error',
    () => ({ mac: {}, ...macStore, to: 'both', notarizeP12: 'distribution' }),
  ],
  [
    'a Developer ID installer for the store',
    'CERTIFICATE_KIND_WRONG',
    'error',
    () => ({ mac: {}, ...macStore, installer: 'developerIdInstaller' }),
  ],
  [
    'no installer certificate',
    'CREDENTIAL_MISSING',
    'error',
    () => ({ mac: {}, to: 'appstore', p12: 'distribution', profile: { platform: 'macos' } }),
  ],
  [
    'a certificate of another team',
    'TEAM_MISMATCH',
    'error',
    () => ({ ios: {}, p12: 'foreign', teamId: TEAM }),
  ],
  [
    'a certificate of another team than the profile',
    'TEAM_MISMATCH',
    'error',
    () => ({ ios: {}, p12: 'foreign', profile: { certificates: ['foreign'] } }),
  ],
  ['a self-made certificate', 'CERTIFICATE_NOT_APPLE', 'warning', () => ({ mac: {}, p12: 'selfMade' })],
  [
    'an identity of no such name',
    'IDENTITY_NAME_UNKNOWN',
    'warning',
    () => ({ mac: {}, p12: 'developerId', identityName: 'Nobody' }),
  ],
]);

/** A PKCS#12 file that openssl refuses to make: key and certificate do not belong together. */
function keyWithout({ workshop }: AppleLike, extra: readonly string[]): Buffer {
  const password = ['-passout', `pass:${PASSWORD}`];
  workshop.openssl('pkcs12', '-export', '-nocerts', ...extra, '-out', 'mixed.p12', ...password);
  return workshop.read('mixed.p12');
}
