import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeThrowawayIdentity } from '../../src/demo/throwaway-identity.ts';
import { chooseIdentity, identityPem, openP12 } from '../../src/domain/identity/index.ts';
import { type OpensslWorkshop, openWorkshop } from '../helpers/identities.ts';
import { buildMachO } from '../helpers/macho.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';

const COMMON_NAME = 'Developer ID Application: Perry Demo (DEMO123456)';

let workshop: OpensslWorkshop;
beforeAll(() => {
  workshop = openWorkshop();
});
afterAll(() => workshop.remove());

const rcodesign = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(rcodesignPath, ['-C', '/dev/null', ...args], {
    cwd: workshop.folder,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
};

function signWith(p12: Buffer, password: string): string {
  const choice = { purpose: 'macos-direct', now: new Date() } as const;
  const { identity } = chooseIdentity(openP12(p12, password), choice);
  workshop.write('identity.pem', identityPem(identity));
  workshop.write('program', buildMachO());
  const signed = rcodesign('sign', '--pem-file', 'identity.pem', '--timestamp-url', 'none', 'program');
  expect(signed).toMatchObject({ status: 0 });
  return rcodesign('print-signature-info', 'program').output;
}

describe.skipIf(!existsSync(rcodesignPath))('the real rcodesign signs with', () => {
  test('the throw-away identity', () => {
    const { p12, password } = makeThrowawayIdentity({ commonName: COMMON_NAME, teamId: 'DEMO123456' });
    const info = signWith(p12, password);
    expect(info).toContain(COMMON_NAME);
    expect(info).toContain('Perry Demo Throw-away CA');
    expect(info).toContain('signature_verifies: true');
    expect(info).toContain('certificate leaf = H');
  });

  test.each(['rsa', 'p256'] as const)('an identity with its chain, as openssl exports it: %s', (key) => {
    workshop.certificate('root', { authority: true });
    workshop.certificate('middle', { authority: true, issuer: 'root' });
    workshop.certificate('leaf', { key, issuer: 'middle', commonName: 'Chained leaf' });
    const info = signWith(
      workshop.p12({ certificate: 'leaf', password: 'p', others: ['root', 'middle'] }),
      'p',
    );
    expect(info).toContain('signature_verifies: true');
    for (const name of ['Chained leaf', 'CN=middle', 'CN=root']) expect(info).toContain(name);
  });
});

test('openssl reads the throw-away PKCS#12 file and accepts its certificate', () => {
  const made = makeThrowawayIdentity({ commonName: COMMON_NAME, teamId: 'DEMO123456' });
  workshop.write('made.p12', made.p12);
  workshop.write('ca.pem', made.authorityPem);
  workshop.write('leaf.pem', made.certificatePem);
  const content = workshop.openssl('pkcs12', '-in', 'made.p12', '-passin', `pass:${made.password}`, '-nodes');
  expect(content.toString()).toContain('BEGIN PRIVATE KEY');
  expect(workshop.openssl('verify', '-CAfile', 'ca.pem', 'leaf.pem').toString()).toContain('OK');
  expect(workshop.openssl('x509', '-in', 'leaf.pem', '-outform', 'DER')).toEqual(made.certificateDer);
});
