import type { VmDriverKind } from '../../domain/vm-driver.ts';
import { ShipError } from '../../errors.ts';
import type { Note, VmDriver } from './driver.ts';
import { createLocalDriver, type LocalDriverOptions } from './local/driver.ts';
import { createTartDriver } from './tart/driver.ts';
import type { TartDriverOptions } from './tart/options.ts';

export interface DriverConfig extends LocalDriverOptions {
  readonly kind: VmDriverKind;
  readonly note: Note;
  readonly tart: Omit<TartDriverOptions, 'instance' | 'note'>;
}

/** Undefined for a kind that this version lacks. */
const drivers: Readonly<Record<VmDriverKind, ((config: DriverConfig) => VmDriver) | undefined>> = {
  tart: ({ tart, instance, note }) => createTartDriver({ ...tart, instance, note }),
  orchard: undefined,
  local: createLocalDriver,
};

/** The driver that the configuration names. @throws ShipError VM_DRIVER_UNAVAILABLE for one that this version lacks */
export function createDriver(config: DriverConfig): VmDriver {
  const create = drivers[config.kind];
  if (!create) throw unavailable(config.kind);
  return create(config);
}

const unavailable = (kind: string): ShipError =>
  new ShipError('VM_DRIVER_UNAVAILABLE', {
    summary: `The virtual machine driver "${kind}" cannot be used.`,
    reason: 'It is not built yet in this version of perry-ship.',
    nextStep: 'Set PERRY_VM_DRIVER=local, which is for development only: it isolates nothing.',
  });
