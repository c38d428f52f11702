import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { GuestSession } from '../../src/adapters/guest/guest.ts';
import { createQemuDriver } from '../../src/adapters/vm/qemu/driver.ts';
import { printVmName } from '../../src/domain/vm-name.ts';
import type { Scene, SceneOptions } from './daemon.ts';
import { TEST_IMAGE, TEST_IMAGES_DIR } from './qemu-vm.ts';

/** Settings of a daemon whose machines are those of QEMU: small ones, for bundles of the tests. */
export const machineEnv: Readonly<Record<string, string>> = {
  PERRY_VM_DRIVER: 'qemu',
  PERRY_IMAGE_DIR: TEST_IMAGES_DIR,
  PERRY_VM_CPUS: '1',
  PERRY_VM_MEMORY_MB: '512',
  PERRY_MIN_FREE_DISK_GB: '0',
  PERRY_MAX_CONCURRENT_BUILDS: '2',
};

/** An emulated machine on a busy host takes minutes: only what hangs shall end by the clock. */
export const MACHINE_PATIENCE_MS = 600_000;

/** A whole daemon with real machines; `options` are the test's own. */
export const withMachines = ({ env, ...options }: SceneOptions): SceneOptions => ({
  patienceMs: MACHINE_PATIENCE_MS,
  settleMs: 120_000,
  ...options,
  env: { ...machineEnv, ...env },
});

/** A machine of another daemon in the same state folder. */
export interface Neighbour {
  readonly name: string;
  /** Whether its guest still answers on the connection that was opened at the start. */
  isAlive(): Promise<boolean>;
  remove(): Promise<void>;
}

export async function startNeighbour(stateDir: string): Promise<Neighbour> {
  const driver = createQemuDriver({
    ...{
      stateDir,
      imagesDir: TEST_IMAGES_DIR,
      instance: NEIGHBOUR,
      cpus: 1,
      memoryMb: 256,
      minFreeDiskGb: 0,
    },
    ...{ guestNetwork: 'none', note: () => {} },
  });
  const name = printVmName({ instance: NEIGHBOUR, runId: randomUUID() });
  await driver.clone(TEST_IMAGE, name, { signal });
  const life = driver.run(name, { signal, onStarted: () => undefined });
  life.catch(() => undefined);
  const address = await driver.locate(name, { signal });
  const session = await vi.waitFor(() => driver.openGuest(address, { signal }), patience);
  return {
    name,
    isAlive: async () => (await session.exec('echo alive')).stdout === 'alive\n',
    remove: () => driver.delete(name, { signal }),
  };
}

const NEIGHBOUR = 'feedc0de';
const patience = { timeout: MACHINE_PATIENCE_MS, interval: 100 };
const { signal } = new AbortController();

/** A way into the guests of a daemon beside that of their jobs; ask before there is one. */
export function besideTheJob({ daemon }: Scene): Promise<GuestSession> {
  const { driver } = daemon.services;
  const openGuest = driver.openGuest.bind(driver);
  return new Promise((resolve) => {
    driver.openGuest = async (address, options) => {
      const session = await openGuest(address, options);
      driver.openGuest = openGuest;
      // on a busy host a handshake may be late
      resolve(vi.waitFor(() => openGuest(address, { signal }), patience));
      return session;
    };
  });
}

/** The processes of the machines that a daemon has now. */
export async function machinePids({ stateDir }: Scene): Promise<number[]> {
  const clones = join(stateDir, 'clones');
  const read = (name: string) => readFile(join(clones, name, 'qemu.pid'), 'utf8').catch(() => '');
  const texts = await Promise.all((await readdir(clones)).map(read));
  return texts.filter((text) => text !== '').map(Number);
}
