import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Answer } from '../../src/doctor/check.ts';
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

describe.skipIf(why !== undefined)(`golden images for QEMU${why ? ` (${why})` : ''}`, () => {
  test('a second build of the same packages gives the same bytes, and leaves nothing else', async () => {
    await withHost(async (host) => {
      const built = await createQemuMaker(host).build(
        { name: IMAGE, force: false },
        { signal, onProgress: () => {} },
      );
      expect(built.fault).toBeUndefined();
      const [first, second] = [await factsIn(TEST_IMAGES_DIR), await factsIn(host.config.imageDir)];
      expect(second.recipeSha256Hex).toBe(first.recipeSha256Hex);
      // a package may have been updated between the two
      if (JSON.stringify(second.packages) === JSON.stringify(first.packages))
        expect(second.files).toEqual(first.files);
      expect(built.sizeBytes).toBeLessThan(150e6);
      expect(await readdir(join(host.config.imageDir, '.builds', IMAGE))).toEqual(['lock']);
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
