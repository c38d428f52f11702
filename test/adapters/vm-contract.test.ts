import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLocalDriver } from '../../src/adapters/vm/local/driver.ts';
import { guestPid, localHost } from '../helpers/local-vm.ts';
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
};

for (const [kind, makeHost] of Object.entries(hosts)) vmContract(kind, makeHost);
