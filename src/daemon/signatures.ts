import { resolve } from 'node:path';
import { createAccount, type SignatureAccount } from '../audit/account.ts';
import { ChainFile } from '../audit/chain-file.ts';
import { chainIn } from '../audit/places.ts';
import type { Logger } from '../observability/logger.ts';

/** The account of the daemon, which is alone on its state directory. */
export const accountIn = (stateDir: string, logger: Logger): SignatureAccount =>
  loggedAccount(async () => resolve(stateDir), logger);

/** @param folder - holds the chain; asked for when it is needed, and then nobody else writes there */
export function loggedAccount(folder: () => Promise<string>, logger: Logger): SignatureAccount {
  const chain = async () =>
    new ChainFile({
      path: chainIn(await folder()),
      // whoever sends this log elsewhere has there what the file must hold
      onWritten: ({ number, sha256Hex }, { kind, job, run }) =>
        logger.info({ number, sha256Hex, kind, job, run }, 'a line was added to the account of signatures'),
      onBroken: (fault) => logger.error({ fault }, BROKEN),
    });
  return createAccount(chain, (error) => logger.error({ err: error }, NOT_WRITTEN));
}

const BROKEN =
  'The account of signatures is not as it was left: "perry-ship audit verify" says where. Jobs go on, and so does the account, in a line that says so.';
const NOT_WRITTEN = 'The account of signatures cannot be read or written.';
