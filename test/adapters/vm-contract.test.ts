import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLocalDriver } from '../../src/adapters/vm/local/driver.ts';
import { guestPid, localHost } from '../helpers/local-vm.ts';
import { orchardDriver } from '../orchard-emulator/driver.ts';
import { orchardHost } from '../orchard-emulator/host.ts';
import { tartHost } from '../tart-emulator/host.ts';
import { type ContractHost, vmContract } from './vm-contract.ts';

const hosts: Readonly<Record<string, () => Promise<ContractHost>>> = {
  local: async () => {
    const { stateDir: folder, driver, remove } = await localHost();
    return {
      ...{ folder, driver, remove },
      driverOf: (instance) =>
        createLocalDriver({ stateDir: folder, instance, toolDirs: [], note: () => undefined }),
      sharesProcesses: true,
      pidOf: (name) => guestPid(join(folder, 'clones', name)),
    };
  },
  tart: async () => {
    const { home: folder, driver, driverWith, remove } = await tartHost();
    return {
      ...{ folder, driver, remove },
      driverOf: (instance) => driverWith({ instance }),
      sharesProcesses: true,
      pidOf: async (name) =>
        (JSON.parse(await readFile(join(folder, 'vms', name, '.lock'), 'utf8')) as { pid: number }).pid,
    };
  },
  orchard: async () => {
    const host = await orchardHost({ tickMs: 50 });
    return {
      folder: host.folder,
      driver: orchardDriver(host),
      driverOf: (instance) => orchardDriver(host, { instance }),
      sharesProcesses: true,
      killed: 'it ended by itself on its host',
      pidOf: async (name) => host.pidOf(name),
      remove: async () => {
        await host.expectNothingLeft();
        await host.remove();
      },
    };
  },
};

for (const [kind, makeHost] of Object.entries(hosts)) vmContract(kind, makeHost);
