import type { TartDriverOptions } from '../adapters/vm/tart/options.ts';
import type { Config } from '../config/load.ts';
import type { Logger } from '../observability/logger.ts';

/** What the tart driver takes from the configuration. */
export const tartOptions = (config: Config, logger: Logger): Omit<TartDriverOptions, 'instance'> => ({
  binary: config.tartBinary,
  home: config.tartHome,
  minFreeDiskGb: config.minFreeDiskGb,
  ssh: {
    user: config.tartSshUser,
    password: config.tartSshPassword,
    keyFile: config.tartSshKeyFile,
    port: config.tartSshPort,
    hostKey: config.tartHostKey,
  },
  note: (level, text, facts = {}) => logger[level](facts, text),
});
