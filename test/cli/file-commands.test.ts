import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../src/audit/chain-line.ts';
import { chainIn, numberedChainFolder } from '../../src/audit/places.ts';
import { verifyChain } from '../../src/audit/verify-chain.ts';
import { iosDemoApp, macDemoApp, stageIosDemoApp, stageMacDemoApp } from '../../src/demo/bundles/index.ts';
import { makeThrowawayProfile } from '../../src/demo/throwaway-identity.ts';
import { readInfoPlist, writeInfoPlist } from '../../src/files/bundle/index.ts';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { filesBelow, processesOf } from '../helpers/leak-check.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { type Apple, type AppleOptions, type AppleRoom, openAppleRoom } from '../integration/apple-room.ts';
import { type RunningCli, startCli } from '../integration/cli.ts';
import { TEAM } from '../integration/materials.ts';

let room: AppleRoom;
let image: string;
let ipa: string;
let iosApp: string;
let apple: Apple;
const file = (name: string): string => join(room.folder, name);
const APP = '6443210987';

beforeAll(async () => {
  room = await openAppleRoom();
  const { developerId, distribution, profile } = room.materials;
  for (const [name, identity] of Object.entries({ developerId, distribution })) {
    await writeFile(file(`${name}.p12`), identity.p12);
    await writeFile(file(`${name}.password`), identity.password);
  }
  await writeFile(file('app.mobileprovision'), profile);
  await writeFile(file('key.p8'), room.apiKey.apple_p8_key ?? '');
  const [mac, ios] = [await stageMacDemoApp(room.folder), await stageIosDemoApp(room.folder)];
  await begin();
  const signed = (p12: string) => [
    '--p12',
    file(`${p12}.p12`),
    '--p12-password-file',
    file(`${p12}.password`),
  ];
  const made = [
    call('made', 'sign', mac, ...signed('developerId'), '--out', file('App.dmg')),
    call(
      'made',
      'sign',
      ios,
      ...signed('distribution'),
      '--team-id',
      TEAM,
      '--out',
      file('App.ipa'),
      '--distribute',
      'appstore',
      '--profile',
      file('app.mobileprovision'),
      ...key(),
    ),
  ];
  for (const cli of made) expect(await cli.ended, cli.lines.join('\n')).toBe(0);
  [image, ipa, iosApp] = [file('App.dmg'), file('App.ipa'), ios];
});
afterEach(() => apple.apple.stop());
afterAll(() => room.leave());

async function begin(options: AppleOptions = {}): Promise<void> {
  await apple?.apple.stop();
  const atOnce = { pollsBeforeVerdict: 0 };
  apple = await room.startApple({
    notary: { ...atOnce, ...options.notary },
    store: { ...atOnce, ...options.store },
    ...(options.lateTickets !== undefined && { lateTickets: options.lateTickets }),
  });
}

const key = (): string[] => [
  ...['--api-key', file('key.p8'), '--key-id', room.apiKey.apple_key_id ?? ''],
  ...['--issuer-id', room.apiKey.apple_issuer_id ?? ''],
];

/** One call of the program, with a state directory that calls of the same name share. */
function call(name: string, ...words: string[]): RunningCli {
  const env = { PERRY_STATE_DIR: file(`${name}.state`), PERRY_RCODESIGN: rcodesignPath };
  return startCli({ ...apple.env, ...env }, ...words);
}

async function ended(cli: RunningCli) {
  const exitCode = await cli.ended;
  return { exitCode, text: cli.lines.join('\n') };
}

/** Nothing of a call is left but the journals. */
async function expectNothingLeft(name: string): Promise<void> {
  const state = file(`${name}.state`);
  expect(processesOf(state)).toEqual([]);
  expect(await readdir(join(state, 'file'))).toEqual([]);
  expect((await filesBelow(room.folder)).filter((path) => path.endsWith('.part'))).toEqual([]);
}

/** What the calls have entered in the account of signatures, which nobody has changed. */
async function accountOf(name: string) {
  const path = chainIn(numberedChainFolder(file(`${name}.state/sign`), 1));
  expect(await verifyChain(path, { signal: new AbortController().signal })).toMatchObject({ ok: true });
  const text = await readFile(path, 'utf8');
  expect(text).not.toMatch(/PRIVATE|eyJ/);
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { lines, kinds: lines.map(({ kind }) => kind) };
}

async function copyOf(path: string, name: string): Promise<string> {
  await mkdir(file(name), { recursive: true });
  const copy = join(file(name), path.split('/').at(-1) ?? '');
  await copyFile(path, copy);
  return copy;
}

const hasTicket = async (path: string): Promise<boolean | undefined> => {
  const report = await verifyArtifact(path, { signal: new AbortController().signal });
  expect(report.findings).toEqual([]);
  return report.stapledTicket;
};

test('notarize: the image is submitted, judged, stapled, and takes its own place; a second call submits nothing', async () => {
  await begin();
  const copy = await copyOf(image, 'notarize');
  const first = await ended(call('notarize', 'notarize', copy, ...key(), '--json'));
  expect(first.exitCode, first.text).toBe(0);
  expect(first.text).toContain(`"artifact": ${JSON.stringify(copy)}`);
  expect(await hasTicket(copy)).toBe(true);
  expect(apple.apple.submissions).toMatchObject([{ status: 'Accepted' }]);
  const stapled = await readFile(copy);
  const done = await ended(call('notarize', 'notarize', copy, ...key(), '--out', `${file('done')}/`));
  expect([done.exitCode, done.text]).toEqual([0, expect.stringContaining('notarized already')]);
  expect((await readFile(join(file('done'), 'App.dmg'))).equals(stapled)).toBe(true);
  expect(apple.apple.submissions).toHaveLength(1);
  await copyFile(image, copy);
  const again = await ended(call('notarize', 'notarize', copy, ...key()));
  expect(again.exitCode, again.text).toBe(0);
  expect([await hasTicket(copy), apple.apple.submissions.length]).toEqual([true, 1]);
  await expectNothingLeft('notarize');
  const { kinds, lines } = await accountOf('notarize');
  expect(kinds).toEqual(['begun', 'taken', 'submitted', 'accepted', 'taken', 'found', 'accepted']);
  const [, taken, submitted] = lines;
  const sha256Hex = digestOf(await readFile(image));
  expect(taken).toMatchObject({ task: 'notarize', asker: { hub: null }, artifact: { sha256Hex } });
  expect(submitted).toMatchObject({ by: 'notary', submissionId: apple.apple.submissions[0]?.id, sha256Hex });
});

test('notarize --submission: what Apple has under that id is waited for, and nothing is sent', async () => {
  await begin();
  const copy = await copyOf(image, 'known');
  expect((await ended(call('known-before', 'notarize', copy, ...key()))).exitCode).toBe(0);
  await copyFile(image, copy);
  const id = apple.apple.submissions[0]?.id ?? '';
  const { exitCode, text } = await ended(call('known', 'notarize', copy, '--submission', id, ...key()));
  expect(exitCode, text).toBe(0);
  expect([await hasTicket(copy), apple.apple.submissions.length]).toEqual([true, 1]);
});

test('notarize: what Apple finds fault with is told, and the file stays as it is', async () => {
  await begin();
  const plain = file('ad-hoc.dmg');
  const signing = call(
    'made',
    'sign',
    file('terminal-notifier.app'),
    '--out',
    plain,
    '--timestamp-url',
    'none',
  );
  expect(await signing.ended, signing.lines.join('\n')).toBe(0);
  const before = await readFile(plain);
  const { exitCode, text } = await ended(call('refused', 'notarize', plain, ...key()));
  expect(exitCode).toBe(1);
  expect(text).toMatch(/NOTARY_REJECTED.*not signed with a valid Developer ID certificate/);
  expect((await readFile(plain)).equals(before)).toBe(true);
  await expectNothingLeft('refused');
});

test('staple: the ticket of what was notarized elsewhere is attached; without one the file stays as it is', async () => {
  await begin();
  const copy = await copyOf(image, 'staple');
  const none = await ended(call('staple', 'staple', copy));
  expect([none.exitCode, (await readFile(copy)).equals(await readFile(image))], none.text).toEqual([1, true]);
  expect(none.text).toContain('TICKET_NOT_FOUND');
  const elsewhere = await copyOf(image, 'elsewhere');
  expect((await ended(call('staple', 'notarize', elsewhere, ...key()))).exitCode).toBe(0);
  const done = await ended(call('staple', 'staple', copy, '--out', `${file('stapled')}/`));
  expect(done.exitCode, done.text).toBe(0);
  expect(await hasTicket(join(file('stapled'), 'App.dmg'))).toBe(true);
  expect(await hasTicket(copy)).toBe(false);
  await expectNothingLeft('staple');
});

test('publish: the build is uploaded, its testers get it, and a second call sends nothing', async () => {
  const groups = [{ id: 'g', name: 'Friends', appId: APP, isInternalGroup: false }];
  await begin({ store: { groups } });
  await writeFile(file('notes.txt'), 'Try the clock.\n');
  const flags = ['--testflight-group', 'Friends', '--testflight-notes', file('notes.txt'), ...key()];
  apple.store.testing.isReviewBusy = true;
  const failed = await ended(call('publish', 'publish', ipa, ...flags));
  expect(failed.exitCode).toBe(1);
  expect(failed.text).toMatch(
    /STORE_FOLLOW_UP_FAILED: The build is in App Store Connect.*perry-ship publish/,
  );
  apple.store.testing.isReviewBusy = false;
  const { exitCode, text } = await ended(call('publish', 'publish', ipa, ...flags));
  expect(exitCode, text).toBe(0);
  expect(apple.store.uploads).toMatchObject([{ state: 'COMPLETE', version: iosDemoApp.version, commits: 1 }]);
  const build = apple.store.uploads[0]?.build ?? expect.fail('no build');
  expect(build).toMatchObject({
    ...{ usesNonExemptEncryption: false, review: 'WAITING_FOR_BETA_REVIEW' },
    notes: [{ locale: 'de-DE', whatsNew: 'Try the clock.' }],
  });
  expect(apple.store.testing.groupsOf(build)).toEqual(['Friends']);
  await expectNothingLeft('publish');
  const { kinds, lines } = await accountOf('publish');
  expect(kinds.slice(0, 4)).toEqual(['begun', 'taken', 'uploaded', 'published']);
  expect(kinds.slice(4)).toEqual(['taken', 'published']);
  expect(lines[1]).toMatchObject({ task: 'publish', artifact: { sha256Hex: digestOf(await readFile(ipa)) } });
});

test('sign --publish whose testers cannot get the build leaves the .ipa, and publish goes on with it', async () => {
  const groups = [{ id: 'g', name: 'Friends', appId: APP, isInternalGroup: false }];
  await begin({ store: { groups } });
  const p12 = ['--p12', file('distribution.p12'), '--p12-password-file', file('distribution.password')];
  const profile = ['--profile', file('app.mobileprovision'), '--team-id', TEAM];
  const testing = ['--testflight-group', 'Friends', ...key()];
  const app = iosApp;
  apple.store.testing.isReviewBusy = true;
  const out = file('published.ipa');
  const words = [app, '--publish', ...p12, ...profile, ...testing, '--out', out];
  const failed = await ended(call('both', 'sign', ...words));
  expect(failed.exitCode).toBe(1);
  expect(failed.text).toMatch(
    /STORE_FOLLOW_UP_FAILED: The build is in App Store Connect.*perry-ship publish/,
  );
  expect(failed.text).toContain(out);
  apple.store.testing.isReviewBusy = false;
  const done = await ended(call('both', 'publish', out, ...testing));
  expect(done.exitCode, done.text).toBe(0);
  expect(apple.store.uploads).toMatchObject([{ state: 'COMPLETE', commits: 1 }]);
  expect(apple.store.uploads[0]?.build.review).toBe('WAITING_FOR_BETA_REVIEW');
});

test('sign refuses what is to follow an upload where there is none', async () => {
  await begin();
  const { exitCode, text } = await ended(
    call('usage', 'sign', iosApp, '--no-project', '--wait', '--out', file('no.ipa')),
  );
  expect([exitCode, text]).toEqual([2, expect.stringContaining('--wait is for builds that go to')]);
});

test('publish: a key in a variable serves as well, and is in no environment of a child', async () => {
  await begin();
  const env = { PERRY_STATE_DIR: file('variable.state'), ASC_KEY: room.apiKey.apple_p8_key ?? '' };
  const [, , ...ids] = key();
  const cli = startCli(
    { ...apple.env, ...env },
    'publish',
    ipa,
    '--api-key-env',
    'ASC_KEY',
    ...ids,
    '--wait',
    '--json',
  );
  expect(await cli.ended, cli.lines.join('\n')).toBe(0);
  expect(JSON.parse(cli.lines.slice(cli.lines.indexOf('{')).join('\n'))).toMatchObject({
    ok: true,
    uploadId: apple.store.uploads[0]?.id,
    buildId: apple.store.uploads[0]?.build.id,
  });
});

test('an installer package is notarized and stapled; an app is stapled in its place; the store gets neither', async () => {
  await begin();
  const { developerIdInstaller } = room.materials;
  await writeFile(file('installer.p12'), developerIdInstaller.p12);
  const installer = ['--installer-p12', file('installer.p12'), '--installer-p12-password-env', 'PW'];
  const main = ['--p12', file('developerId.p12'), '--p12-password-file', file('developerId.password')];
  const app = file('terminal-notifier.app');
  const made = async (...words: string[]) => {
    const env = { PERRY_STATE_DIR: file('pkg.state'), PERRY_RCODESIGN: rcodesignPath };
    const own = { PW: developerIdInstaller.password };
    const cli = startCli({ ...apple.env, ...env, ...own }, 'sign', app, ...main, ...words);
    expect(await cli.ended, cli.lines.join('\n')).toBe(0);
  };
  const [pkg, signedApp] = [file('App.pkg'), file('signed/terminal-notifier.app')];
  await made(...installer, '--format', 'pkg', '--out', pkg);
  const notarized = await ended(call('pkg', 'notarize', pkg, ...key()));
  expect(notarized.exitCode, notarized.text).toBe(0);
  expect(await hasTicket(pkg)).toBe(true);

  await made('--format', 'zip', '--out', file('App.zip'));
  execFileSync('unzip', ['-q', file('App.zip'), '-d', file('signed')]);
  const zipped = await ended(call('pkg', 'notarize', file('App.zip'), ...key()));
  expect([zipped.exitCode, zipped.text]).toEqual([0, expect.stringContaining('A zip cannot carry a ticket')]);

  const stapled = await ended(call('pkg', 'staple', signedApp));
  expect(stapled.exitCode, stapled.text).toBe(0);
  expect(await hasTicket(signedApp)).toBe(true);

  const elsewhere = await ended(call('pkg', 'publish', pkg, ...key()));
  expect([elsewhere.exitCode, elsewhere.text]).toEqual([1, expect.stringContaining('outside of the store')]);
  expect(apple.store.uploads).toEqual([]);
});

test('a package for the Mac App Store that was uploaded by sign is given to its testers by publish', async () => {
  const groups = [{ id: 'g', name: 'QA', appId: '6443210988', isInternalGroup: true }];
  await begin({ store: { groups, build: { usesNonExemptEncryption: false } } });
  const { installer, distribution } = room.materials;
  await writeFile(file('store-installer.p12'), installer.p12);
  const { certificateDer } = distribution;
  const names = { bundleId: macDemoApp.bundleId, teamId: TEAM, platform: 'macos' } as const;
  const profile = makeThrowawayProfile({ ...names, certificateDer, expires: new Date(Date.now() + 1e9) });
  await writeFile(file('store.provisionprofile'), profile);
  const app = await stageMacDemoApp(await mkdtemp(join(room.folder, 'store-')));
  const facts = { infoPlist: 'Contents/Info.plist', platform: 'macos' } as const;
  const info = await readInfoPlist(app, facts);
  info.LSApplicationCategoryType = 'public.app-category.utilities';
  await writeInfoPlist(app, facts, info);
  const env = {
    PERRY_STATE_DIR: file('store.state'),
    PERRY_STORE_PACKAGE: 'portable',
    PW: installer.password,
  };
  const cli = startCli(
    { ...apple.env, ...env, PERRY_RCODESIGN: rcodesignPath },
    ...['sign', app, '--publish', '--p12', file('distribution.p12')],
    ...['--p12-password-file', file('distribution.password'), '--profile', file('store.provisionprofile')],
    ...['--installer-p12', file('store-installer.p12'), '--installer-p12-password-env', 'PW'],
    ...['--team-id', TEAM, ...key(), '--out', file('Store.pkg')],
  );
  expect(await cli.ended, cli.lines.join('\n')).toBe(0);
  const { exitCode, text } = await ended(
    call('store', 'publish', file('Store.pkg'), '--testflight-group', 'QA', ...key()),
  );
  expect(exitCode, text).toBe(0);
  expect(apple.store.uploads).toMatchObject([{ platform: 'MAC_OS', uti: 'com.apple.pkg', commits: 1 }]);
  const build = apple.store.uploads[0]?.build ?? expect.fail('no build');
  expect(apple.store.testing.groupsOf(build)).toEqual(['QA']);
});

test('a damaged file is refused before Apple is asked', async () => {
  await begin();
  const bytes = await readFile(image);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
  const damaged = file('Damaged.dmg');
  await writeFile(damaged, bytes);
  const { exitCode, text } = await ended(call('damaged', 'notarize', damaged, ...key()));
  expect(exitCode).toBe(1);
  expect(text).toMatch(/FILE_DAMAGED|DMG_CORRUPT/);
  expect(apple.apple.requests).toEqual([]);
  await expectNothingLeft('damaged');
});

test.each([
  [['notarize', 'ipa'], 1, 'FILE_KIND_WRONG'],
  [['publish', 'image'], 1, 'FILE_KIND_WRONG'],
  [['notarize', 'none'], 2, 'There is no file'],
  [['notarize', 'image', '--submission', 'x'], 2, '--submission'],
] as const)('%j is refused', async ([command, what, ...more], code, said) => {
  await begin();
  const path = { ipa, image, none: file('none.dmg') }[what];
  const { exitCode, text } = await ended(call('usage', command, path, ...more, ...key()));
  expect([exitCode, text]).toEqual([code, expect.stringContaining(said)]);
  expect(apple.apple.requests).toEqual([]);
});

test('a key is asked for by name, and half a key is none', async () => {
  await begin();
  for (const more of [[], ['--key-id', 'K']]) {
    const { exitCode, text } = await ended(call('usage', 'publish', ipa, ...more));
    expect([exitCode, text]).toEqual([2, expect.stringContaining('--issuer-id')]);
  }
});

test('a file of no kind is told by what the command takes', async () => {
  await begin();
  await writeFile(file('notes.txt'), 'Try the clock.\n');
  for (const [task, wanted] of [
    ['notarize', 'Name a disk image, an installer package, or a zip with an app.'],
    ['staple', 'Name a disk image, an installer package, or an app.'],
    ['publish', 'Name an .ipa, or an installer package for the Mac App Store.'],
  ] as const) {
    const withKey = task === 'staple' ? [] : key();
    const { exitCode, text } = await ended(call('unknown', task, file('notes.txt'), ...withKey));
    expect([exitCode, text]).toEqual([1, expect.stringContaining(wanted)]);
  }
});

test('Ctrl-C while Apple thinks ends at once with 130, leaves nothing, and the next call goes on', async () => {
  await begin({ notary: { pollsBeforeVerdict: 1 } });
  const copy = await copyOf(image, 'stopped');
  const cli = call('stopped', 'notarize', copy, ...key());
  await cli.said(/Apple is checking/);
  cli.signal('SIGINT');
  expect(await cli.ended).toBe(130);
  const id = apple.apple.submissions[0]?.id ?? '';
  expect(cli.lines.join('\n')).toContain(`Apple goes on judging submission ${id}.`);
  expect(await hasTicket(copy)).toBe(false);
  await expectNothingLeft('stopped');
  const again = await ended(call('stopped', 'notarize', copy, ...key()));
  expect(again.exitCode, again.text).toBe(0);
  expect([await hasTicket(copy), apple.apple.submissions.length]).toEqual([true, 1]);
});
