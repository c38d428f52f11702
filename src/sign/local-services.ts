import { symlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { localImagesDir } from '../adapters/vm/local/driver.ts';
import { createDriver } from '../adapters/vm/select.ts';
import type { Config } from '../config/load.ts';
import { makeServices } from '../daemon/daemon.ts';
import { orchardOptions } from '../daemon/orchard-options.ts';
import { qemuOptions } from '../daemon/qemu-options.ts';
import { notesIn, tartOptions } from '../daemon/tart-options.ts';
import { openJournal } from '../journal/journal.ts';
import { fileJournal } from '../journal/submissions.ts';
import { runFolderOf } from '../run/host/run-folders.ts';
import type { Services } from '../run/services.ts';
import { ownAccount } from './own-account.ts';
import { signRoot, type Workspace } from './workspace.ts';

interface LocalCall {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** The journals are shared by all calls: what one has begun at Apple is known to the next. */
export async function servicesIn({ dir }: Workspace, { config, env, signal }: LocalCall): Promise<Services> {
  const forTerminal = process.stderr.isTTY === true;
  // images that were made for the local driver are those of all calls
  if (config.vmDriver === 'local' && config.tartImage !== undefined)
    await symlink(localImagesDir(resolve(config.stateDir)), localImagesDir(dir));
  const services = await makeServices({ config: { ...config, stateDir: dir }, env, forTerminal, signal });
  const shared = signRoot(config.stateDir);
  return {
    ...services,
    audience: 'terminal',
    journal: openJournal(shared),
    signatures: ownAccount(resolve(shared), services.logger),
    asker: { hub: null, worker: userInfo().username },
    submissions: fileJournal(shared),
    foldersOf: (runId) => ({ run: runFolderOf(dir, runId), journal: resolve(shared), kept: resolve(dir) }),
  };
}

/** For the machines that earlier calls left. */
export const driverFor =
  ({ config, logger }: Services) =>
  (dir: string, instance: string) =>
    createDriver({
      kind: config.vmDriver,
      stateDir: dir,
      instance,
      toolDirs: [],
      note: notesIn(logger),
      guestNetwork: config.guestNetwork,
      tart: tartOptions(config),
      qemu: qemuOptions(config),
      orchard: () => orchardOptions(config),
    });
