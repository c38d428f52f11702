import { ShipError } from '../../errors.ts';
import type { VmDriver } from './driver.ts';
import { createLocalDriver, type LocalDriverOptions } from './local/driver.ts';
import { createTartDriver } from './tart/driver.ts';
import type { TartDriverOptions } from './tart/options.ts';

export interface DriverConfig extends LocalDriverOptions {
  /** As configured (`PERRY_VM_DRIVER`): not checked yet. */
  readonly kind: string;
  readonly tart: Omit<TartDriverOptions, 'instance'>;
}

const KNOWN_KINDS: readonly VmDriver['kind'][] = ['tart', 'orchard', 'local'];

/**
 * The driver that the configuration names.
 *
 * @throws ShipError CONFIG_INVALID for an unknown kind · VM_DRIVER_UNAVAILABLE for one that this version lacks
 */
export function createDriver(config: DriverConfig): VmDriver {
  if (config.kind === 'local') return createLocalDriver(config);
  if (config.kind === 'tart') return createTartDriver({ ...config.tart, instance: config.instance });
  if (KNOWN_KINDS.some((kind) => kind === config.kind)) throw unavailable(config.kind);
  throw new ShipError('CONFIG_INVALID', {
    summary: `The virtual machine driver "${config.kind}" is not known.`,
    reason: `Known are ${KNOWN_KINDS.join(', ')}.`,
    nextStep: 'Set PERRY_VM_DRIVER to one of them.',
  });
}

const unavailable = (kind: string): ShipError =>
  new ShipError('VM_DRIVER_UNAVAILABLE', {
    summary: `The virtual machine driver "${kind}" cannot be used.`,
    reason: 'It is not built yet in this version of perry-ship.',
    nextStep: 'Set PERRY_VM_DRIVER=local, which is for development only: it isolates nothing.',
  });
