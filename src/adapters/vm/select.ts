import type { VmDriverKind } from '../../domain/vm-driver.ts';
import type { Note, VmDriver } from './driver.ts';
import { createLocalDriver, type LocalDriverOptions } from './local/driver.ts';
import { createTartDriver } from './tart/driver.ts';
import type { TartDriverOptions } from './tart/options.ts';

export interface DriverConfig extends LocalDriverOptions {
  readonly kind: VmDriverKind;
  readonly note: Note;
  readonly tart: Omit<TartDriverOptions, 'instance' | 'note'>;
}

const drivers: Readonly<Record<VmDriverKind, (config: DriverConfig) => VmDriver>> = {
  tart: ({ tart, instance, note }) => createTartDriver({ ...tart, instance, note }),
  local: createLocalDriver,
};

/** The driver that the configuration names. */
export const createDriver = (config: DriverConfig): VmDriver => drivers[config.kind](config);
