import { test } from 'vitest';
import { vmContract } from '../adapters/vm-contract.ts';
import { qemuHost, whyNoMachines } from '../helpers/qemu-vm.ts';

const why = whyNoMachines();

if (why === undefined)
  vmContract(
    'qemu',
    async () => {
      const { folder, driver, driverWith, pidOf, remove } = await qemuHost();
      return {
        ...{ folder, driver, pidOf, remove },
        sharesProcesses: false,
        driverOf: (instance) => driverWith({ instance }),
      };
    },
    { concurrent: false },
  );
else test.skip(`the contract of a driver: qemu (${why})`);
