import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import { signInGuest } from '../../src/adapters/rcodesign/sign.ts';
import { buildProductArchive, checkPackageSignature } from '../../src/adapters/xcode/index.ts';
import { checkPackage } from '../../src/files/xar/check-package.ts';
import { isInstalled } from '../helpers/dmg-tree.ts';
import { never } from '../helpers/local-vm.ts';
import { makeIdentity, makeMacApp } from '../helpers/rcodesign-fixtures.ts';
import { bootXcodeGuest, type Knobs, type XcodeGuest } from '../helpers/xcode-guest.ts';

const APP = "job/It's an Äpp.app";
const has7z = await isInstalled('7z');

let guest: XcodeGuest;
let home: string;
let packagePath: string;
let tests = 0;
beforeAll(async () => {
  guest = await bootXcodeGuest();
  home = join(guest.cloneDir, 'home');
  await makeMacApp(join(home, APP));
});
afterAll(() => guest.remove());
beforeEach(() => {
  tests += 1;
  packagePath = `job/App ${tests}.pkg`;
});

const build = async (knobs: Knobs) => {
  await guest.setKnobs(knobs);
  await buildProductArchive(guest.session, { appPath: APP, packagePath, signal: never });
};
const check = async (knobs: Knobs = {}) => {
  await guest.setKnobs(knobs);
  return checkPackageSignature(guest.session, { packagePath, signal: never });
};
const sign = async () => {
  const pem = await readFile(await makeIdentity(home));
  const rest = { workDir: 'job', hardenedRuntime: false, timestampUrl: 'none' };
  await signInGuest(guest.session, { remotePath: packagePath, pem, ...rest }, { signal: never });
};

describe('a package of the app', () => {
  test('is a product with one component for /Applications, unsigned', async () => {
    await build({});
    const [call] = (await guest.calls()).filter(([name]) => name === 'productbuild');
    expect(call).toEqual([
      'productbuild',
      '--component',
      join(home, APP),
      '/Applications',
      join(home, packagePath),
    ]);
    const report = await checkPackage(join(home, packagePath), { signal: never });
    expect(report.paths).toContain('com.example.ueber.pkg/Payload');
    expect(report.parts[0]).toMatchObject({ identifier: 'com.example.ueber' });
    expect(report.findings.map(({ code }) => code)).toEqual(['SIGNATURE_MISSING']);
  });

  test('has no file that only its owner can read', async () => {
    const secretive = join(home, APP, 'Contents/Resources/Häuser & "Co".txt');
    await chmod(secretive, 0o600);
    await build({});
    expect((await stat(secretive)).mode & 0o777).toBe(0o644);
  });

  test('is signed by rcodesign, and then holds for our own check and for pkgutil', async () => {
    await build({});
    await sign();
    const report = await checkPackage(join(home, packagePath), { signal: never });
    expect(report.findings).toEqual([]);
    expect(report.cms).toBeDefined();
    expect(await check()).toMatchObject({ holds: true, text: expect.stringContaining('Status: signed by') });
  });

  test.runIf(has7z)('is read by an independent program', async () => {
    await build({});
    const { stdout } = await run('7z', ['l', join(home, packagePath)]);
    expect(stdout).toContain('Type = Xar');
    expect(stdout).toContain('Distribution');
  });

  test('takes the place of an older file', async () => {
    await writeFile(join(home, packagePath), 'old');
    await build({});
    expect((await readFile(join(home, packagePath))).subarray(0, 4).toString()).toBe('xar!');
  });
});

describe('a lie or a failure', () => {
  test.each<[string, Knobs, RegExp]>([
    ['an error', { productbuild: 'error' }, /^productbuild: error: Cannot write product to "App \d+\.pkg"/],
    ['no package after success', { productbuild: 'nothing' }, /reported success and left no package/],
    ['a file that is no package', { productbuild: 'text' }, /reported success and left no package/],
  ])('%s: there is no package', async (_, knobs, reason) => {
    await writeFile(join(home, packagePath), 'xar! of an earlier run');
    await expect(build(knobs)).rejects.toMatchObject({
      code: 'PRODUCT_ARCHIVE_FAILED',
      failure: { reason: expect.stringMatching(reason) },
    });
  });

  test('no app', async () => {
    const building = buildProductArchive(guest.session, {
      appPath: 'job/none.app',
      packagePath,
      signal: never,
    });
    await expect(building).rejects.toMatchObject({ code: 'PRODUCT_ARCHIVE_FAILED' });
  });
});

describe('what pkgutil thinks of a package', () => {
  test('without a signature', async () => {
    await build({});
    expect(await check()).toMatchObject({ holds: false, text: expect.stringContaining('no signature') });
  });

  test('that was changed after it was signed', async () => {
    await build({});
    await sign();
    const path = join(home, packagePath);
    const bytes = await readFile(path);
    bytes[bytes.length - 8] = (bytes.at(-8) ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(await check()).toMatchObject({ holds: false, text: expect.stringContaining('invalid') });
  });

  test.each<[string, string]>([
    ['untrusted', 'signed by untrusted certificate'],
    ['expired', 'signed by a certificate that has since expired'],
  ])('with a certificate that is %s', async (pkgutil, text) => {
    expect(await check({ pkgutil })).toEqual({
      holds: false,
      text: `Package "${packagePath.slice(4)}":\n   Status: ${text}`,
    });
  });

  test('that it says nothing about', async () => {
    await expect(check({ pkgutil: 'silent' })).rejects.toMatchObject({ code: 'XCODE_TOOL_FAILED' });
  });
});
