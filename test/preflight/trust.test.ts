import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APPLE_INTERMEDIATES, APPLE_ROOTS } from '../../src/domain/profile/apple-certificates.ts';
import { checkProfileSignature, isIssuedByApple } from '../../src/domain/profile/index.ts';
import { importedClasses } from '../../src/formats/macho/index.ts';
import { packageRoot } from '../../src/package-root.ts';
import { type AppleLike, openAppleLike } from '../helpers/apple-like.ts';

let apple: AppleLike;
beforeAll(() => {
  apple = openAppleLike();
});
afterAll(() => apple.workshop.remove());

const read = (base64: string) => new X509Certificate(Buffer.from(base64, 'base64'));

describe("Apple's certificates", () => {
  test('the roots are those that Apple publishes', () => {
    expect(
      APPLE_ROOTS.map(read).map(({ subject, fingerprint256 }) => [
        /CN=.*/.exec(subject)?.[0],
        fingerprint256.slice(0, 23),
      ]),
    ).toEqual([
      ['CN=Apple Root CA', 'B0:B1:73:0E:CB:C7:FF:45'],
      ['CN=Apple Root CA - G2', 'C2:B9:B0:42:DD:57:83:0E'],
      ['CN=Apple Root CA - G3', '63:34:3A:BF:B8:9A:6A:03'],
    ]);
  });

  test('every intermediate is signed by one of the roots', () => {
    for (const certificate of APPLE_INTERMEDIATES.map(read)) {
      expect([certificate.subject, certificate.ca]).toEqual([expect.any(String), true]);
      expect([certificate.subject, isIssuedByApple(certificate, [], [])]).toEqual([
        certificate.subject,
        true,
      ]);
    }
  });
});

describe('who signed a profile', () => {
  const verdict = (options: Parameters<AppleLike['profile']>[0], roots = apple.roots) =>
    checkProfileSignature(apple.profile(options), roots);

  test('its chain leads to a trusted root', () => {
    const signer = 'Orchard Provisioning Profile Signing';
    expect(verdict({})).toEqual({ verdict: 'trusted', signer });
    expect(verdict({ ber: true, digest: 'sha256' })).toEqual({ verdict: 'trusted', signer });
    expect(verdict({}, [])).toEqual({ verdict: 'untrusted', signer });
    expect(verdict({ signer: 'stranger' })).toEqual({ verdict: 'untrusted', signer: 'Stranger' });
  });

  test('openssl agrees that the signature is one', () => {
    apple.workshop.write('a.mobileprovision', apple.profile());
    const content = apple.workshop.openssl(
      ...['cms', '-verify', '-inform', 'DER', '-in', 'a.mobileprovision'],
      ...['-CAfile', 'root.pem', '-purpose', 'any'],
    );
    expect(content.toString()).toContain('Acme profile');
  });

  test('a signer that is named by its key', () => {
    apple.workshop.write('named.plist', '<plist/>');
    const bytes = apple.workshop.openssl(
      ...['cms', '-sign', '-nodetach', '-binary', '-keyid', '-outform', 'DER', '-certfile', 'wwdr.pem'],
      ...['-signer', 'profileSigner.pem', '-inkey', 'profileSigner.key', '-in', 'named.plist'],
    );
    expect(checkProfileSignature(bytes, apple.roots).verdict).toBe('trusted');
  });

  test('a signature without signed attributes', () => {
    apple.workshop.write('bare.plist', '<plist/>');
    const bytes = apple.workshop.openssl(
      ...['cms', '-sign', '-nodetach', '-binary', '-noattr', '-outform', 'DER', '-certfile', 'wwdr.pem'],
      ...['-signer', 'profileSigner.pem', '-inkey', 'profileSigner.key', '-in', 'bare.plist'],
    );
    expect(checkProfileSignature(bytes, apple.roots).verdict).toBe('trusted');
    const edited = Buffer.from(bytes.toString('latin1').replace('<plist/>', '<plost/>'), 'latin1');
    expect(checkProfileSignature(edited, apple.roots).verdict).toBe('broken');
  });

  test('what is no authority cannot vouch for a signer', () => {
    apple.workshop.certificate('impostor', { key: 'p256', issuer: 'profileSigner', commonName: 'Impostor' });
    apple.workshop.write('p.plist', '<plist/>');
    const bytes = apple.workshop.openssl(
      ...['cms', '-sign', '-nodetach', '-binary', '-outform', 'DER', '-certfile', 'profileSigner.pem'],
      ...['-signer', 'impostor.pem', '-inkey', 'impostor.key', '-in', 'p.plist'],
    );
    expect(checkProfileSignature(bytes, apple.roots).verdict).toBe('untrusted');
  });
});

test('the classes that a real program imports are read off its symbols', async () => {
  const app = join(packageRoot(), 'src/demo/assets/terminal-notifier.app');
  const bytes = await readFile(join(app, 'Contents/MacOS/terminal-notifier'));
  const source = {
    sizeBytes: bytes.length,
    read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
  };
  const classes = await importedClasses(source, { offset: 0, sizeBytes: bytes.length });
  expect([...(classes ?? [])]).toEqual(expect.arrayContaining(['NSUserNotification', 'NSWorkspace']));
});
