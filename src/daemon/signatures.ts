import { resolve } from 'node:path';
import { createActor, fromPromise } from 'xstate';
import { accountWatchMachine } from '../../machines/account-watch/machine.ts';
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

/** What is wrong with it is known by its standing, and told by an alarm. @returns ends that */
export function watchAccount(account: SignatureAccount, logger: Logger): () => void {
  const watch = createActor(
    accountWatchMachine.provide({
      actors: { lookThrough: fromPromise<void, void>(({ signal }) => account.lookThrough(signal)) },
    }),
  );
  watch.on('blind', ({ failure }) => logger.warn({ code: failure?.code }, BLIND));
  watch.start();
  return () => watch.stop();
}

const BLIND = 'The account of signatures could not be read to its end; it is tried again later.';
const BROKEN =
  'The account of signatures is not as it was left: "perry-ship audit verify" says where. Jobs go on, and so does the account, in a line that says so.';
const NOT_WRITTEN = 'The account of signatures cannot be read or written.';
