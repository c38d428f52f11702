import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { ContractHost } from '../adapters/vm-contract.ts';
import { orchardDriver } from '../orchard-emulator/driver.ts';
import { userKey } from '../orchard-emulator/guest.ts';
import { ACCOUNT, orchardHost } from '../orchard-emulator/host.ts';
import type { Vm } from '../orchard-emulator/resources.ts';
import { orchardClient } from './client.ts';
import { type RealController, startRealController } from './controller.ts';
import { NodeWorker } from './node-worker.ts';

/** A cluster whose workers are programs of their own, behind a controller of whatever make. */
export interface WorkedHost extends ContractHost {
  readonly url: string;
  /** PEM. */
  readonly certificate: string;
  readonly userKeyFile: string;
}

type Controllers = 'emulated' | 'real';

/** The binary of Orchard to try, by its path. */
export const orchardBinary = process.env.ORCHARD_BIN || undefined;

export const whyNoController =
  orchardBinary === undefined ? 'ORCHARD_BIN names no binary of Orchard' : undefined;

const emulated = async (): Promise<RealController> => {
  const { url, certificate, remove } = await orchardHost({ workers: [], tickMs: 100 });
  return { url, certificate, stop: remove };
};

export async function workedHost(kind: Controllers, toolDirs: readonly string[] = []): Promise<WorkedHost> {
  const controller = kind === 'real' ? await startRealController(orchardBinary ?? '') : await emulated();
  const { url, certificate } = controller;
  const folder = await mkdtemp(join(tmpdir(), 'perry-workers-'));
  const keyFolder = await mkdtemp(join(tmpdir(), 'perry-workers-key-'));
  const userKeyFile = join(keyFolder, 'key');
  await writeFile(userKeyFile, userKey.privateKey, { mode: 0o600 });
  const client = orchardClient({ url, ca: certificate, account: ACCOUNT });
  const names = ['mac-01', 'mac-02'];
  const workers = await Promise.all(
    names.map((name) => NodeWorker.start({ client, name, folder, toolDirs, images: ['golden'] })),
  );
  const access = { url, certificate, userKeyFile };
  return {
    ...{ folder, ...access, sharesProcesses: true, killed: 'it ended by itself on its host' },
    driver: orchardDriver(access),
    driverOf: (instance) => orchardDriver(access, { instance }),
    pidOf: async (name) => {
      const { uid } = (await client.ask('GET', `/vms/${name}`)).json as Vm;
      const guest = workers.map((worker) => worker.guestOf(uid)).find((found) => found);
      if (!guest) throw new Error(`${name} does not run`);
      return guest.pid;
    },
    remove: async () => {
      try {
        await vi.waitFor(async () => expect((await client.ask('GET', '/vms')).json).toEqual([]), 10_000);
      } finally {
        await Promise.all(workers.map((worker) => worker.stop()));
        await controller.stop();
        for (const made of [folder, keyFolder]) await rm(made, { recursive: true, force: true });
      }
    },
  };
}
