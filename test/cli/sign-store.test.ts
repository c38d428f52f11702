import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { macDemoApp, stageMacDemoApp } from '../../src/demo/bundles/index.ts';
import { makeThrowawayProfile } from '../../src/demo/throwaway-identity.ts';
import { readInfoPlist, writeInfoPlist } from '../../src/files/bundle/index.ts';
import { filesBelow, processesOf } from '../helpers/leak-check.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { makeXcodeImage } from '../helpers/xcode-guest.ts';
import { type AppleOptions, type AppleRoom, openAppleRoom } from '../integration/apple-room.ts';
import { startCli } from '../integration/cli.ts';
import { TEAM } from '../integration/materials.ts';

let room: AppleRoom;
let app: string;
const file = (name: string): string => join(room.folder, name);
beforeAll(async () => {
  room = await openAppleRoom();
  app = await stageMacDemoApp(room.folder);
  await setCategory();
  const { developerId, distribution, installer } = room.materials;
  for (const [name, identity] of Object.entries({ developerId, distribution, installer })) {
    await writeFile(file(`${name}.p12`), identity.p12);
    await writeFile(file(`${name}.password`), `${identity.password}\n`);
  }
  const { certificateDer } = distribution;
  const names = { bundleId: macDemoApp.bundleId, teamId: TEAM, platform: 'macos' } as const;
  const profile = makeThrowawayProfile({ ...names, certificateDer, expires: new Date(Date.now() + 1e9) });
  await writeFile(file('store.provisionprofile'), profile);
  await writeFile(file('key.p8'), room.apiKey.apple_p8_key ?? '');
});
afterAll(() => room.leave());

/** The store wants one, and without a manifest only the app itself can have it. */
async function setCategory(): Promise<void> {
  const facts = { infoPlist: 'Contents/Info.plist', platform: 'macos' } as const;
  const info = await readInfoPlist(app, facts);
  info.LSApplicationCategoryType = 'public.app-category.utilities';
  await writeInfoPlist(app, facts, info);
}

const identity = (flag: string, name: string): string[] => [
  ...[`--${flag}`, file(`${name}.p12`), `--${flag}-password-file`, file(`${name}.password`)],
];
const storeFlags = (): string[] => [
  ...identity('p12', 'distribution'),
  ...identity('installer-p12', 'installer'),
  ...['--profile', file('store.provisionprofile'), '--team-id', TEAM],
  ...['--api-key', file('key.p8'), '--key-id', room.apiKey.apple_key_id ?? ''],
  ...['--issuer-id', room.apiKey.apple_issuer_id ?? ''],
];

/** One call of `perry-ship sign`, in a macOS guest, with Apple beside it. */
async function signing(
  name: string,
  flags: readonly string[],
  options?: AppleOptions,
  more: Readonly<Record<string, string>> = {},
) {
  const dir = file(name);
  const [state, temporary, out] = [join(dir, 'state'), join(dir, 'tmp'), join(dir, 'out')];
  await mkdir(temporary, { recursive: true });
  await makeXcodeImage(state);
  // a program has the real pauses: Apple does not make it wait
  const atOnce = { pollsBeforeVerdict: 0 };
  const {
    apple,
    store,
    env: addresses,
  } = await room.startApple({
    notary: atOnce,
    store: { ...atOnce, ...options?.store },
  });
  try {
    const env = {
      ...addresses,
      ...{ PERRY_STATE_DIR: state, PERRY_VM_DRIVER: 'local', PERRY_TART_IMAGE: 'xcode', TMPDIR: temporary },
      PERRY_RCODESIGN: rcodesignPath,
      ...more,
    };
    const cli = startCli(env, 'sign', app, ...flags, '--out', `${out}/`);
    const exitCode = await cli.ended;
    expect(await filesBelow(temporary)).toEqual([]);
    expect(processesOf(state)).toEqual([]);
    expect(await readdir(join(state, 'images', 'xcode'))).toContain('bin');
    const names = await readdir(out).catch(() => []);
    return { exitCode, text: cli.lines.join('\n'), names, apple, store };
  } finally {
    await apple.stop();
  }
}

test('an app for the Mac App Store is uploaded, and its package left where it was asked for', async () => {
  const { exitCode, text, names, store } = await signing('appstore', [
    ...storeFlags(),
    ...['--distribute', 'appstore'],
  ]);
  expect(exitCode, text).toBe(0);
  expect(names).toEqual(['terminal-notifier.pkg']);
  expect(text).toMatch(/✓ .* was uploaded to App Store Connect/);
  expect(store.uploads).toMatchObject([{ state: 'COMPLETE', uti: 'com.apple.pkg' }]);
});

test('an app for both is notarized and uploaded, and its image left', async () => {
  const flags = [...storeFlags(), ...identity('notarize-p12', 'developerId'), '--distribute', 'both'];
  const { exitCode, text, names, store, apple } = await signing('both', [...flags, '--json']);
  expect(exitCode, text).toBe(0);
  expect(names).toEqual(['terminal-notifier.dmg']);
  expect(apple.submissions).toMatchObject([{ status: 'Accepted' }, { status: 'Accepted' }]);
  for (const id of [...apple.submissions, ...store.uploads].map((each) => each.id))
    expect(text).toContain(id);
  expect(text).toMatch(/"submissionIds": \[.*"uploadId": "/s);
  expect(store.uploads).toMatchObject([{ state: 'COMPLETE', uti: 'com.apple.pkg' }]);
});

test('an app for both that the store refuses fails, and leaves its image all the same', async () => {
  const flags = [...storeFlags(), ...identity('notarize-p12', 'developerId'), '--distribute', 'both'];
  const errors = [{ code: '90296', description: 'App sandbox not enabled.' }];
  const { exitCode, text, names } = await signing('refused', flags, { store: { errors } });
  expect(exitCode).toBe(1);
  expect(names).toEqual(['terminal-notifier.dmg']);
  expect(text).toMatch(/STORE_REJECTED: .*90296.*was delivered all the same/);
  expect(text).toContain(file('refused/out/terminal-notifier.dmg'));
});

test('an identity that no pass uses is wrong usage', async () => {
  const flags = [...storeFlags(), ...identity('notarize-p12', 'developerId'), '--distribute', 'appstore'];
  const { exitCode, text, names } = await signing('usage', flags);
  expect([exitCode, names]).toEqual([2, []]);
  expect(text).toContain('--notarize-p12');
});

test('what is wrong with the input is told before what the machines lack', async () => {
  const lacking = { PERRY_TOOLCHAIN: 'portable' };
  const wrong = storeFlags().map((flag) => flag.replace('distribution.', 'developerId.'));
  const told = async (name: string, flags: readonly string[]) => {
    const { exitCode, text, names } = await signing(
      name,
      [...flags, '--distribute', 'appstore'],
      {},
      lacking,
    );
    expect(exitCode, text).toBeGreaterThan(0);
    expect(names).toEqual([]);
    return text;
  };
  expect(await told('wrong', wrong)).not.toContain('TOOLCHAIN_LACKS_PRODUCTBUILD');
  expect(await told('lacking', storeFlags())).toContain('TOOLCHAIN_LACKS_PRODUCTBUILD');
});
