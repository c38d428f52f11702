import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CheckFlags, check } from '../../src/cli/check.ts';
import { makeIosDemoBundle, makeMacDemoBundle, stageMacDemoApp } from '../../src/demo/bundles/index.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { buildPlist, newDict } from '../../src/formats/plist/index.ts';
import type { Finding } from '../../src/preflight/index.ts';
import { type AppleLike, openAppleLike, PASSWORD, TEAM } from '../helpers/apple-like.ts';
import { soundMacApp, storeIosApp } from './job.ts';

let apple: AppleLike;
let dir: string;
let app: string;
const file = (name: string) => join(dir, name);
beforeAll(async () => {
  apple = openAppleLike();
  dir = await mkdtemp(join(tmpdir(), 'check-command-'));
  app = await storeIosApp(dir);
  await writeFile(file('dist.p12'), apple.p12('distribution'));
  await writeFile(file('password'), `${PASSWORD}\n`);
  await writeFile(file('store.mobileprovision'), apple.profile());
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(file('key.p8'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
});
afterAll(async () => {
  apple.workshop.remove();
  await rm(dir, { recursive: true });
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What is in the folder for temporary files afterwards. */
  readonly left: readonly string[];
}

/** The command as a person runs it, with a temporary folder of its own. */
async function run(...args: string[]): Promise<Outcome> {
  const temporary = await mkdtemp(join(dir, 'tmp-'));
  const env = { PATH: process.env.PATH, TMPDIR: temporary, PERRY_TRUST_ROOTS: apple.rootsFile };
  const program = join(import.meta.dirname, '../../src/cli/perry-ship.ts');
  const argv = ['--import', import.meta.resolve('tsx'), program, 'check', ...args];
  return new Promise((settle) => {
    execFile(process.execPath, argv, { env, cwd: dir }, async (error, stdout, stderr) => {
      const left = (await readdir(temporary)).filter((name) => !/^(?:tsx|node)-/.test(name));
      settle({ code: Number(error?.code ?? 0), stdout, stderr, left });
    });
  });
}

/** The same within this process, which is faster; paths are relative to `dir`. */
async function call(bundle: string, flags: CheckFlags = {}): Promise<Outcome> {
  const temporary = await mkdtemp(join(dir, 'tmp-'));
  vi.stubEnv('TMPDIR', temporary);
  vi.stubEnv('PERRY_TRUST_ROOTS', apple.rootsFile);
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(console, 'error').mockReturnValue();
  try {
    await check(resolve(dir, bundle), flags);
    const text = (calls: unknown[][]) => calls.map(([part]) => String(part)).join('');
    const code = Number(process.exitCode);
    return {
      code,
      stdout: text(out.mock.calls),
      stderr: text(err.mock.calls),
      left: await readdir(temporary),
    };
  } finally {
    process.exitCode = undefined;
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  }
}

const apiKey = () => ({
  apiKey: file('key.p8'),
  keyId: 'ABCDE12345',
  issuerId: '11111111-2222-3333-4444-555555555555',
});

const credentials = () => ({
  p12: file('dist.p12'),
  p12PasswordFile: file('password'),
  profile: file('store.mobileprovision'),
});

describe('perry-ship check', () => {
  test('as a program: a sound app, and a profile by flag', async () => {
    const { p12, p12PasswordFile, profile } = credentials();
    const flags = ['--distribute', 'testflight', '--p12', p12, '--p12-password-file', p12PasswordFile];
    const { keyId, issuerId } = apiKey();
    const key = ['--api-key-file', file('key.p8'), '--key-id', keyId, '--issuer-id', issuerId];
    const names = ['--team-id', TEAM, '--bundle-id', 'com.example.hello'];
    const all = [...flags, ...key, '--profile', profile, ...names];
    const { code, stdout } = await run('Hello.app', '--json', ...all);
    expect([code, JSON.parse(stdout)]).toEqual([0, { ok: true, findings: [] }]);
  });

  test('as a program: errors and exit 1', async () => {
    const { code, stdout } = await run('Hello.app', '--bundle-id', 'com.other');
    expect([code, stdout]).toEqual([1, expect.stringContaining('BUNDLE_ID_MISMATCH')]);
  });

  test('a sound app: nothing, and exit 0; the bundle stays as it is', async () => {
    const before = await listTree(app);
    const { code, stdout } = await call(app, { distribute: 'appstore', ...credentials(), ...apiKey() });
    expect([code, stdout]).toEqual([
      0,
      'Nothing stands against it (ios-sign, appstore; 0 errors, 0 warnings).\n',
    ]);
    expect(await listTree(app)).toEqual(before);
  });

  test('errors as JSON: each with every field', async () => {
    const flags = { json: true, bundleId: 'com.other', p12: file('dist.p12') };
    const { code, stdout, stderr } = await call(app, flags);
    const { ok, findings } = JSON.parse(stdout);
    expect([code, ok, stderr]).toEqual([1, false, '']);
    const fields = ['code', 'kind', 'severity', 'summary', 'reason', 'nextStep'];
    for (const found of findings) {
      expect(Object.keys(found)).toEqual(fields);
      for (const field of fields) expect(found[field], `${found.code}: ${field}`).toMatch(/\S/);
    }
    expect(findings.map((found: { code: string }) => found.code)).toEqual([
      'BUNDLE_ID_MISMATCH',
      'P12_PASSWORD_WRONG',
    ]);
    expect(stdout).not.toContain(dir);
  });

  test('errors as text: what, why and next', async () => {
    const { code, stdout } = await call(app, { teamId: 'OTHER12345', ...credentials() });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^error {3}TEAM_MISMATCH\n {2}The app is to be signed for the team OTHER12345.*\n {2}why: {2}.*\n {2}next: Set --team-id/m,
    );
    expect(stdout).toMatch(/It would fail \(ios-sign, signing only; 2 errors, 0 warnings\)\.\n$/);
  });

  test('each way of "both" has an identity of its own', async () => {
    const mac = await soundMacApp(await mkdtemp(join(dir, 'mac-')));
    for (const name of ['developerId', 'installer'] as const)
      await writeFile(file(`${name}.p12`), apple.p12(name));
    await writeFile(file('store.provisionprofile'), apple.profile({ platform: 'macos' }));
    const flags = {
      ...credentials(),
      ...apiKey(),
      ...({ distribute: 'both', profile: file('store.provisionprofile') } as const),
    };
    const codes = async (more: CheckFlags) => {
      const { stdout } = await call(mac, { ...flags, json: true, ...more });
      return JSON.parse(stdout).findings.map(({ code }: { code: string }) => code);
    };
    const [notarizeP12, installerP12] = [file('developerId.p12'), file('installer.p12')];
    expect(await codes({ notarizeP12, installerP12 })).toEqual([]);
    expect(await codes({ installerP12 })).toEqual(['CERTIFICATE_KIND_WRONG']);
    expect(await codes({ notarizeP12 })).toEqual(['CREDENTIAL_MISSING']);
  });

  describe('asks for what signing asks for', () => {
    const missing = async (bundle: string, flags: CheckFlags) => {
      const { code, stdout } = await call(bundle, { json: true, ...flags });
      const { findings } = JSON.parse(stdout) as { findings: Finding[] };
      return [code, findings.map((found) => `${found.severity} ${found.code}: ${found.summary}`).join('\n')];
    };
    const lacks = (severity: string, what: string) =>
      expect.stringMatching(new RegExp(`^${severity} CREDENTIAL_MISSING: .*${what}`, 'm'));

    test('an API key, for what goes to Apple', async () => {
      const flags = { distribute: 'appstore', ...credentials() } as const;
      expect(await missing(app, flags)).toEqual([1, lacks('error', 'API key')]);
      await writeFile(file('developerId.p12'), apple.p12('developerId'));
      const p12 = { p12: file('developerId.p12'), p12PasswordFile: file('password') };
      const mac = await soundMacApp(await mkdtemp(join(dir, 'mac-')));
      expect(await missing(mac, { distribute: 'notarize', ...p12 })).toEqual([1, lacks('error', 'API key')]);
      expect(await missing(mac, { distribute: 'notarize', ...p12, ...apiKey() })).toEqual([0, '']);
    });

    test('an API key that is one', async () => {
      const flags = { distribute: 'appstore', ...credentials(), ...apiKey() } as const;
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      await writeFile(file('other.p8'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
      const other = await missing(app, { ...flags, apiKey: file('other.p8') });
      expect(other).toEqual([1, expect.stringMatching(/^error APPLE_API_KEY_INVALID/)]);
      const none = await missing(app, { ...flags, apiKey: file('password') });
      expect(none).toEqual([1, expect.stringMatching(/^error CREDENTIAL_INVALID/)]);
    });

    test('a signing identity, also when only a profile was given', async () => {
      const { profile } = credentials();
      expect(await missing(app, { profile })).toEqual([1, lacks('error', 'signing identity')]);
    });

    test('of a bundle alone it only says what else it takes', async () => {
      expect(await missing(app, {})).toEqual([0, lacks('warning', 'signing identity')]);
      const mac = await soundMacApp(await mkdtemp(join(dir, 'mac-')));
      expect(await missing(mac, {})).toEqual([0, '']);
      expect(await missing(mac, { distribute: 'notarize' })).toEqual([0, lacks('warning', 'API key')]);
    });

    test('a profile that nothing is signed with', async () => {
      const mac = await soundMacApp(await mkdtemp(join(dir, 'mac-')));
      await writeFile(file('mac.provisionprofile'), apple.profile({ platform: 'macos' }));
      const unused = await missing(mac, { profile: file('mac.provisionprofile') });
      expect(unused).toEqual([0, expect.stringMatching(/^warning PROFILE_UNUSED/)]);
      const broken = await missing(mac, { profile: file('password') });
      expect(broken).toEqual([1, expect.stringMatching(/^error PROFILE_INVALID/)]);
    });

    test('passwords of their own for the other identities', async () => {
      const mac = await soundMacApp(await mkdtemp(join(dir, 'mac-')));
      await writeFile(file('installer.p12'), apple.p12('installer'));
      await writeFile(file('wrong'), 'wrong');
      await writeFile(file('store.provisionprofile'), apple.profile({ platform: 'macos' }));
      const flags: CheckFlags = {
        ...{ ...credentials(), ...apiKey(), profile: file('store.provisionprofile') },
        ...({ distribute: 'appstore', installerP12: file('installer.p12') } as const),
      };
      expect(await missing(mac, flags)).toEqual([0, '']);
      const wrong = await missing(mac, { ...flags, installerP12PasswordFile: file('wrong') });
      expect(wrong).toEqual([1, expect.stringMatching(/^error P12_PASSWORD_WRONG/)]);
    });

    test('a password that is wrong or missing by the flags of its own file', async () => {
      const mac = await soundMacApp(await mkdtemp(join(dir, 'mac-')));
      await writeFile(file('wrong'), 'wrong');
      const stepsOf = async (flags: CheckFlags) => {
        const { stdout } = await call(mac, { json: true, ...flags });
        const { findings } = JSON.parse(stdout) as { findings: Finding[] };
        return findings.filter((one) => one.code === 'P12_PASSWORD_WRONG').map((one) => one.nextStep);
      };
      const [p12, installerP12, notarizeP12] = [
        file('dist.p12'),
        file('installer.p12'),
        file('developerId.p12'),
      ];
      expect(await stepsOf({ p12 })).toEqual([expect.stringContaining('--p12-password-file FILE')]);
      const both = { ...credentials(), ...apiKey(), distribute: 'both', installerP12, notarizeP12 } as const;
      const wrong = file('wrong');
      expect(
        await stepsOf({
          ...both,
          ...{ p12PasswordFile: wrong, installerP12PasswordFile: wrong, notarizeP12PasswordFile: wrong },
        }),
      ).toEqual([
        expect.stringContaining('--notarize-p12-password-file FILE'),
        expect.stringContaining(' --p12-password-file FILE'),
        expect.stringContaining('--installer-p12-password-file FILE'),
      ]);
    });
  });

  test('archives of the hub are unpacked, looked at, and gone afterwards', async () => {
    await makeIosDemoBundle(file('demo.ipa'));
    await makeMacDemoBundle(file('demo.tar.gz'));
    const [ios, mac] = [await call('demo.ipa'), await call('demo.tar.gz')];
    expect([ios.code, ios.stdout]).toEqual([0, expect.stringContaining('(ios-sign, signing only; 0 errors')]);
    expect([mac.code, mac.stdout]).toEqual([
      0,
      expect.stringContaining('(macos-sign, signing only; 0 errors'),
    ]);
    expect([ios.left, mac.left]).toEqual([[], []]);
  });

  test('an archive that is damaged is a finding', async () => {
    await writeFile(file('bad.ipa'), 'PK\u0003\u0004 and no more');
    const { code, stdout, left } = await call('bad.ipa', { json: true });
    expect([code, JSON.parse(stdout).findings[0].code, left]).toEqual([1, 'BUNDLE_CORRUPT', []]);
  });

  test('a macOS app, by a link', async () => {
    const staged = await stageMacDemoApp(await mkdtemp(join(dir, 'mac-')));
    await symlink(staged, file('Linked.app'));
    const { code, stdout } = await call('Linked.app');
    expect([code, stdout]).toEqual([0, expect.stringContaining('macos-sign')]);
  });

  test('a folder that is no app', async () => {
    await mkdir(file('folder'));
    const { code, stdout } = await call('folder', { json: true });
    expect([code, JSON.parse(stdout).error.code]).toEqual([2, 'COMMAND_USAGE_WRONG']);
  });

  test('entitlements that the profile does not allow, and a file that holds none', async () => {
    await writeFile(file('a.plist'), buildPlist(newDict([['com.apple.developer.healthkit', true]]), 'xml'));
    const { profile } = credentials();
    const refused = await call(app, { json: true, entitlements: file('a.plist'), profile });
    expect(JSON.parse(refused.stdout).findings[0].code).toBe('ENTITLEMENT_NOT_ALLOWED');
    const broken = await call(app, { json: true, entitlements: file('password') });
    expect([broken.code, JSON.parse(broken.stdout).findings[0].code]).toEqual([1, 'PLIST_INVALID']);
  });

  test.each<[string, string, CheckFlags]>([
    ['no such bundle', 'Nothing.app', {}],
    ['a distribution of macOS for iOS', 'Hello.app', { distribute: 'notarize' }],
    ['a file that is not there', 'Hello.app', { p12: '/nothing/dist.p12' }],
    ['a team of no form', 'Hello.app', { teamId: 'acme' }],
    ['a part of an API key', 'Hello.app', { keyId: 'ABCDE12345' }],
    ['an identity that no pass uses', 'Hello.app', { notarizeP12: '/nothing/dist.p12' }],
  ])('wrong usage, exit 2: %s', async (_name, bundle, flags) => {
    const { code, stdout, stderr } = await call(bundle, flags);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^perry-ship: COMMAND_USAGE_WRONG: .+/);
  });

  test.each([
    ['no bundle', []],
    ['an unknown flag', ['Hello.app', '--fast']],
    ['an unknown target', ['Hello.app', '--target', 'tvos-sign']],
    ['an unknown distribution', ['Hello.app', '--distribute', 'web']],
  ])('as a program: wrong usage, exit 2: %s', async (_name, args) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^(error|perry-ship: COMMAND_USAGE_WRONG): .+/);
  });
});
