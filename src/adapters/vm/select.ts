import type { GuestNetwork, VmDriverKind } from '../../domain/vm-driver.ts';
import type { Note, VmDriver } from './driver.ts';
import { createLocalDriver, type LocalDriverOptions } from './local/driver.ts';
import { createOrchardDriver } from './orchard/driver.ts';
import type { OrchardDriverOptions } from './orchard/options.ts';
import { createQemuDriver } from './qemu/driver.ts';
import type { QemuSettings } from './qemu/options.ts';
import { createTartDriver } from './tart/driver.ts';
import type { TartDriverOptions } from './tart/options.ts';

export interface DriverConfig extends LocalDriverOptions {
  readonly kind: VmDriverKind;
  readonly note: Note;
  /** What its guests may reach by themselves. */
  readonly guestNetwork: GuestNetwork;
  readonly qemu: QemuSettings;
  /** Asked for when that is the driver. @throws ShipError CONFIG_INVALID when a setting is missing */
  readonly orchard: () => Omit<OrchardDriverOptions, 'instance' | 'note' | 'guestNetwork'>;
  readonly tart: Omit<TartDriverOptions, 'instance' | 'note' | 'guestNetwork'>;
}

const drivers: Readonly<Record<VmDriverKind, (config: DriverConfig) => VmDriver>> = {
  tart: ({ tart, instance, note, guestNetwork }) =>
    createTartDriver({ ...tart, instance, note, guestNetwork }),
  qemu: ({ qemu, stateDir, instance, note, guestNetwork }) =>
    createQemuDriver({ ...qemu, stateDir, instance, note, guestNetwork }),
  orchard: ({ orchard, instance, note, guestNetwork }) =>
    createOrchardDriver({ ...orchard(), instance, note, guestNetwork }),
  local: createLocalDriver,
};

/** The driver that the configuration names. */
export const createDriver = (config: DriverConfig): VmDriver => drivers[config.kind](config);
