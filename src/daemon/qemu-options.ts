import type { QemuSettings } from '../adapters/vm/qemu/options.ts';
import type { Config } from '../config/load.ts';
import { vmDrivers } from '../domain/vm-driver.ts';

/** What the qemu driver takes from the configuration. */
export const qemuOptions = (config: Config): QemuSettings => ({
  imagesDir: config.imageDir,
  cpus: config.vmCpus,
  memoryMb: config.vmMemoryMb,
  minFreeDiskGb: config.minFreeDiskGb ?? vmDrivers.qemu.minFreeDiskGb,
});
