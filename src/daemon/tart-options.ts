import type { Note } from '../adapters/vm/driver.ts';
import type { TartDriverOptions } from '../adapters/vm/tart/options.ts';
import type { Config } from '../config/load.ts';
import { vmDrivers } from '../domain/vm-driver.ts';
import type { Logger } from '../observability/logger.ts';

/** What the tart driver takes from the configuration. */
export const tartOptions = (
  config: Config,
): Omit<TartDriverOptions, 'instance' | 'note' | 'guestNetwork'> => ({
  binary: config.tartBinary,
  home: config.tartHome,
  minFreeDiskGb: config.minFreeDiskGb ?? vmDrivers.tart.minFreeDiskGb,
  ssh: {
    user: config.tartSshUser,
    password: config.tartSshPassword,
    keyFile: config.tartSshKeyFile,
    port: config.tartSshPort,
    hostKey: config.tartHostKey,
  },
});

/** Remarks of a driver, in the log. */
export const notesIn =
  (logger: Logger): Note =>
  (level, text, facts = {}) =>
    logger[level](facts, text);
