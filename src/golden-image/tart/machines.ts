import type { VmServices } from '../../actors/vm-lifecycle.ts';
import type { GuestAddress, GuestSession } from '../../adapters/guest/guest.ts';
import type { VmDriver } from '../../adapters/vm/driver.ts';
import { createTartDriver } from '../../adapters/vm/tart/driver.ts';
import type { TartSshOptions } from '../../adapters/vm/tart/options.ts';
import type { Config } from '../../config/load.ts';
import { notesIn, tartOptions } from '../../daemon/tart-options.ts';
import type { GuestNetwork } from '../../domain/vm-driver.ts';
import { ShipError } from '../../errors.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Limits } from '../../run/limits.ts';

/** Connections into the guests of a build, by name of the machine. */
export type Sessions = ReadonlyMap<string, GuestSession>;

export interface BuildMachines {
  readonly build: VmServices;
  readonly trial: VmServices;
  readonly sessions: Sessions;
  /** From now on clones are reached by this host key alone. */
  pin(hostKeyFingerprint: string): void;
}

export interface MachinesOptions {
  readonly config: Config;
  readonly instance: string;
  readonly logger: Logger;
  readonly limits: Pick<Limits, 'vm'>;
}

/** The machines of one build: they are in nobody's journal, because the workspace of the build knows its own. */
export function machinesOfBuild({ config, instance, logger, limits }: MachinesOptions): BuildMachines {
  const sessions = new Map<string, GuestSession>();
  const options = { ...tartOptions(config), instance, note: notesIn(logger) };
  const driverWith = (ssh: Partial<TartSshOptions>, guestNetwork: GuestNetwork = 'shared') =>
    createTartDriver({ ...options, guestNetwork, ssh: { ...options.ssh, ...ssh } });
  // the base image has a host key that everybody knows: its guest proves itself by what Tart writes into it
  const withPassword = driverWith({ keyFile: undefined, hostKey: undefined });
  const withKey = driverWith({ hostKey: undefined });
  const pinned: { driver?: VmDriver } = {};
  const journal = { machineBegins: async () => {}, machineIsGone: async () => {} };
  const services = (driver: VmDriver): VmServices => ({
    driver: remembering(driver, sessions),
    ...{ guests: new Map(), config, limits, journal, logger },
  });
  const trial = (): VmDriver => {
    if (!pinned.driver) throw new Error('a clone was to be tried out before there was a host key');
    return pinned.driver;
  };
  return {
    sessions,
    build: services({
      ...withPassword,
      openGuest: (address, call) =>
        withPassword.openGuest(address, call).catch((error: unknown) => {
          if (config.tartSshKeyFile === undefined || !isRefusal(error)) throw error;
          return withKey.openGuest(address, call);
        }),
    }),
    trial: services({
      ...withPassword,
      run: (...args) => trial().run(...args),
      stop: (...args) => trial().stop(...args),
      delete: (...args) => trial().delete(...args),
      locate: (...args) => trial().locate(...args),
      openGuest: (...args) => trial().openGuest(...args),
    }),
    pin: (hostKey) => {
      pinned.driver = driverWith({ hostKey }, config.guestNetwork);
    },
  };
}

const isRefusal = (error: unknown): boolean =>
  error instanceof ShipError && error.code === 'GUEST_AUTH_REFUSED';

const remembering = (driver: VmDriver, sessions: Map<string, GuestSession>): VmDriver => ({
  ...driver,
  openGuest: async (address: GuestAddress, call) => {
    const session = await driver.openGuest(address, call);
    if (address.machine !== undefined) sessions.set(address.machine, session);
    return session;
  },
});
