import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { GoldenImage } from '../../src/domain/golden-image.ts';
import { createQemuMaker } from '../../src/golden-image/qemu/maker.ts';
import { contentNamed, enterBuild, placeImage } from '../../src/golden-image/qemu/place.ts';

const { signal } = new AbortController();
let folder: string;
let imageDir: string;
let stateDir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-images-'));
  [imageDir, stateDir] = [join(folder, 'images'), join(folder, 'state')];
});
afterEach(() => rm(folder, { recursive: true }));

const maker = () => {
  const env = { PERRY_IMAGE_DIR: imageDir, PERRY_STATE_DIR: stateDir, HOME: folder };
  return createQemuMaker({ config: loadConfig(env).config, env });
};

/** Puts an image in place whose disk has that text. */
async function place(name: string, disk: string, keepOld = false): Promise<GoldenImage['files']> {
  const { work, leave } = await enterBuild(imageDir, name);
  const from = { disk: join(work, 'd'), kernel: join(work, 'k'), initrd: join(work, 'i') };
  await Promise.all([writeFile(from.disk, disk), writeFile(from.kernel, 'k'), writeFile(from.initrd, 'i')]);
  const files = {
    disk: await contentNamed(from.disk, 'disk', '.qcow2', signal),
    kernel: await contentNamed(from.kernel, 'vmlinuz', '', signal),
    initrd: await contentNamed(from.initrd, 'initrd', '.gz', signal),
  };
  const sha256Hex = createHash('sha256').update('').digest('hex');
  const facts: GoldenImage = {
    ...{ format: 1, driver: 'qemu', architecture: 'x86_64', builtAt: '2026-01-01T00:00:00Z', builtBy: '1' },
    ...{ recipeSha256Hex: sha256Hex, suite: 'bookworm', kernelRelease: '6.1', packages: {} },
    ...{ rcodesign: { version: '0.29.0', sha256Hex }, files },
  };
  await placeImage(join(imageDir, name), { facts, from, keepOld }, work);
  await leave();
  return files;
}

/** As the driver leaves it in the folder of a clone. */
async function cloneOf(name: string, files: GoldenImage['files']): Promise<string> {
  const clone = join(stateDir, 'clones', 'machine');
  await mkdir(clone, { recursive: true });
  await symlink(join(imageDir, name, files.kernel.name), join(clone, 'kernel'));
  return clone;
}

test('an image is listed, and a damaged or missing file is its fault', async () => {
  expect(await maker().list({ signal })).toEqual([]);
  const files = await place('golden', 'one');
  const [entry] = await maker().list({ signal });
  expect(entry).toMatchObject({
    name: 'golden',
    driver: 'qemu',
    facts: { suite: 'bookworm', kernel: '6.1' },
  });
  expect(entry?.fault).toBeUndefined();
  await writeFile(join(imageDir, 'golden', files.disk.name), 'two');
  expect((await maker().list({ signal }))[0]?.fault).toBe(`${files.disk.name} is not what was built.`);
  await rm(join(imageDir, 'golden', files.disk.name));
  expect((await maker().list({ signal }))[0]?.fault).toBe(`${files.disk.name} cannot be read: ENOENT.`);
});

test('a new build takes the place of the old one; the files of the old one go, unless machines need them', async () => {
  await place('golden', 'one');
  const two = await place('golden', 'two');
  expect((await readdir(join(imageDir, 'golden'))).length).toBe(4);
  await place('golden', 'three', true);
  expect(await readdir(join(imageDir, 'golden'))).toContain(two.disk.name);
  expect((await maker().list({ signal }))[0]?.fault).toBeUndefined();
  await place('golden', 'four');
  expect(await readdir(join(imageDir, 'golden'))).not.toContain(two.disk.name);
});

test('an image is removed when no machine is made from it, and nothing else is', async () => {
  const files = await place('golden', 'one');
  const clone = await cloneOf('golden', files);
  await expect(maker().remove('golden', { signal })).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
  await rm(clone, { recursive: true });
  await maker().remove('golden', { signal });
  expect((await readdir(imageDir)).filter((name) => !name.startsWith('.'))).toEqual([]);
  await mkdir(join(imageDir, 'photos'));
  await writeFile(join(imageDir, 'photos', 'a'), '');
  await expect(maker().remove('photos', { signal })).rejects.toMatchObject({ code: 'VM_IMAGE_MISSING' });
  expect(await readdir(join(imageDir, 'photos'))).toEqual(['a']);
});

test('one process builds an image at a time, and what a killed one left is gone', async () => {
  const first = await enterBuild(imageDir, 'golden');
  await writeFile(join(first.work, 'left'), '');
  await expect(enterBuild(imageDir, 'golden')).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
  await (await enterBuild(imageDir, 'other')).leave();
  await first.leave();
  const second = await enterBuild(imageDir, 'golden');
  expect(await readdir(second.work)).toEqual([]);
  await second.leave();
});
