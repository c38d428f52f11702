import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identityText } from '../../src/cli/identity-report.ts';
import { forgetKeys, inspectP12 } from '../../src/domain/identity/index.ts';
import { identityReport } from '../../src/inquiries/identity-report.ts';
import { type AppleLike, openAppleLike, PASSWORD, TEAM } from '../helpers/apple-like.ts';
import { startCli } from '../integration/cli.ts';

let apple: AppleLike;
let folder: string;
beforeAll(async () => {
  apple = openAppleLike();
  folder = await mkdtemp(join(tmpdir(), 'perry-identity-'));
});
afterAll(async () => {
  apple.workshop.remove();
  await rm(folder, { recursive: true });
});

const reportOf = (p12: Buffer, password = PASSWORD, now = new Date()) => {
  const contents = inspectP12(p12, password);
  forgetKeys(contents);
  return identityReport(contents, { now, trustRoots: apple.roots });
};

test('an identity: its name, kind, team, dates, key, issuer and uses', () => {
  const { ok, identities, odd } = reportOf(apple.p12('developerId'));
  expect([ok, odd, identities.length]).toEqual([true, [], 1]);
  expect(identities[0]).toMatchObject({
    kinds: ['developer-id-application'],
    teamId: TEAM,
    hasKey: true,
    issuedByApple: false,
    keyType: 'ec:prime256v1',
    serial: expect.stringMatching(/^[0-9A-F]+$/),
    usableFor: ['an app that Apple notarizes', 'a macOS app'],
    odd: [expect.stringContaining('nothing in the file leads to a root certificate of Apple')],
  });
});

test('a root of PERRY_TRUST_ROOTS is trusted, and is not Apple', () => {
  const { workshop } = apple;
  workshop.certificate('mine', { issuer: 'root', commonName: 'Mine' });
  const report = reportOf(workshop.p12({ certificate: 'mine', password: 'x' }), 'x');
  expect(report.identities[0]).toMatchObject({ issuedByApple: false, issuedByOwnRoot: true });
  expect(identityText(report)).toContain('by Apple  no, by a root of PERRY_TRUST_ROOTS');
});

test('what is odd: expired, without a key, self-made, a kind of key that signs nothing', () => {
  const { workshop } = apple;
  workshop.certificate('stranger', { commonName: 'Stranger\u001b[2J' });
  workshop.certificate('big', { key: 'p384' });
  const keyless = reportOf(workshop.p12({ certificate: 'stranger', key: null, password: 'x' }), 'x');
  expect(keyless).toMatchObject({
    ok: false,
    identities: [],
    odd: [expect.stringContaining('no private key')],
  });
  expect(keyless.certificatesWithoutKey[0]).toMatchObject({
    name: 'Stranger\ufffd[2J',
    hasKey: false,
    usableFor: [],
    odd: [expect.stringContaining('not in the file'), expect.stringContaining('no mark of Apple')],
  });
  const big = reportOf(workshop.p12({ certificate: 'big', password: 'x', others: ['stranger'] }), 'x');
  expect(big.identities[0]?.odd[0]).toContain('ec:secp384r1');
  expect(big.certificatesWithoutKey).toHaveLength(1);
  const later = reportOf(apple.p12('distribution'), PASSWORD, new Date(Date.now() + 1e13));
  expect([later.ok, later.identities[0]?.odd[0]]).toEqual([false, expect.stringContaining('expired')]);
  expect(identityText(keyless)).toMatch(
    /^Stranger.*\n {2}kind {6}none that Apple issues\n[\s\S]*0 identities, 1 certificate /,
  );
});

test('as a program: text, JSON, and the errors', async () => {
  const file = join(folder, 'a.p12');
  await writeFile(file, apple.p12('distribution'));
  const env = { CERTIFICATE_PASSWORD: PASSWORD, WRONG: 'wrong' };
  const call = async (...args: string[]) => {
    const cli = startCli(env, 'identity', ...args);
    return { code: await cli.ended, text: cli.lines.join('\n') };
  };
  const [text, json, wrong, missing, unset] = await Promise.all([
    call(file, '--password-env', 'CERTIFICATE_PASSWORD'),
    call(file, '--password-env', 'CERTIFICATE_PASSWORD', '--json'),
    call(file, '--password-env', 'WRONG'),
    call(join(folder, 'none.p12')),
    call(file, '--password-env', 'NOT_SET'),
  ]);
  expect([text.code, text.text]).toEqual([
    0,
    expect.stringContaining('1 identity, 0 certificates without a key'),
  ]);
  expect(JSON.parse(json.text)).toMatchObject({ ok: true, identities: [{ teamId: TEAM }] });
  expect([wrong.code, wrong.text]).toEqual([1, expect.stringContaining('P12_PASSWORD_WRONG')]);
  expect(wrong.text).toContain('--password-file FILE');
  expect([missing.code, unset.code]).toEqual([2, 2]);
  expect(wrong.text + text.text).not.toContain(PASSWORD);
});
