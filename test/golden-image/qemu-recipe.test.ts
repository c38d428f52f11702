import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { writeNewc } from '../../src/formats/cpio/newc.ts';
import { type BuildRequest, buildCommands } from '../../src/golden-image/qemu/commands.ts';
import { debFileName, readDpkgStatus } from '../../src/golden-image/qemu/dpkg-status.ts';
import { kernelModules, recipeFor } from '../../src/golden-image/qemu/recipe.ts';
import { readHooks, recipeDigest } from '../../src/golden-image/qemu/recipe-files.ts';
import { parseFacts } from '../../src/golden-image/qemu/store.ts';
import { shellWord } from '../../src/text.ts';

const places = { work: "/w/it's", guest: '/g', packages: '/p', rcodesign: '/r/rcodesign' };
const request = async (more: Partial<BuildRequest> = {}): Promise<BuildRequest> => ({
  ...{ recipe: recipeFor('bookworm', 'x64'), places, hooks: await readHooks() },
  ...more,
});

test('a build is one installation and a disk of a fixed identity, and runs nothing by a shell of ours', async () => {
  const commands = buildCommands(await request());
  expect(commands.map(({ file }) => file)).toEqual([
    ...['mmdebstrap', 'genext2fs', 'tune2fs', 'debugfs', 'e2fsck', 'truncate', 'resize2fs', 'e2fsck'],
    'qemu-img',
  ]);
  const [install] = commands;
  expect(install?.env).toEqual({ SOURCE_DATE_EPOCH: '1767225600' });
  expect(install?.args.slice(-2)).toEqual(['bookworm', "/w/it's/root.tar"]);
  // a quote in a path ends no word of a hook
  expect(install?.args).toContain(`--customize-hook=copy-out /perry-kernel/kernel '/w/it'\\''s'`);
});

test('a mirror is asked for updates and security updates, too', async () => {
  const [install] = buildCommands(await request({ mirror: 'https://mirror.example/debian/' }));
  expect(install?.args.slice(-3)).toEqual([
    'deb https://mirror.example/debian bookworm main',
    'deb https://mirror.example/debian bookworm-updates main',
    'deb https://mirror.example/debian-security bookworm-security main',
  ]);
});

test('the recipe tells releases, architectures and rcodesigns apart, and not where it was built', async () => {
  const [x64, arm64, trixie] = [
    ...[recipeFor('bookworm', 'x64'), recipeFor('bookworm', 'arm64'), recipeFor('trixie', 'x64')],
  ];
  if (!x64 || !arm64 || !trixie) throw new Error('three recipes were made');
  const digests = await Promise.all([
    ...[x64, arm64, trixie].map((recipe) => recipeDigest(recipe, 'a')),
    recipeDigest(x64, 'b'),
  ]);
  expect(new Set(digests).size).toBe(4);
  expect(await recipeDigest(x64, 'a')).toBe(digests[0]);
});

test.each(['', 'Bookworm', '-o', 'a b', "b'", 'x'.repeat(40)])('%j is no release of Debian', (suite) => {
  expect(() => recipeFor(suite, 'x64')).toThrow(expect.objectContaining({ code: 'COMMAND_USAGE_WRONG' }));
});

test('there is no image for other processors', () => {
  expect(() => recipeFor('bookworm', 's390x')).toThrow(
    expect.objectContaining({ code: 'IMAGE_BUILD_FAILED' }),
  );
});

test.each(['x86_64', 'aarch64'] as const)('%s: virtio_ring is loaded before virtio', (architecture) => {
  const modules = kernelModules[architecture];
  expect(modules.indexOf('virtio_ring')).toBeLessThan(modules.indexOf('virtio'));
  expect(new Set(modules).size).toBe(modules.length);
});

test('the shell reads every word as it was', () => {
  const words = ['a', "it's", '$HOME', 'a b', '"', '\\', '', '--x=y z', '*', "'''"];
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`]);
  expect(stdout.toString().split('\0').slice(0, -1)).toEqual(words);
});

test('packages are read from the status of dpkg, installed ones alone', () => {
  const text = [
    'Package: b\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2-3\nDescription: x\n Version: 9',
    'Package: gone\nStatus: deinstall ok config-files\nVersion: 1',
    'Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 0\n',
    ': \n\0',
  ].join('\n\n');
  const packages = readDpkgStatus(text);
  expect(packages.map(debFileName)).toEqual(['a_0_all.deb', 'b_1%3a2-3_amd64.deb']);
});

test('an independent program reads the archive of the kernel', () => {
  const file = (path: string, text: string) => ({ path, mode: 0o100644, bytes: Buffer.from(text) });
  const entries = [
    { path: 'bin', mode: 0o40755, bytes: new Uint8Array() },
    ...['', 'a', 'ab', 'abc', 'abcd'].map((text, index) => file(`bin/${'n'.repeat(index + 1)}`, text)),
  ];
  const archive = writeNewc(entries);
  expect(archive.length % 4).toBe(0);
  expect(writeNewc(entries)).toEqual(archive);
  const { stdout, error } = spawnSync('bsdtar', ['-tvf', '-'], { input: archive, encoding: 'utf8' });
  if (error) return;
  const lines = stdout.trim().split('\n');
  expect(lines.map((line) => line.split(/\s+/).at(-1))).toEqual(entries.map(({ path }) => path));
  expect(lines.map((line) => Number(line.split(/\s+/)[4]))).toEqual([0, 0, 1, 2, 3, 4]);
});

const digest = 'a'.repeat(64);
const file = (name: string) => ({ name, sizeBytes: 1, sha256Hex: digest });
const facts = {
  ...{ format: 1, driver: 'qemu', architecture: 'x86_64', builtAt: '2026-01-01T00:00:00Z', builtBy: '1' },
  ...{ recipeSha256Hex: digest, suite: 'bookworm', kernelRelease: '6.1', packages: { a: '1' } },
  rcodesign: { version: '0.29.0', sha256Hex: digest },
  files: { disk: file('disk.qcow2'), kernel: file('vmlinuz'), initrd: file('initrd.gz') },
};

test('a description of an image is read', () => {
  expect(parseFacts(JSON.stringify(facts))).toEqual({ facts });
});

test.each([
  ['no JSON', '{'],
  ['nothing', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['another driver', JSON.stringify({ ...facts, driver: 'tart' })],
  ['more than it may say', JSON.stringify({ ...facts, script: 'x' })],
  ['a path', JSON.stringify({ ...facts, files: { ...facts.files, disk: file('../../etc/passwd') } })],
  ['an absolute path', JSON.stringify({ ...facts, files: { ...facts.files, disk: file('/etc/passwd') } })],
  ['a hidden file', JSON.stringify({ ...facts, files: { ...facts.files, disk: file('.x') } })],
  ['no digest', JSON.stringify({ ...facts, recipeSha256Hex: 'x' })],
  ['a prototype', '{"__proto__": {"format": 1}}'],
])('a description with %s has a fault', (_, text) => {
  expect(parseFacts(text)).toEqual({ fault: expect.stringMatching(/^Its image\.json is no/) });
});
