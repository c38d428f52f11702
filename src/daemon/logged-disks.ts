import type { Config } from '../config/load.ts';
import type { Logger } from '../observability/logger.ts';
import { type DiskFacts, disksOf } from '../obstacles/disks.ts';

/** The disks that jobs need; one that does not answer is told in the log, once. */
export const loggedDisks = (config: Config, logger: Logger): (() => Promise<readonly DiskFacts[]>) =>
  disksOf(config, {
    onSilent: (folder, isSilent) =>
      isSilent
        ? logger.warn({ folder }, 'a disk does not answer: what it had free last counts on')
        : logger.info({ folder }, 'the disk answers again'),
  });
