import { appendFile, chmod, cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type SignAdHocOptions, signAdHoc, verifyWithCodesign } from '../../src/adapters/xcode/index.ts';
import { checkSealedBundle } from '../../src/files/code-signature/index.ts';
import { never } from '../helpers/local-vm.ts';
import {
  frameworkScope,
  helperScope,
  makeMacApp,
  plist,
  rcodesign,
  toolScope,
} from '../helpers/rcodesign-fixtures.ts';
import { bootXcodeGuest, type Knobs, type XcodeGuest } from '../helpers/xcode-guest.ts';

const SANDBOX = plist('<key>com.apple.security.app-sandbox</key><true/>');
const JIT = plist('<key>com.apple.security.cs.allow-jit</key><true/>');
const NESTED = [toolScope, helperScope, frameworkScope];

let guest: XcodeGuest;
let original: string;
/** A fresh copy of the app for each test, as the guest and as this host names it. */
let appPath: string;
let app: string;
let tests = 0;
beforeAll(async () => {
  guest = await bootXcodeGuest();
  original = join(await mkdtemp(join(tmpdir(), 'perry-adhoc-')), 'App.app');
  await makeMacApp(original);
});
afterAll(async () => {
  await guest.remove();
  await rm(dirname(original), { recursive: true });
});
beforeEach(async () => {
  tests += 1;
  appPath = `job ${tests}/It's an Äpp.app`;
  app = join(guest.cloneDir, 'home', appPath);
  await mkdir(dirname(app));
  await cp(original, app, { recursive: true, verbatimSymlinks: true });
});

const sign = async (options: Partial<SignAdHocOptions> = {}, knobs: Knobs = {}) => {
  await guest.setKnobs(knobs);
  const usual = { appPath, nestedPaths: NESTED, hardenedRuntime: false, signal: never };
  return signAdHoc(guest.session, { ...usual, ...options });
};
const verify = async (knobs: Knobs = {}) => {
  await guest.setKnobs(knobs);
  return verifyWithCodesign(guest.session, { path: appPath, deep: true, signal: never });
};
const signatureOf = (path: string) => rcodesign('print-signature-info', join(app, path));

describe('signing ad hoc', () => {
  test('goes inside out, and every seal holds', async () => {
    await sign({ entitlementsXml: SANDBOX });
    const calls = (await guest.calls()).filter(([name]) => name === 'codesign');
    expect(calls.map((call) => call.at(-1))).toEqual([...NESTED.map((path) => join(app, path)), app]);
    expect((await checkSealedBundle(app, { signal: never })).findings).toEqual([]);
    expect(await signatureOf('Contents/MacOS/Über App')).toContain('com.apple.security.app-sandbox');
    expect(await signatureOf(`${helperScope}/Contents/MacOS/Helper`)).not.toContain('app-sandbox');
  });

  test('clears extended attributes first, which codesign would refuse, of read-only files too', async () => {
    await chmod(join(app, toolScope), 0o555);
    await sign();
    expect((await stat(join(app, toolScope))).mode & 0o777).toBe(0o755);
    expect((await guest.calls())[0]).toEqual(['xattr', '-cr', app]);
  });

  test('hardens nested code as well, and leaves it its entitlements', async () => {
    const file = join(dirname(app), 'jit.plist');
    await appendFile(file, JIT);
    await rcodesign('sign', '--entitlements-xml-file', file, join(app, helperScope));
    await sign({ hardenedRuntime: true });
    for (const path of ['Contents/MacOS/Über App', `${helperScope}/Contents/MacOS/Helper`, toolScope])
      expect(await signatureOf(path)).toContain('RUNTIME');
    expect(await signatureOf(`${helperScope}/Contents/MacOS/Helper`)).toContain('cs.allow-jit');
  });

  test('leaves no file of its own', async () => {
    await sign({ entitlementsXml: SANDBOX });
    const left = await readdir(join(guest.cloneDir, 'tmp'));
    expect(left.filter((name) => name.startsWith('codesign'))).toEqual([]);
  });

  test('more nested code than one command holds is signed in parts, in order', async () => {
    const nestedPaths = Array.from({ length: 102 }, (_, index) => `Contents/Resources/t${index}`);
    await mkdir(join(app, 'Contents/Resources'), { recursive: true });
    for (const path of nestedPaths) await cp(join(app, toolScope), join(app, path));
    await sign({ nestedPaths }, { codesign: 'skip' });
    const signed = (await guest.calls()).filter(([name]) => name === 'codesign').map((call) => call.at(-1));
    expect(signed).toEqual([...nestedPaths.map((path) => join(app, path)), app]);
  });
});

describe('a failure while signing', () => {
  test.each<[string, string, string]>([
    ['code object is not signed at all', 'SIGN_LAYOUT_UNSUITABLE', 'not signed at all'],
    ['bundle format unrecognized, invalid, or unsuitable', 'SIGN_LAYOUT_UNSUITABLE', 'unrecognized'],
    ['main executable failed strict validation', 'SIGN_BINARY_UNSUITABLE', 'strict validation'],
    ['internal error in Code Signing subsystem', 'SIGN_FAILED', 'internal error'],
  ])('"%s" is %s', async (text, code, reason) => {
    await expect(sign({}, { codesign_says: text })).rejects.toMatchObject({
      code,
      failure: { reason: expect.stringContaining(reason) },
      detail: { said: expect.not.stringContaining(guest.cloneDir) },
    });
  });

  test('is told in few words, however many codesign has', async () => {
    const thrown = await sign({}, { codesign_says: 'internal error '.repeat(1000) }).catch((error) => error);
    expect(thrown.failure.reason.length).toBeLessThanOrEqual(301);
    expect(thrown.detail.said.length).toBeLessThanOrEqual(2000);
  });

  test('nested code that was left out', async () => {
    const signing = sign({ nestedPaths: [] });
    await expect(signing).rejects.toMatchObject({ code: 'SIGN_LAYOUT_UNSUITABLE' });
  });

  test('an end by a signal', async () => {
    await expect(sign({}, { codesign: 'killed' })).rejects.toMatchObject({ code: 'SIGN_FAILED' });
  });
});

describe('what codesign thinks of a bundle', () => {
  test('that is signed', async () => {
    await sign();
    expect(await verify()).toEqual({
      holds: true,
      text: "It's an Äpp.app: valid on disk\nIt's an Äpp.app: satisfies its Designated Requirement",
    });
    const [call] = await guest.calls();
    expect(call).toEqual(['codesign', '--verify', '--deep', '--strict', '--verbose=2', app]);
  });

  test('that was changed afterwards: exit 1', async () => {
    await sign();
    await appendFile(join(app, 'Contents/Resources/Häuser & "Co".txt'), 'more');
    expect(await verify()).toMatchObject({
      holds: false,
      text: expect.stringContaining('a sealed resource is missing or invalid'),
    });
  });

  test('that is not signed: exit 1', async () => {
    expect(await verify()).toMatchObject({ holds: false });
  });

  test('that does not meet a requirement: exit 3', async () => {
    expect(await verify({ codesign: 'requirement' })).toMatchObject({
      holds: false,
      text: expect.stringContaining('failed to satisfy'),
    });
  });

  test.each(['usage', 'killed'])('when it ends otherwise (%s): no opinion, an error', async (codesign) => {
    await expect(verify({ codesign })).rejects.toMatchObject({ code: 'XCODE_TOOL_FAILED' });
  });
});
