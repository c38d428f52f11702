import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Answer } from '../../src/doctor/check.ts';
import type { GoldenImage } from '../../src/domain/golden-image.ts';
import { examineImage } from '../../src/golden-image/check/examine-image.ts';
import { createQemuMaker } from '../../src/golden-image/qemu/maker.ts';
import { readImageFacts } from '../../src/golden-image/qemu/store.ts';
import { TEST_IMAGES_DIR, whyNoMachines } from '../helpers/qemu-vm.ts';

const why = whyNoMachines();
const IMAGE = 'perry-ship-golden';
const { signal } = new AbortController();

const factsIn = async (folder: string) => {
  const read = await readImageFacts(folder, IMAGE);
  if (!read || !('facts' in read)) throw new Error(`no image in ${folder}`);
  return read.facts;
};

/** A folder of its own for all but the cache of packages. */
async function withHost(
  work: (host: Parameters<typeof createQemuMaker>[0], folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-image-'));
  try {
    const env = {
      ...process.env,
      ...{ PERRY_VM_DRIVER: 'qemu', PERRY_STATE_DIR: join(folder, 'state') },
      ...{ PERRY_IMAGE_DIR: join(folder, 'images'), PERRY_LOG_LEVEL: 'silent', PERRY_MIN_FREE_DISK_GB: '1' },
    };
    await work({ config: loadConfig(env).config, env }, folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

type Host = Parameters<typeof createQemuMaker>[0];

const build = (host: Host, more: { readonly mirror?: string; readonly force?: boolean } = {}) =>
  createQemuMaker(host).build({ name: IMAGE, force: false, ...more }, { signal, onProgress: () => {} });

async function rebuilt(host: Host): Promise<GoldenImage> {
  await build(host, { force: true });
  return factsIn(host.config.imageDir);
}

const madeFrom = ({ recipeSha256Hex, packages }: GoldenImage): string =>
  JSON.stringify({ recipeSha256Hex, packages });

async function commandLinesWith(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => Number(name) > 0);
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(text));
}

describe.skipIf(why !== undefined)(`golden images for QEMU${why ? ` (${why})` : ''}`, () => {
  test('two builds of the same packages give the same bytes, and leave nothing else', async () => {
    await withHost(async (host) => {
      const built = await build(host);
      expect(built.fault).toBeUndefined();
      expect(built.sizeBytes).toBeLessThan(150e6);
      const one = await factsIn(host.config.imageDir);
      // that of these tests, unless the recipe has changed since, or a package was updated
      const other = await factsIn(TEST_IMAGES_DIR);
      const another = madeFrom(one) === madeFrom(other) ? other : await rebuilt(host);
      expect(madeFrom(another)).toBe(madeFrom(one));
      expect(another.files).toEqual(one.files);
      expect(await readdir(join(host.config.imageDir, '.builds', IMAGE))).toEqual(['lock']);
    });
  });

  test('an archive of packages that does not answer is named, with what to do', async () => {
    await withHost(async (host) => {
      const mirror = 'http://127.0.0.1:9/debian';
      await expect(build(host, { mirror })).rejects.toMatchObject({
        code: 'IMAGE_BUILD_FAILED',
        message: expect.stringMatching(/127\.0\.0\.1.*--mirror http:\/\/HOST\/debian/),
      });
      expect(await readdir(host.config.imageDir)).toEqual(['.builds']);
      expect(await readdir(join(host.config.imageDir, '.builds', IMAGE))).toEqual(['lock']);
    });
  });

  test('a step that takes too long is ended at once, and named', async () => {
    await withHost(async (host) => {
      const options = { signal, onProgress: () => {} };
      const maker = createQemuMaker(host, { installTimeout: 1 });
      await expect(maker.build({ name: IMAGE, force: false }, options)).rejects.toMatchObject({
        code: 'IMAGE_BUILD_TIMED_OUT',
        message: expect.stringContaining('installing Debian'),
      });
      expect(await readdir(join(host.config.imageDir, '.builds', IMAGE))).toEqual(['lock']);
    });
  });

  test('a build that is stopped while it installs leaves neither files nor mounts nor processes', async () => {
    await withHost(async (host, folder) => {
      const stopping = new AbortController();
      const onProgress = (line: string) => {
        if (line.includes('extracting')) stopping.abort(new Error('stopped'));
      };
      const stopped = createQemuMaker(host).build(
        { name: IMAGE, force: false },
        { signal: stopping.signal, onProgress },
      );
      await expect(stopped).rejects.toThrow('stopped');
      expect(await readdir(join(host.config.imageDir, '.builds', IMAGE))).toEqual(['lock']);
      expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
      expect(await commandLinesWith(folder)).toEqual([]);
    });
  });

  test('a machine boots from it, has all that a job needs, and reaches nothing; nothing of it is left', async () => {
    await withHost(async ({ config, env }, folder) => {
      await symlink(TEST_IMAGES_DIR, config.imageDir);
      const answers: Answer[] = [];
      const isGood = await examineImage({ config, env }, signal, (answer) => answers.push(answer));
      expect(answers.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
      expect(isGood).toBe(true);
      expect(answers.at(-1)?.evidence).toBe('Nothing that was tried, this host included');
      expect(await readdir(join(folder, 'state', 'image-check'))).toEqual([]);
    });
  });

  test('an image that is not there is answered with what makes one', async () => {
    await withHost(async ({ config, env }) => {
      const answers: Answer[] = [];
      const isGood = await examineImage({ config, env }, signal, (answer) => answers.push(answer));
      expect(isGood).toBe(false);
      expect(answers).toHaveLength(1);
      expect(answers[0]).toMatchObject({ verdict: 'failed', code: 'VM_IMAGE_MISSING' });
      expect(answers[0]?.fix).toContain('perry-ship image build');
    });
  });
});
