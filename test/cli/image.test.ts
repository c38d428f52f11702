import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';

let folder: string;
let images: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-image-cli-'));
  images = join(folder, 'images');
});
afterEach(() => rm(folder, { recursive: true }));

/** As on a host where no program of a build is installed, nor Tart. */
function image(...words: readonly string[]) {
  const program = join(packageRoot(), 'dist/src/cli/perry-ship.js');
  const env = { PATH: folder, HOME: folder, PERRY_IMAGE_DIR: images, PERRY_STATE_DIR: join(folder, 'state') };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--', program, 'image', ...words], {
    ...{ env, encoding: 'utf8' },
  });
  return { status, stdout, stderr };
}

const isThere = (path: string) =>
  readdir(path).then(
    () => true,
    () => false,
  );

describe.runIf(process.platform === 'linux')('build for QEMU', () => {
  test('--dry-run shows every command as one types it, and changes nothing', async () => {
    const { status, stdout } = image('build', 'other', '--driver', 'qemu', '--dry-run', '--suite', 'trixie');
    expect(status).toBe(0);
    for (const word of ['mmdebstrap --mode=auto', ' trixie ', 'genext2fs', 'qemu-img convert -c'])
      expect(stdout).toContain(word);
    expect(stdout).toContain(join(images, 'other'));
    expect(await isThere(images)).toBe(false);
    const { stdout: json } = image(
      'build',
      'other',
      '--driver',
      'qemu',
      '--dry-run',
      '--suite',
      'trixie',
      '--json',
    );
    expect(JSON.parse(json)).toEqual({
      ok: true,
      commands: expect.arrayContaining([expect.stringMatching(/^rm -r /)]),
    });
    expect(spawnSync('sh', ['-n'], { input: stdout }).status).toBe(0);
  });

  test('what is missing is named in one line that installs it; nothing is made', async () => {
    const { status, stderr } = image('build', '--driver', 'qemu');
    expect(status).toBe(69);
    expect(stderr).toMatch(
      /IMAGE_TOOLS_MISSING.*mmdebstrap.*apt-get install --no-install-recommends .*mmdebstrap/,
    );
    expect(await isThere(images)).toBe(false);
  });

  test.each([
    ['../x'],
    ['.hidden'],
    ['a b'],
    ['x\u001b[31m'],
    ['x'.repeat(101)],
    ['x', '--mirror', 'ftp://m/debian'],
    ['x', '--mirror', 'http://m/debian main\ndeb http://evil/'],
    ['x', '--suite', 'a b'],
    ['x', '--from', 'base'],
    ['x', '--xcode', 'Xcode.xip'],
  ])('%j is no use of it', (...words) => {
    const { status, stdout, stderr } = image('build', ...words, '--driver', 'qemu', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'COMMAND_USAGE_WRONG' } });
    expect(status).toBe(2);
    expect(stderr).not.toContain('\u001b');
  });
});

test.runIf(process.platform !== 'darwin')('an image for Tart is built on a Mac, and that is said', () => {
  const { status, stderr } = image('build', '--driver', 'tart');
  expect(status).toBe(69);
  expect(stderr).toContain('An image for Tart is built on a Mac.');
  expect(stderr).toContain('--driver qemu');
});

describe('a folder with other things in it', () => {
  test('lists images alone, a damaged one with its fault', async () => {
    expect(image('list')).toMatchObject({
      ...{ status: 0, stdout: 'There is no golden image; "perry-ship image build" makes one.\n' },
    });
    for (const name of ['damaged', 'photos', '.hidden']) await mkdir(join(images, name), { recursive: true });
    await writeFile(join(images, 'damaged', 'image.json'), '{');
    await writeFile(join(images, 'photos', 'a.jpg'), 'x');
    await writeFile(join(images, 'file'), 'x');
    const { status, stdout } = image('list');
    expect(status).toBe(0);
    expect(stdout).toBe('damaged  qemu  0.0 MB\n        → Its image.json is no JSON.\n');
    expect(JSON.parse(image('list', '--json').stdout)).toEqual({
      ok: true,
      images: [
        { name: 'damaged', driver: 'qemu', sizeBytes: 1, facts: {}, fault: 'Its image.json is no JSON.' },
      ],
    });
  });

  test('nothing that is no image is removed, nor anything else beside one', async () => {
    for (const name of ['photos', 'golden']) await mkdir(join(images, name), { recursive: true });
    await writeFile(join(images, 'photos', 'a.jpg'), 'x');
    await writeFile(join(images, 'golden', 'image.json'), '{');
    await writeFile(join(images, 'golden', 'disk-0123456789abcdef.qcow2'), 'x');
    await writeFile(join(images, 'golden', 'notes.txt'), 'x');
    const refused = image('remove', 'photos', '--driver', 'qemu', '--json');
    expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, error: { code: 'VM_IMAGE_MISSING' } });
    const removed = image('remove', 'golden', '--driver', 'qemu');
    expect(removed).toMatchObject({ status: 0, stdout: 'The image "golden" is removed.\n' });
    expect(await readdir(join(images, 'photos'))).toEqual(['a.jpg']);
    expect(await readdir(join(images, 'golden'))).toEqual(['notes.txt']);
  });
});

test('what is in the way of an image is listed, and nothing waits for it', async () => {
  await mkdir(join(images, 'pipe'), { recursive: true });
  spawnSync('mkfifo', [join(images, 'pipe', 'image.json')]);
  await symlink('/nowhere', join(images, 'pipe', 'dangling'));
  expect(image('list').stdout).toContain('Its image.json was not read: it is no regular file.');
});

test.each(['list', 'remove'])('a folder of images that is none is named: %s', async (command) => {
  await writeFile(images, '');
  const words = command === 'remove' ? ['golden', '--driver', 'qemu'] : [];
  const { status, stderr } = image(command, ...words);
  expect(status).toBe(78);
  expect(stderr).toContain(
    `"${images}" (PERRY_IMAGE_DIR) cannot be read. It, or a part of its path, is a file`,
  );
});

test.runIf(process.platform === 'linux').each([[[]], [['nosuch']]])(
  'without an image and a driver, %j is checked as an image for QEMU',
  async (words) => {
    for (const name of ['qemu-system-x86_64', 'qemu-system-aarch64', 'qemu-img'])
      await writeFile(join(folder, name), '#!/bin/sh\necho QEMU emulator version 8.0.0\n', { mode: 0o755 });
    const { status, stdout } = image('check', ...words);
    expect(status).toBe(1);
    expect(stdout).toContain('does not exist on this host');
    expect(stdout).toContain(`Run "perry-ship image build${words.map((word) => ` ${word}`).join('')}".`);
    expect(await isThere(images)).toBe(false);
  },
);

test('an image that is not there is checked with the command that makes it', () => {
  const { status, stdout } = image('check', 'nosuch', '--driver', 'qemu', '--json');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, answers: [{ verdict: 'failed' }] });
});
