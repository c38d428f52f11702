import type { GuestReach } from '../driver.ts';
import type { TartDriverOptions } from './options.ts';
import { BLOCK_FLAGS, type Obstacle, softnetObstacle } from './softnet.ts';

export interface TartNetwork {
  reach(signal: AbortSignal): Promise<GuestReach>;
  /** For `tart run`. */
  flags(signal: AbortSignal): Promise<readonly string[]>;
}

/**
 * The network of all machines of this process. Whether Softnet can be used is asked once: machines that were said to be
 * behind it must not come up without it later.
 */
export function tartNetwork(
  { guestNetwork }: Pick<TartDriverOptions, 'guestNetwork'>,
  path: string,
): TartNetwork {
  const known: { obstacle?: Obstacle } = {};
  const reach = async (signal: AbortSignal): Promise<GuestReach> => {
    if (guestNetwork === 'shared') return { network: 'shared' };
    if (!('obstacle' in known)) known.obstacle = await softnetObstacle(path, signal);
    return known.obstacle === undefined ? { network: 'blocked' } : { network: 'shared', fix: known.obstacle };
  };
  return {
    reach,
    flags: async (signal) => ((await reach(signal)).network === 'blocked' ? BLOCK_FLAGS : []),
  };
}
