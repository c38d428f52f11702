import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VmDriver } from '../../src/adapters/vm/driver.ts';
import { createQemuDriver } from '../../src/adapters/vm/qemu/driver.ts';
import { hostArchitecture } from '../../src/adapters/vm/qemu/image.ts';
import type { QemuDriverOptions } from '../../src/adapters/vm/qemu/options.ts';
import { cacheFolder } from '../../src/cache-folder.ts';
import { INSTANCE } from './local-vm.ts';

/** Where the golden image of these tests is: `npm run test:vm` builds it once with `perry-ship image build`. */
export const TEST_IMAGES_DIR = process.env.PERRY_IMAGE_DIR || join(cacheFolder(process.env), 'test-images');
export const TEST_IMAGE = 'perry-ship-golden';

/** Why no machine of QEMU can be tried here; undefined when one can. */
export function whyNoMachines(): string | undefined {
  if (hostArchitecture() === undefined) return `no image is made for ${process.arch}`;
  if (!existsSync(join(TEST_IMAGES_DIR, TEST_IMAGE, 'image.json'))) return `no image in ${TEST_IMAGES_DIR}`;
  return undefined;
}

export interface QemuHost {
  readonly folder: string;
  readonly stateDir: string;
  /** Has the one image `golden`. */
  readonly imagesDir: string;
  readonly driver: VmDriver;
  /** What the driver told the log. */
  readonly notes: { readonly text: string; readonly facts: Readonly<Record<string, unknown>> | undefined }[];
  driverWith(options: Partial<QemuDriverOptions>): VmDriver;
  pidOf(name: string): Promise<number>;
  remove(): Promise<void>;
}

/** A folder for all that machines have, and the driver over it. */
export async function qemuHost(): Promise<QemuHost> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-qemu-'));
  const [stateDir, imagesDir] = [join(folder, 'state'), join(folder, 'images')];
  for (const made of [stateDir, imagesDir]) await mkdir(made);
  await symlink(join(TEST_IMAGES_DIR, TEST_IMAGE), join(imagesDir, 'golden'));
  const notes: QemuHost['notes'] = [];
  const base: QemuDriverOptions = {
    ...{ stateDir, imagesDir, instance: INSTANCE, cpus: 1, memoryMb: 512, minFreeDiskGb: 0 },
    guestNetwork: 'none',
    note: (_level, text, facts) => void notes.push({ text, facts }),
  };
  const driverWith: QemuHost['driverWith'] = (options) => createQemuDriver({ ...base, ...options });
  return {
    ...{ folder, stateDir, imagesDir, notes, driverWith },
    driver: driverWith({}),
    pidOf: async (name) => Number(await readFile(join(stateDir, 'clones', name, 'qemu.pid'), 'utf8')),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}
