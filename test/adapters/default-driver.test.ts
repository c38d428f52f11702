import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';

const PROGRAMS = ['qemu-system-x86_64', 'qemu-system-aarch64', 'qemu-img'];

/** A host with these programs on its PATH and these golden images. */
async function host(programs: readonly string[], images: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'perry-default-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [bin, imageDir] = [join(folder, 'bin'), join(folder, 'images')];
  await mkdir(bin);
  for (const name of programs) await writeFile(join(bin, name), '', { mode: 0o755 });
  for (const name of images) {
    await mkdir(join(imageDir, name), { recursive: true });
    await writeFile(join(imageDir, name, 'image.json'), '{}');
  }
  return { PATH: `/nowhere::${bin}`, PERRY_IMAGE_DIR: imageDir, PERRY_STATE_DIR: join(folder, 'state') };
}

const driverOf = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform) =>
  loadConfig(env, platform).config.vmDriver;

test('with QEMU and the golden image, Linux has real machines; a Mac has those of Tart', async () => {
  const env = await host(PROGRAMS, ['perry-ship-golden']);
  expect(driverOf(env, 'linux')).toBe('qemu');
  expect(driverOf(env, 'darwin')).toBe('tart');
  expect(driverOf(env, 'freebsd')).toBe('local');
  expect(driverOf({ ...env, PERRY_VM_DRIVER: 'local' }, 'linux')).toBe('local');
});

test.each([
  ['QEMU', [], ['perry-ship-golden']],
  ['qemu-img', PROGRAMS.slice(0, 2), ['perry-ship-golden']],
  ['an image', PROGRAMS, []],
  ['the golden image', PROGRAMS, ['another']],
])('without %s, Linux has none', async (_name, programs, images) => {
  expect(driverOf(await host(programs, images), 'linux')).toBe('local');
});

test('the image that is asked for is the one that must be there', async () => {
  const env = await host(PROGRAMS, ['another']);
  expect(driverOf({ ...env, PERRY_TART_IMAGE: 'another' }, 'linux')).toBe('qemu');
  expect(driverOf({ ...env, PERRY_TART_IMAGE: 'template' }, 'linux')).toBe('local');
});
