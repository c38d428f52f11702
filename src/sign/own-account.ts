import type { SignatureAccount } from '../audit/account.ts';
import { numberedChainFolder } from '../audit/places.ts';
import { lockStateDir, type StateLock } from '../control/state-lock.ts';
import { loggedAccount } from '../daemon/signatures.ts';
import { ShipError } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';

/** More calls than run at the same time on any host. */
const MOST_AT_ONCE = 64;

/**
 * The account of one call: the first of the chains below the folder that no other call writes to, for as long as this
 * one lives. So none of them ever waits for another, and each chain has one writer.
 */
export function ownAccount(signRoot: string, logger: Logger): SignatureAccount {
  let lock: StateLock | undefined;
  const folder = async () => {
    const taken = await takeFree(signRoot);
    lock = taken.lock;
    return taken.folder;
  };
  const account = loggedAccount(folder, logger);
  return {
    ...account,
    close: async () => {
      await account.close();
      await lock?.release();
      lock = undefined;
    },
  };
}

async function takeFree(signRoot: string): Promise<{ folder: string; lock: StateLock }> {
  for (let number = 1; ; number += 1) {
    const folder = numberedChainFolder(signRoot, number);
    const lock = await lockStateDir(folder).catch((error: unknown) => {
      const isTaken = error instanceof ShipError && error.code === 'DAEMON_ALREADY_RUNNING';
      if (!isTaken || number === MOST_AT_ONCE) throw error;
      return undefined;
    });
    if (lock) return { folder, lock };
  }
}
