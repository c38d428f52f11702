import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import { createDiskImage } from '../../src/adapters/xcode/index.ts';
import { verifyDmg } from '../../src/files/dmg/read.ts';
import { isInstalled, makeTree } from '../helpers/dmg-tree.ts';
import { never } from '../helpers/local-vm.ts';
import { bootXcodeGuest, type Knobs, type XcodeGuest } from '../helpers/xcode-guest.ts';

const STAGE = "job/stage 'one'";
const has7z = await isInstalled('7z');
const VOLUME = 'Über “App” $HOME';

let guest: XcodeGuest;
let home: string;
/** Each test has a folder of its own for its image. */
let folder: string;
let tests = 0;
beforeAll(async () => {
  guest = await bootXcodeGuest();
  home = join(guest.cloneDir, 'home');
  await makeTree(join(home, STAGE), {
    'Über App.app': { Contents: { MacOS: { App: { bytes: Buffer.alloc(100_000, 7), mode: 0o755 } } } },
    Applications: { link: '/Applications' },
  });
});
afterAll(() => guest.remove());
beforeEach(async () => {
  tests += 1;
  folder = `job/out ${tests}`;
  await mkdir(join(home, folder));
});

const create = async (knobs: Knobs, retries: string[] = []) => {
  await guest.setKnobs(knobs);
  return createDiskImage(guest.session, {
    sourceDir: STAGE,
    imagePath: `${folder}/App.dmg`,
    volumeName: VOLUME,
    signal: never,
    onRetry: (why) => retries.push(why),
  });
};

const callsOf = async (tool: string) => (await guest.calls()).filter(([name]) => name === tool);
const pauses = async () => (await callsOf('sleep')).map(([, seconds]) => seconds);

describe('an image of a staging folder', () => {
  test('is compressed, verified, and holds what lies there', async () => {
    await create({});
    expect(await readdir(join(home, folder))).toEqual(['App.dmg']);
    const facts = await verifyDmg(join(home, folder, 'App.dmg'), { signal: never });
    expect(facts).toMatchObject({ fileSystem: 'HFS+', volumeName: VOLUME.normalize('NFD') });
    expect(facts.entries.map(({ path }) => path.normalize('NFC'))).toContain(
      'Über App.app/Contents/MacOS/App',
    );
    const [made, verified] = await callsOf('hdiutil');
    expect(made).toEqual(expect.arrayContaining(['create', VOLUME, 'HFS+', 'UDZO', '-ov']));
    expect(verified?.[1]).toBe('verify');
    expect(await pauses()).toEqual([]);
  });

  test.runIf(has7z)('is read by an independent program', async () => {
    await create({});
    const { exitCode, stdout } = await run('7z', ['l', join(home, folder, 'App.dmg')]);
    expect(exitCode).toBe(0);
    expect(stdout.normalize('NFC')).toContain('Über App.app/Contents/MacOS/App');
  });

  test('takes the place of an older one', async () => {
    await create({});
    await create({});
    expect(await readdir(join(home, folder))).toEqual(['App.dmg']);
  });
});

describe('a busy volume', () => {
  test.each<[string, Knobs, RegExp]>([
    ['create failed', { hdiutil_busy: 2 }, /^hdiutil: create failed - Resource busy$/],
    ['unmount failed', { hdiutil_unmount_busy: 2 }, /^hdiutil: couldn't unmount "disk4" - Resource busy$/],
  ])('%s: is tried again with growing pauses, each time as a new file', async (_, knobs, text) => {
    const retries: string[] = [];
    await create(knobs, retries);
    expect(retries).toEqual([expect.stringMatching(text), expect.stringMatching(text)]);
    expect(await pauses()).toEqual(['2', '3']);
    const outputs = (await callsOf('hdiutil')).filter(([, verb]) => verb === 'create');
    expect(new Set(outputs.map((call) => call.at(-1))).size).toBe(3);
    expect(await readdir(join(home, folder))).toEqual(['App.dmg']);
  });

  test('that could not be unmounted is detached before the next try', async () => {
    await create({ hdiutil_unmount_busy: 1 });
    expect(await callsOf('hdiutil')).toContainEqual(['hdiutil', 'detach', '/dev/disk4', '-force']);
  });

  test('that stays busy is given up after six tries, and leaves nothing', async () => {
    const retries: string[] = [];
    await expect(create({ hdiutil_busy: 99 }, retries)).rejects.toMatchObject({
      code: 'DISK_IMAGE_BUSY',
      failure: { retryable: true, reason: 'hdiutil: create failed - Resource busy.' },
    });
    expect(retries).toHaveLength(5);
    expect(await pauses()).toEqual(['2', '3', '5', '8', '10']);
    expect(await readdir(join(home, folder))).toEqual([]);
  });
});

describe('any other failure ends at once, and leaves nothing', () => {
  test.each<[string, Knobs, string, RegExp]>([
    ['a full disk', { hdiutil: 'full' }, 'DISK_IMAGE_FAILED', /No space left on device/],
    ['no image after success', { hdiutil: 'nothing' }, 'DISK_IMAGE_FAILED', /reported success and left no/],
    ['a failure without a word', { hdiutil: 'silent' }, 'DISK_IMAGE_FAILED', /exit code 1 and no word/],
    ['an image that does not verify', { hdiutil: 'damaged' }, 'DMG_CORRUPT', /verify failed - corrupt/],
  ])('%s', async (_, knobs, code, reason) => {
    await expect(create(knobs)).rejects.toMatchObject({
      code,
      failure: { reason: expect.stringMatching(reason) },
    });
    expect(await pauses()).toEqual([]);
    expect(await readdir(join(home, folder))).toEqual([]);
  });
});

test('an aborted call ends the tool in the guest and rejects with the reason', async () => {
  await guest.setKnobs({ hdiutil: 'hangs' });
  const controller = new AbortController();
  const reason = new Error('enough');
  const creating = createDiskImage(guest.session, {
    sourceDir: STAGE,
    imagePath: `${folder}/App.dmg`,
    volumeName: VOLUME,
    signal: controller.signal,
    onRetry: () => controller.abort(reason),
  });
  await expect(creating).rejects.toBe(reason);
});
