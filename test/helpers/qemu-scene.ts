import type { SceneOptions } from './daemon.ts';
import { TEST_IMAGES_DIR } from './qemu-vm.ts';

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
